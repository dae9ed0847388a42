"""The feature table of this site's candidates: read from what stages have stored, in chunks, by one way for all uses.

What a column means is said in `ranking.running.defining`. A file that is gone leaves NaN, and is remembered: what it is
missing from is read again once it is back.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import numpy as np
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from generation.exceptions import GenerationError
from generation.records import Picture
from generation.storage import site_files
from ranking.exceptions import Damaged, NotEnoughLabels
from ranking.learning import statistics
from ranking.learning.table import EMBEDDING, METRICS, STATISTICS, Definition, FeatureTable, concatenate
from ranking.models import FeatureChunk, ScoredProduct
from ranking.running import defining, files
from ranking.running.defining import MODELS, SIX, Measured, measured

PRODUCTS = 32  # in a chunk
LOOK_AGAIN = timedelta(hours=1)  # at the earliest, whether files that were gone are back
# What of an embedding's block: the arrays of the stage measure (generation.records.MeasureResult), clip's and dino's.
ROWS = {"candidate": "{model}", "crop": "seg_{model}", "prompt": "prompt"}
PHOTOS = {"photos": "photo_{model}", "photo_crop": "photo_seg_{model}"}
Progress = Callable[[int, int, str], None]
Floats = NDArray[np.float32]
Missing = dict[str, list[int]]  # {a file that is gone: the candidates that lack what it holds}
_STAMPED = ("pk", "embeddings")  # all that is read of images whose chunk is up to date
_FIELDS = (
    "pk",
    "run__product",
    "embeddings",
    "row",
    "key",
    "sha256",
    "width",
    "height",
    "mask_key",
    "mask_sha256",
    *SIX,
)


def table_of(definition: Definition, products: Iterable[int], progress: Progress = lambda *_: None) -> FeatureTable:
    """All measured candidates of these products. Raises NotEnoughLabels where they have none."""
    found = (table for table in tables(definition, products, progress) if len(table))
    first = next(found, None)
    if first is None:
        raise NotEnoughLabels("None of these products has a measured candidate: run them first.")
    return concatenate(chain([first], found))


def tables(
    definition: Definition, products: Iterable[int], progress: Progress = lambda *_: None
) -> Iterator[FeatureTable]:
    """The same, chunk by chunk, each product whole; memory holds one chunk."""
    wanted: dict[int, list[int]] = defaultdict(list)
    for product in sorted(set(products)):
        wanted[product // PRODUCTS].append(product)
    for done, (number, ids) in enumerate(wanted.items()):
        progress(done, len(wanted), "features")
        table = chunk(definition, number)
        yield table.take(np.isin(table.products, ids))


def chunk(definition: Definition, number: int) -> FeatureTable:
    """One chunk: as it is stored while its candidates are the same, else with what is new added, and stored.

    Raises Outdated for a definition that this version of the code does not make.
    """
    defining.check(definition)
    within = (number * PRODUCTS, (number + 1) * PRODUCTS)
    # Sorted here: a database that is asked for the order of ids may walk through all candidates to have it.
    there = measured().filter(run__product__gte=within[0], run__product__lt=within[1]).order_by()
    kept = FeatureChunk.objects.filter(definition=definition.hash, number=number).first()
    known = _known(kept)
    back = _back(kept) if kept is not None and known is not None else set()
    if (
        kept is not None
        and known is not None
        and not back
        and kept.stamp == _stamp(sorted(there.values_list(*_STAMPED)))
    ):
        return known
    rows = sorted(there.values(*_FIELDS), key=itemgetter("pk"))
    stamp = _stamp((row["pk"], row["embeddings"]) for row in rows)
    missing = _still(kept.missing, {row["pk"] for row in rows} - back) if kept is not None and known is not None else {}
    table = build(definition, rows, known, without=back, missing=missing).compact()
    key = _keep(FeatureChunk(definition=definition.hash, number=number, stamp=stamp, missing=missing), table, kept)
    if back and kept is not None and key != kept.key:  # what was scored without them is scored anew
        scored = ScoredProduct.objects.filter(ranker__definition=definition.hash)
        scored.filter(product__gte=within[0], product__lt=within[1]).update(ids=0)
    return table


def _stamp(images: Iterable[tuple[int, str]]) -> str:
    """Of which candidates a chunk is, and of which of their measurings."""
    return hashlib.sha256(" ".join(f"{pk}:{embeddings}" for pk, embeddings in images).encode()).hexdigest()


def look_for_missing(definition: Definition) -> int:
    """Read again what files that were gone are missing from, where these are back; returns how many chunks lack any."""
    rows = FeatureChunk.objects.filter(definition=definition.hash).exclude(missing={})
    numbers = list(rows.order_by("number").values_list("number", flat=True))
    for number in numbers:
        chunk(definition, number)
    return rows.count()


def _back(kept: FeatureChunk) -> set[int]:
    """The candidates whose files were gone and are there again; it is looked at once in a while only."""
    if not kept.missing or kept.made_at > timezone.now() - LOOK_AGAIN:
        return set()
    kept.save(update_fields=["made_at"])
    return {pk for key, pks in kept.missing.items() if default_storage.exists(key) for pk in pks}


def _still(missing: Missing, candidates: set[int]) -> Missing:
    """What is missing from these candidates alone."""
    own = {key: [pk for pk in pks if pk in candidates] for key, pks in missing.items()}
    return {key: pks for key, pks in own.items() if pks}


def _known(kept: FeatureChunk | None) -> FeatureTable | None:
    """A stored chunk; None where there is none, or its file is damaged or was replaced this moment: it is made anew."""
    if kept is None:
        return None
    try:
        return files.get_table(kept.key)
    except Damaged:
        default_storage.delete(kept.key)  # what is made anew may have the same hash, and so the same key
        return None


def build(
    definition: Definition,
    rows: Sequence[dict[str, Any]],
    known: FeatureTable | None = None,
    *,
    without: Iterable[int] = (),
    missing: Missing | None = None,
) -> FeatureTable:
    """A table of these candidates; what a former table knows of them is taken over: a candidate never changes.

    Of those in `without` nothing is taken over. To `missing` is added which files were gone.
    """
    ids = np.array([row["pk"] for row in rows], np.int64)
    products = np.array([row["run__product"] for row in rows], np.int64)
    parts = {block.name: np.full((len(rows), len(block.columns)), np.nan, np.float32) for block in definition.blocks}
    new = np.ones(len(rows), bool)
    if known is not None and len(known):
        new = ~np.isin(ids, known.candidates) | np.isin(ids, list(without))
        places = known.rows_of(ids[~new])
        for name, part in parts.items():
            part[~new] = np.asarray(known.parts[name][places])
    _fill(parts, rows, np.flatnonzero(new), {} if missing is None else missing)
    return FeatureTable(definition, parts, products, ids)


def _fill(parts: dict[str, Floats], rows: Sequence[dict[str, Any]], places: NDArray[np.intp], missing: Missing) -> None:
    for place in places:
        row = rows[place]
        if METRICS in parts:
            parts[METRICS][place] = [np.nan if row[name] is None else row[name] for name in SIX]
        if STATISTICS in parts:
            parts[STATISTICS][place] = _statistics(row, missing)
    measured_in = sorted((rows[place]["embeddings"], int(place)) for place in places if rows[place]["embeddings"])
    for key, group in groupby(measured_in, key=lambda pair: pair[0]):
        own = [place for _, place in group]
        try:
            found = defining.opened(key)
        except GenerationError:
            missing.setdefault(key, []).extend(rows[place]["pk"] for place in own)
            continue
        _embed(parts, found, rows, own)


def _embed(parts: dict[str, Floats], found: Measured, rows: Sequence[dict[str, Any]], places: list[int]) -> None:
    """Put one file's embeddings where they belong; rows of zeros are cut-outs that were not found."""
    at = [rows[place]["row"] for place in places]
    for model, own in found.spaces.items():
        for part in MODELS[model]:
            block = parts.get(f"{EMBEDDING}{own}.{part}")
            if block is None:
                continue
            if part in ROWS:
                values = found.arrays[ROWS[part].format(model=model)][at].astype(np.float32)
            else:
                photos = _present(found.arrays[PHOTOS[part].format(model=model)].astype(np.float32))
                values = photos.mean(axis=0, keepdims=True) if len(photos) else np.full((1, block.shape[1]), np.nan)
            values = np.broadcast_to(values, (len(places), block.shape[1])).astype(np.float32)
            block[places] = np.where((values == 0).all(axis=1, keepdims=True), np.nan, values)


