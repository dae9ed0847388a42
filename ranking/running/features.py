"""The feature table of this site's candidates: read from what stages have stored, in chunks, by one way for all uses.

What a column means is its `Definition`, whose hash stands beside every chunk and every ranker. Embeddings of different
checkpoints are different spaces: a candidate that was measured by others has none in this one, and NaN says so.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from numpy.typing import NDArray
from safetensors.numpy import load

from generation.exceptions import GenerationError
from generation.models import Candidate, ResultFile
from generation.records import Picture
from generation.storage import site_files
from ranking.exceptions import Damaged, NotEnoughLabels
from ranking.learning import statistics
from ranking.learning.table import EMBEDDING, METRICS, STATISTICS, Block, Definition, FeatureTable, concatenate
from ranking.models import FeatureChunk
from ranking.running import files

PRODUCTS = 32  # in a chunk
SIX = ("clip_i", "clip_t", "dino_i", "seg_clip_i", "seg_clip_t", "seg_dino_i")
# what of an embedding's block: the arrays of the stage measure (generation.records.MeasureResult), clip's and dino's
ROWS = {"candidate": "{model}", "crop": "seg_{model}", "prompt": "prompt"}
PHOTOS = {"photos": "photo_{model}", "photo_crop": "photo_seg_{model}"}
MODELS = {"clip": ("candidate", "crop", "photos", "photo_crop", "prompt"),
          "dino": ("candidate", "crop", "photos", "photo_crop")}  # fmt: skip
Progress = Callable[[int, int, str], None]
Floats = NDArray[np.float32]
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


@dataclass(frozen=True)
class _Measured:
    """The file of one measuring: its arrays, and in which spaces they are."""

    arrays: dict[str, NDArray[Any]]
    spaces: dict[str, str]  # {"clip": "clip-1a2b3c4d", …}


def measured() -> QuerySet[Candidate]:
    """The candidates that have features: not held back, and measured."""
    return Candidate.objects.filter(dropped="", clip_i__isnull=False)


def definition_now() -> Definition:
    """What the features of the newest measured candidates are. Raises NotEnoughLabels where nothing is measured."""
    newest = measured().exclude(embeddings="").order_by("-pk").values_list("embeddings", flat=True).first()
    if newest is None:
        raise NotEnoughLabels("No candidate has been measured yet, so there is nothing to rank: run a product first.")
    found = _opened(newest)
    blocks = [Block(METRICS, SIX), Block(STATISTICS, statistics.COLUMNS, statistics.VERSION)]
    for model, parts in MODELS.items():
        width = found.arrays[model].shape[1] if model in found.arrays else 0
        blocks += [Block.of_width(f"{EMBEDDING}{found.spaces[model]}.{part}", width) for part in parts if width]
    return Definition(tuple(blocks))


def table_of(definition: Definition, products: Iterable[int], progress: Progress = lambda *_: None) -> FeatureTable:
    """All measured candidates of these products. Raises NotEnoughLabels where they have none."""
    found = [table for table in tables(definition, products, progress) if len(table)]
    if not found:
        raise NotEnoughLabels("None of these products has a measured candidate: run them first.")
    return concatenate(found)


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
    """One chunk: as it is stored while its candidates are the same, else with what is new added, and stored."""
    within = (number * PRODUCTS, (number + 1) * PRODUCTS)
    rows = list(
        measured().filter(run__product__gte=within[0], run__product__lt=within[1]).order_by("pk").values(*_FIELDS)
    )
    stamp = hashlib.sha256(" ".join(f"{row['pk']}:{row['embeddings']}" for row in rows).encode()).hexdigest()
    kept = FeatureChunk.objects.filter(definition=definition.hash, number=number).first()
    known = _known(kept)
    if kept is not None and known is not None and kept.stamp == stamp:
        return known
    table = build(definition, rows, known)
    _keep(definition, number, stamp, table, kept.key if kept else "")
    return table


def _known(kept: FeatureChunk | None) -> FeatureTable | None:
    """A stored chunk; None where there is none, or its file is damaged or was replaced this moment: it is made anew."""
    if kept is None:
        return None
    try:
        return files.get_table(kept.key)
    except Damaged:
        default_storage.delete(kept.key)  # what is made anew may have the same hash, and so the same key
        return None


def build(definition: Definition, rows: Sequence[dict[str, Any]], known: FeatureTable | None = None) -> FeatureTable:
    """A table of these candidates; what a former table knows of them is taken over: a candidate never changes."""
    ids = np.array([row["pk"] for row in rows], np.int64)
    products = np.array([row["run__product"] for row in rows], np.int64)
    parts = {block.name: np.full((len(rows), len(block.columns)), np.nan, np.float32) for block in definition.blocks}
    new = np.ones(len(rows), bool)
    if known is not None and len(known):
        new = ~np.isin(ids, known.candidates)
        places = known.rows_of(ids[~new])
        for name, part in parts.items():
            part[~new] = known.parts[name][places]
    _fill(parts, rows, np.flatnonzero(new))
    return FeatureTable(definition, parts, products, ids)


def _fill(parts: dict[str, Floats], rows: Sequence[dict[str, Any]], places: NDArray[np.intp]) -> None:
    for place in places:
        row = rows[place]
        if METRICS in parts:
            parts[METRICS][place] = [np.nan if row[name] is None else row[name] for name in SIX]
        if STATISTICS in parts:
            parts[STATISTICS][place] = _statistics(row)
    measured_in = sorted((rows[place]["embeddings"], int(place)) for place in places if rows[place]["embeddings"])
    for key, group in groupby(measured_in, key=lambda pair: pair[0]):
        try:
            found = _opened(key)
        except GenerationError:
            continue  # the file is gone: what it held is missing, and NaN says so
        _embed(parts, found, rows, [place for _, place in group])


def _embed(parts: dict[str, Floats], found: _Measured, rows: Sequence[dict[str, Any]], places: list[int]) -> None:
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


def _opened(key: str) -> _Measured:
    """A measuring's file, with the checkpoints that made it. Raises GenerationError when it is gone."""
    arrays = load(site_files().data(key))
    made = ResultFile.objects.filter(key=key, result__stage="measure").values_list("result__checkpoints", flat=True)
    checkpoints = made.first() or {}
    spaces = {
        model: f"{model}-{hashlib.sha256(str(checkpoints.get(model, '')).encode()).hexdigest()[:8]}"
        for model in MODELS
        if model in arrays
    }
    return _Measured(arrays, spaces)


def _statistics(row: dict[str, Any]) -> Floats:
    """Of the picture and the product's mask in it; NaN where the picture is gone."""
    store = site_files()
    try:
        image = np.asarray(store.image(Picture(row["key"], row["sha256"], row["width"], row["height"])))
        mask = None
        if row["mask_key"]:
            mask = store.mask(Picture(row["mask_key"], row["mask_sha256"], row["width"], row["height"]))
    except GenerationError:
        return np.full(len(statistics.COLUMNS), np.nan, np.float32)
    return np.asarray(statistics.image_statistics(image, mask), np.float32)


def _keep(definition: Definition, number: int, stamp: str, table: FeatureTable, before: str) -> None:
    key = files.put_table(table)
    with transaction.atomic():
        FeatureChunk.objects.update_or_create(
            definition=definition.hash,
            number=number,
            defaults={"stamp": stamp, "rows": len(table), "key": key},
        )
        if before and before != key and not FeatureChunk.objects.filter(key=before).exists():
            transaction.on_commit(lambda: default_storage.delete(before))
