"""What the filter's thresholds do: how scores are spread, and what share each threshold would keep. Pure functions.

`manage.py generation calibrate` shows it over stored results; the thresholds of a method are chosen by it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from generation.judging import least_of, reasons
from generation.recipe import FilterConfig
from generation.records import Kind, TrainingImage

SCORES = ("clip_i", "clip_t", "seg_clip_i", "iou")
NEW_POSITIVES: tuple[Kind, ...] = ("novel-view", "new-context")
NEGATIVES: tuple[Kind, ...] = ("in-class", "counterfactual")


@dataclass(frozen=True)
class Spread:
    """How one score of one kind of images is spread; quantiles are at 5, 25, 50, 75 and 95 %."""

    kind: Kind
    score: str
    count: int
    mean: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class Effect:
    """What a threshold would keep of the images that have the score, if it were the only one."""

    kind: Kind
    score: str
    threshold: float
    kept: int
    count: int

    @property
    def share(self) -> float:
        return self.kept / self.count if self.count else 0.0


@dataclass(frozen=True)
class Together:
    """What all thresholds of a config keep of one kind, and how many images each alone drops."""

    kind: Kind
    kept: int
    count: int
    dropped_by: dict[str, int]


def spreads(images: Iterable[TrainingImage]) -> list[Spread]:
    """One row for each kind and score that is there."""
    return [
        Spread(
            kind,
            score,
            len(values),
            float(np.mean(values)),
            tuple(np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95)).tolist()),
        )
        for kind, score, values in _columns(images)
    ]


def effects(images: Iterable[TrainingImage], thresholds: Sequence[float]) -> list[Effect]:
    """One row for each kind, score and threshold: positives stay at or above it, negatives at or below it."""
    return [
        Effect(kind, score, threshold, _passing(kind, values, threshold), len(values))
        for kind, score, values in _columns(images)
        for threshold in thresholds
    ]


def threshold_for(images: Iterable[TrainingImage], kind: Kind, score: str, share: float) -> float | None:
    """The threshold that would keep about that share of a kind by one score; None when no image has it."""
    for one, name, values in _columns(images):
        if (one, name) == (kind, score):
            return float(np.quantile(values, share if kind in NEGATIVES else 1 - share))
    return None


def together(images: Iterable[TrainingImage], config: FilterConfig) -> list[Together]:
    """What a config's thresholds keep, one row for each kind of new images that is there."""
    everything = [image for image in images if image.kind != "photo"]
    rows = []
    for kind in (*NEW_POSITIVES, *NEGATIVES):
        these = [image for image in everything if image.kind == kind]
        if these:
            kept = sum(not reasons(image, config) for image in these)
            rows.append(Together(kind, kept, len(these), _dropped_by(these, config)))
    return rows


def _dropped_by(images: Sequence[TrainingImage], config: FilterConfig) -> dict[str, int]:
    if not images[0].positive:
        return {"clip_i": sum(bool(reasons(image, config)) for image in images)}
    return {
        name: sum(name in image.scores and image.scores[name] < least for image in images)
        for name, least in least_of(config).items()
    }


def _columns(images: Iterable[TrainingImage]) -> list[tuple[Kind, str, list[float]]]:
    everything = list(images)
    columns = []
    for kind in (*NEW_POSITIVES, *NEGATIVES):
        for score in SCORES:
            values = [image.scores[score] for image in everything if image.kind == kind and score in image.scores]
            if values:
                columns.append((kind, score, values))
    return columns


def _passing(kind: Kind, values: Sequence[float], threshold: float) -> int:
    if kind in NEGATIVES:
        return sum(value <= threshold for value in values)
    return sum(value >= threshold for value in values)