def _present(rows: Floats) -> Floats:
    return np.asarray(rows[(rows != 0).any(axis=1)])


def _statistics(row: dict[str, Any], missing: Missing) -> Floats:
    """Of the picture and the product's mask in it; NaN where one of them is gone, which `missing` then tells."""
    store = site_files()
    reading = row["key"]
    try:
        image = np.asarray(store.image(Picture(row["key"], row["sha256"], row["width"], row["height"])))
        mask = None
        if row["mask_key"]:
            reading = row["mask_key"]
            mask = store.mask(Picture(row["mask_key"], row["mask_sha256"], row["width"], row["height"]))
    except GenerationError:
        missing.setdefault(reading, []).append(row["pk"])
        return np.full(len(statistics.COLUMNS), np.nan, np.float32)
    return np.asarray(statistics.image_statistics(image, mask), np.float32)


def _keep(made: FeatureChunk, table: FeatureTable, before: FeatureChunk | None) -> str:
    """Store a chunk in place of what was there; returns its key."""
    key = files.put_table(table)
    with transaction.atomic():
        FeatureChunk.objects.update_or_create(
            definition=made.definition,
            number=made.number,
            defaults={"stamp": made.stamp, "rows": len(table), "key": key, "missing": made.missing},
        )
        if before and before.key != key and not FeatureChunk.objects.filter(key=before.key).exists():
            transaction.on_commit(lambda: default_storage.delete(before.key))
    return key
