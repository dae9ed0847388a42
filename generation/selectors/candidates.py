"""One candidate with what a person judges it by: the product's photos, its metrics, and where it comes from."""

from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from generation.models import Candidate, TrainingImage
from generation.selectors.lineage import lineage
from generation.selectors.pictures import METRICS


@dataclass(frozen=True)
class Figure:
    """A metric of a candidate, and its place among the run's, from 1; None where it was not measured."""

    label: str
    value: float | None
    place: int | None


def candidate_or_404(pk: int) -> Candidate:
    rows = Candidate.objects.select_related("run__product__type", "run__method", "adapter", "result")
    return get_object_or_404(rows.defer("result__result", "result__inputs"), pk=pk)


@dataclass(frozen=True)
class Around:
    """How many candidates its tier has, its figures with their places, and its neighbours by place."""

    total: int
    figures: list[Figure]
    before: int | None
    after: int | None


def around(candidate: Candidate) -> Around:
    """What stands around a candidate in its run; one query."""
    rows = Candidate.objects.filter(run=candidate.run_id, tier=candidate.tier, dropped="")
    facts = list(rows.order_by("pk").values("pk", "place", *METRICS))
    figures = [
        Figure(label, getattr(candidate, name), _place([fact[name] for fact in facts], getattr(candidate, name)))
        for name, label in METRICS.items()
    ]
    order = [
        fact["pk"] for fact in sorted(facts, key=lambda fact: (fact["place"] is None, fact["place"] or 0, fact["pk"]))
    ]
    at = order.index(candidate.pk) if candidate.pk in order else None
    return Around(
        len(facts),
        figures,
        order[at - 1] if at else None,
        order[at + 1] if at is not None and at + 1 < len(order) else None,
    )


def _place(values: list[float | None], own: float | None) -> int | None:
    if own is None:
        return None
    return 1 + sum(value > own for value in values if value is not None)


MOST_PHOTOS = 24
MOST_SHOWN = 8


@dataclass(frozen=True)
class Origin:
    """One step on the way from a candidate back to the photos; `pictures` are keys, `others` are not shown."""

    title: str
    detail: str
    pictures: list[str]
    others: int = 0


def origins(candidate: Candidate) -> list[Origin]:
    """Where a candidate comes from, itself first, the product's photos last; the queries of `lineage`."""
    past = lineage(candidate)
    steps = [Origin("This image", f"seed {past.seed}, “{past.prompt}”", [candidate.key])]
    if past.adapter:
        made = past.adapter
        steps.append(Origin("Adapter", f"token {made.token}, rank {made.rank}, {made.steps} steps", []))
        # What is furthest from the photos first: the list leads back to them.
        for kind in reversed(TrainingImage.Kind.values[1:]):
            keys = [image.key for image in past.trained_on if image.kind == kind]
            label = f"{TrainingImage.Kind(kind).label}s it learned from"
            steps += [_origin(label, f"{len(keys)} kept", keys)] if keys else []
    keys = [photo.key for photo in past.photos]
    gone = len(past.photo_keys) - len(keys)
    told = f"{len(past.photo_keys)} photo{'' if len(past.photo_keys) == 1 else 's'}"
    return [*steps, _origin("Photos of the product", f"{told}, {gone} removed since" if gone else told, keys)]


def _origin(title: str, detail: str, keys: list[str]) -> Origin:
    return Origin(title, detail, keys[:MOST_SHOWN], max(0, len(keys) - MOST_SHOWN))
