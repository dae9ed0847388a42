"""Keep or drop training images by their scores: pure functions, shared by the stage filter and its calibration."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from generation.recipe import FilterConfig
from generation.records import TrainingImage

SUMMED = ("clip_i", "clip_t", "seg_clip_i")
NAMES = {
    "clip_i": "likeness to the photos (CLIP-I)",
    "clip_t": "likeness to its text (CLIP-T)",
    "seg_clip_i": "likeness of the product itself (Seg CLIP-I)",
    "iou": "overlap of the product's outline with its reference (IoU)",
}


@dataclass(frozen=True)
class Judged:
    """A training image on its way through the judgement."""

    image: TrainingImage

    @property
    def total(self) -> float:
        """Sum of the metrics; higher means more of the product."""
        return sum(self.image.scores.get(name, 0.0) for name in SUMMED)

    def dropped(self, reason: str) -> "Judged":
        return Judged(replace(self.image, kept=False, reason=reason))


def least_of(config: FilterConfig) -> dict[str, float]:
    """What each score must reach in a new positive."""
    return {
        "clip_i": config.least_clip_i,
        "clip_t": config.least_clip_t,
        "seg_clip_i": config.least_seg_clip_i,
        "iou": config.least_iou,
    }


def judged(image: TrainingImage, config: FilterConfig) -> Judged:
    """The image against the thresholds; the reason names each that it fails, with both figures."""
    return Judged(image) if not (told := reasons(image, config)) else Judged(image).dropped("; ".join(told))


def reasons(image: TrainingImage, config: FilterConfig) -> list[str]:
    """Why an image does not pass the thresholds, a phrase each."""
    if image.kind == "photo":
        return []
    if not image.positive:
        # The rest of a counterfactual is the photo itself: only what stands in the product's place can betray it.
        name = "seg_clip_i" if image.kind == "counterfactual" and "seg_clip_i" in image.scores else "clip_i"
        value = image.scores.get(name, 0.0)
        most = config.most_negative_clip_i
        return [f"it shows the product: {NAMES[name]} is {value:.3f}, above {most:.3f}"] if value > most else []
    told = [
        f"{NAMES[name]} is {image.scores[name]:.3f}, below {least:.3f}"
        for name, least in least_of(config).items()
        if name in image.scores and image.scores[name] < least
    ]
    if "seg_clip_i" not in image.scores:
        told.append("no outline of the product is known")
    return told


def kept_best(images: Sequence[Judged], share: float) -> list[Judged]:
    """Of the new positives of each photo and kind, that share of all that were made, best by sum; order kept.

    One at least stays, and equal sums stay in the order in which they were made. Views and contexts are not compared
    with each other: their texts differ, and with them CLIP-T.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, one in enumerate(images):
        if one.image.positive and one.image.kind != "photo":
            groups[one.image.kind, one.image.source.sha256].append(place)
    result = list(images)
    for places in groups.values():
        room = max(ceil(share * len(places)), 1)
        best_first = sorted((place for place in places if images[place].image.kept), key=lambda p: -images[p].total)
        for rank, place in enumerate(best_first[room:], start=room + 1):
            total = images[place].total
            result[place] = images[place].dropped(
                f"place {rank} of {len(places)} from this photo by the sum of its scores ({total:.3f}); the best"
                f" {room} are kept"
            )
    return result


def ratio_held(images: Sequence[Judged], positives_per_negative: float | None) -> list[Judged]:
    """Positives and negatives in the ratio asked for, by dropping the worst of the side that has too many.

    Photos stay always. With no negative left, or none wanted (None), nothing is dropped. The worst positive has the
    smallest sum; the worst negative is the one most like the product.
    """
    positives = [place for place, one in enumerate(images) if one.image.kept and one.image.positive]
    negatives = [place for place, one in enumerate(images) if one.image.kept and not one.image.positive]
    if positives_per_negative is None or not negatives or not positives:
        return list(images)
    most_negatives = max(round(len(positives) / positives_per_negative), 1)
    most_positives = max(round(len(negatives) * positives_per_negative), 1)
    if len(negatives) > most_negatives:
        worst = sorted(negatives, key=lambda place: (-images[place].image.scores.get("clip_i", 0.0), -place))
        surplus, side = worst[: len(negatives) - most_negatives], "negatives"
    else:
        new = [place for place in positives if images[place].image.kind != "photo"]
        worst = sorted(new, key=lambda place: (images[place].total, -place))
        surplus, side = worst[: max(len(positives) - most_positives, 0)], "positives"
    told = f"surplus: {len(positives)} positives and {len(negatives)} negatives passed, and the method asks for"
    reason = f"{told} {positives_per_negative:g} : 1; of the {side} this is among the worst"
    return [one.dropped(reason) if place in set(surplus) else one for place, one in enumerate(images)]


def counted(images: Iterable[TrainingImage]) -> tuple[int, int]:
    """How many positives and how many negatives are kept."""
    kept = [image for image in images if image.kept]
    positives = sum(image.positive for image in kept)
    return positives, len(kept) - positives
