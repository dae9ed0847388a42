"""What the features of this site are, and whether this version of the code still makes those of a stored ranker.

What a column means is its `Definition`, whose hash stands beside every chunk and every ranker. Embeddings of different
checkpoints are different spaces: each model's is the one that most images are in, and the others have none in it.
A ranker whose features are made otherwise today cannot score: other numbers under the same names would be taken for
what it learned from.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, QuerySet
from numpy.typing import NDArray
from safetensors.numpy import load

from generation.exceptions import GenerationError
from generation.models import Candidate, ResultFile
from generation.storage import site_files
from ranking.exceptions import NotEnoughLabels, Outdated
from ranking.learning import deriving, statistics
from ranking.learning.table import EMBEDDING, METRICS, STATISTICS, Block, Definition
from ranking.models import Ranker

SIX = ("clip_i", "clip_t", "dino_i", "seg_clip_i", "seg_clip_t", "seg_dino_i")
# What there is of each model's embeddings (generation.records.MeasureResult).
MODELS = {"clip": ("candidate", "crop", "photos", "photo_crop", "prompt"),
          "dino": ("candidate", "crop", "photos", "photo_crop")}  # fmt: skip
# Raised with any change of how a block is filled; that of statistics is `learning.statistics.VERSION`.
METRICS_VERSION = 2  # 1: a swap's product was looked for in its image
EMBEDDINGS_VERSION = 1
RELATIVE = "relative features"  # made of a table, not stored in it: their version stands beside the ranker's libraries
AT_ONCE = 500
TRIED = 20  # files, newest first, until one of a space is there


@dataclass(frozen=True)
class Measured:
    """The file of one measuring: its arrays, and in which spaces they are."""

    arrays: dict[str, NDArray[Any]]
    spaces: dict[str, str]  # {"clip": "clip-1a2b3c4d", …}


def measured() -> QuerySet[Candidate]:
    """The candidates that have features: not held back, and measured."""
    return Candidate.objects.filter(dropped="", clip_i__isnull=False)


def definition_now(products: Collection[int] = ()) -> Definition:
    """What the features of these products' images are; of all images where no product is named.

    Raises NotEnoughLabels where nothing is measured.
    """
    if not measured().exists():
        raise NotEnoughLabels("No candidate has been measured yet, so there is nothing to rank: run a product first.")
    blocks = [Block(METRICS, SIX, METRICS_VERSION), Block(STATISTICS, statistics.COLUMNS, statistics.VERSION)]
    for model, found in _spaces(products).items():
        width = _width(model, found)
        names = [f"{EMBEDDING}{found.name}.{part}" for part in MODELS[model]] if width else []
        blocks += [Block.of_width(name, width, EMBEDDINGS_VERSION) for name in names]
    return Definition(tuple(blocks))


def definition_of(ranker: Ranker) -> Definition:
    """What a ranker's features are. Raises Outdated where this version of the code makes others."""
    definition = Definition.from_plain(ranker.features)
    try:
        check(definition)
        known = ranker.versions.get(RELATIVE, "1")  # the first ones did not say
        if known != str(deriving.VERSION):
            raise Outdated(f"the {RELATIVE} are of version {known}, and version {deriving.VERSION} is made now.")
    except Outdated as reason:
        raise Outdated(f"{ranker} learned from features that are made otherwise now: {reason} Train anew.") from None
    return definition


def versions() -> dict[str, str]:
    """What stands beside a new ranker of how its features are made, besides their definition."""
    return {RELATIVE: str(deriving.VERSION)}


def check(definition: Definition) -> None:
    """Raises Outdated where a block is made otherwise by this version of the code, or not at all."""
    for block in definition.blocks:
        now = _as_made_now(block)
        if now is None:
            raise Outdated(f"there are no features {block.name} any more.")
        if block.version != now.version:
            raise Outdated(f"the {block.name} are of version {block.version}, and version {now.version} is made now.")
        if block.columns != now.columns:
            raise Outdated(f"the {block.name} have {len(block.columns)} columns, which are not today's.")


def opened(key: str) -> Measured:
    """A measuring's file, with the checkpoints that made it. Raises GenerationError when it is gone."""
    arrays = load(site_files().data(key))
    checkpoints = _checkpoints([key]).get(key, {})
    return Measured(arrays, {model: space(model, checkpoints) for model in MODELS if model in arrays})


def space(model: str, checkpoints: dict[str, Any]) -> str:
    """The name of the space that a model's embeddings are in: equal checkpoints are one space, on every machine."""
    return f"{model}-{hashlib.sha256(str(checkpoints.get(model, '')).encode()).hexdigest()[:8]}"


def _as_made_now(block: Block) -> Block | None:
    if block.name == METRICS:
        return Block(METRICS, SIX, METRICS_VERSION)
    if block.name == STATISTICS:
        return Block(STATISTICS, statistics.COLUMNS, statistics.VERSION)
    named, _, part = block.name.removeprefix(EMBEDDING).partition(".")
    if not block.name.startswith(EMBEDDING) or part not in MODELS.get(named.partition("-")[0], ()):
        return None
    return Block.of_width(block.name, len(block.columns), EMBEDDINGS_VERSION)


@dataclass
class _Space:
    """One model's space: how many images are in it, the newest of them, and files of it with their newest image."""

    name: str
    images: int
    newest: int
    files: list[tuple[int, str]]


def _spaces(products: Collection[int]) -> dict[str, _Space]:
    """{model: the space that most of these products' images are in}; among equals the newest."""
    known: dict[tuple[str, str], _Space] = {}
    for key, images, newest, checkpoints in _files(set(products)):
        for model in MODELS:
            if model not in checkpoints:
                continue
            name = space(model, checkpoints)
            found = known.setdefault((model, name), _Space(name, 0, 0, []))
            found.images, found.newest = found.images + images, max(found.newest, newest)
            found.files.append((newest, key))
    best: dict[str, _Space] = {}
    for (model, _), found in known.items():
        if model not in best or (found.images, found.newest) > (best[model].images, best[model].newest):
            best[model] = found
    return {model: best[model] for model in MODELS if model in best}


def _files(products: set[int]) -> Iterator[tuple[str, int, int, dict[str, Any]]]:
    """Each file of embeddings: its key, how many images it is of, the newest of them, and what made it."""
    rows = measured().exclude(embeddings="").order_by().values_list("embeddings", "run__product")
    counted: dict[str, tuple[int, int]] = {}
    for key, product, images, newest in rows.annotate(images=Count("pk"), newest=Max("pk")).iterator():
        if not products or product in products:
            before = counted.get(key, (0, 0))
            counted[key] = before[0] + images, max(before[1], newest)
    keys = sorted(counted)
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        checkpoints = _checkpoints(some)
        yield from ((key, *counted[key], checkpoints.get(key, {})) for key in some)


def _checkpoints(keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """{a file of embeddings: by role, what made it}."""
    rows = ResultFile.objects.filter(key__in=keys, result__stage="measure").order_by("-pk")
    return {key: made or {} for key, made in rows.values_list("key", "result__checkpoints")}


def _width(model: str, found: _Space) -> int:
    """How many numbers an embedding of that space has; 0 where none of its newest files is there any more."""
    for _, key in sorted(found.files, reverse=True)[:TRIED]:
        try:
            arrays = opened(key).arrays
        except GenerationError:
            continue
        if model in arrays:
            return int(arrays[model].shape[1])
    return 0
