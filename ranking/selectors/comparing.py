"""A/B: what raters said of the picks on each side of a trial."""

import math
from dataclasses import dataclass

from generation.models import Candidate
from ranking.models import Score, Trial
from ranking.services import registry, trials
from raters.models import Verdict
from raters.models.ratings import Outcome

_Z = 1.959964  # of 95 %


@dataclass(frozen=True)
class Side:
    """One side: its ranker, the rated picks of its products, and how many passed, by image and by product."""

    title: str
    products: int
    images: int
    passed: int
    products_passed: int
    low: float | None
    high: float | None

    @property
    def rate(self) -> float | None:
        return self.passed / self.images if self.images else None

    @property
    def product_rate(self) -> float | None:
        """Share of products with a passing pick; `low` and `high` are its 95 % (Wilson: products are independent)."""
        return self.products_passed / self.products if self.products else None


def sides(trial: Trial) -> list[Side]:
    """The trial's ranker and the champion, each on its own products; verdicts made since the trial began.

    Raters see neither ranker nor side: every image is rated blind.
    """
    rows = Verdict.objects.filter(
        final=True, outcome__in=(Outcome.PASSED, Outcome.FAILED), task__candidate__isnull=False
    ).filter(updated_at__gte=trial.begun_at)
    if trial.ended_at is not None:
        rows = rows.filter(updated_at__lte=trial.ended_at)
    judged = list(rows.values_list("task__candidate", "task__candidate__run__product", "outcome"))
    champion = registry.champion()
    own = {True: trial.ranker_id, False: champion.pk if champion else None}
    picked = {
        inside: _picked(own[inside], [one for one, product, _ in judged if trials.in_trial(trial, product) is inside])
        for inside in (True, False)
    }
    titles = {True: str(trial.ranker), False: str(champion) if champion else registry.THE_SUM.capitalize()}
    return [
        _side(
            titles[inside],
            [
                (product, outcome == Outcome.PASSED)
                for candidate, product, outcome in judged
                if candidate in picked[inside] and trials.in_trial(trial, product) is inside
            ],
        )
        for inside in (True, False)
    ]


def _picked(ranker: int | None, candidates: list[int]) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(candidates), 500):
        some = candidates[start : start + 500]
        if ranker is None:
            found |= set(Candidate.objects.filter(pk__in=some, picked=True).values_list("pk", flat=True))
        else:
            rows = Score.objects.filter(ranker=ranker, candidate__in=some, picked=True)
            found |= set(rows.values_list("candidate", flat=True))
    return found


def _side(title: str, judged: list[tuple[int, bool]]) -> Side:
    products = {product for product, _ in judged}
    good = {product for product, passed in judged if passed}
    low, high = wilson(len(good), len(products)) if products else (None, None)
    return Side(title, len(products), len(judged), sum(passed for _, passed in judged), len(good), low, high)


def wilson(right: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of independent cases (Wilson 1927); `of` is at least 1."""
    rate, square = right / of, _Z * _Z
    middle = (rate + square / (2 * of)) / (1 + square / of)
    half = _Z * math.sqrt(rate * (1 - rate) / of + square / (4 * of * of)) / (1 + square / of)
    return max(0.0, middle - half), min(1.0, middle + half)
