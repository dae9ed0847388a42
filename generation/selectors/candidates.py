"""One candidate with what a person judges it by: the product's photos, its metrics, and where it comes from."""

from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from generation.models import Candidate, RunStage, StageImage, TrainingImage
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


def lineage(candidate: Candidate) -> list[Origin]:
    """Where a candidate comes from, itself first, the product's photos last; at most five queries."""
    results = _results(candidate)
    steps = [Origin("This image", f"seed {candidate.seed}, “{candidate.prompt}”", [candidate.key])]
    if candidate.adapter:
        made = candidate.adapter
        steps.append(Origin("Adapter", f"token {made.token}, rank {made.rank}, {made.steps} steps", []))
        steps += _training(results.get("filter"))
    steps += _photos(results.get("segment"))
    return steps


def _results(candidate: Candidate) -> dict[str, int]:
    links = RunStage.objects.filter(run=candidate.run_id, tier=candidate.tier)
    return dict(links.values_list("stage", "result_id"))


def _training(result_id: int | None) -> list[Origin]:
    """What the adapter learned from, by kind."""
    if result_id is None:
        return []
    rows = TrainingImage.objects.filter(result=result_id, kept=True).exclude(kind=TrainingImage.Kind.PHOTO)
    by_kind: dict[str, list[str]] = {}
    for kind, key in rows.order_by("pk").values_list("kind", "key"):
        by_kind.setdefault(kind, []).append(key)
    return [
        Origin(
            f"{TrainingImage.Kind(kind).label}s it learned from",
            f"{len(keys)} kept",
            keys[:MOST_SHOWN],
            max(0, len(keys) - MOST_SHOWN),
        )
        for kind, keys in sorted(
            by_kind.items(), key=lambda item: TrainingImage.Kind.values.index(item[0]), reverse=True
        )
    ]


def _photos(result_id: int | None) -> list[Origin]:
    if result_id is None:
        return []
    keys = list(StageImage.objects.filter(result=result_id).order_by("pk").values_list("key", flat=True))
    plural = "" if len(keys) == 1 else "s"
    return [
        Origin(
            f"Photo{plural} of the product",
            f"{len(keys)} photo{plural}",
            keys[:MOST_SHOWN],
            max(0, len(keys) - MOST_SHOWN),
        )
    ]
