"""A/B: what raters said of the picks on each side of a trial, and how sure the difference is."""

import math
from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from ranking.models import Ranker, Score, Trial
from ranking.selectors import by_the_sum
from ranking.services import judges, registry, trials
from raters.models import Verdict
from raters.models.ratings import Outcome
from vitrine.paging import Page, keyset_page

_Z = 1.959964  # of 95 %
NEWEST = 5
PER_PAGE = 50


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


@dataclass(frozen=True)
class Difference:
    """Share of products with a passing pick, the trial's less the other's, with its 95 %; None without any."""

    value: float | None
    low: float | None
    high: float | None
    sentence: str


@dataclass(frozen=True)
class Compared:
    """A trial with its two sides, the trial's own first."""

    trial: Trial
    sides: tuple[Side, Side]
    difference: Difference


def newest_trials(most: int = NEWEST) -> list[Compared]:
    """The newest trials, one that runs first, for pages of other rooms; each takes a few queries and its verdicts."""
    rows = Trial.objects.select_related("ranker", "against").order_by("-running", "-pk")
    return [compared(trial) for trial in rows[:most]]


def trial_page(*, after: int | None = None, before: int | None = None) -> Page[Trial]:
    """All trials, newest first."""
    return keyset_page(Trial.objects.select_related("ranker", "against"), after=after, before=before, size=PER_PAGE)


def trial_or_404(pk: int) -> Trial:
    return get_object_or_404(Trial.objects.select_related("ranker", "against", "begun_by"), pk=pk)


def compared(trial: Trial) -> Compared:
    """The trial's ranker and whom it was begun against, each on its own products; people's verdicts since it began.

    An image that several campaigns judged counts once, as the newest verdict says. Raters see neither ranker nor side:
    every image is rated blind.
    """
    rows = Verdict.objects.filter(
        final=True, outcome__in=(Outcome.PASSED, Outcome.FAILED), task__candidate__isnull=False
    ).filter(updated_at__gte=trial.begun_at, campaign__in=judges.campaigns_that_count())
    told = rows.order_by("updated_at", "pk").values_list("task__candidate", "task__candidate__run__product", "outcome")
    judged = list({row[0]: row for row in told}.values())
    inside = {product: trials.in_trial(trial, product) for product in {product for _, product, _ in judged}}
    sides = []
    for own, ranker in ((True, trial.ranker), (False, trial.against)):
        mine = [row for row in judged if inside[row[1]] is own]
        picked = _picked(ranker, sorted({candidate for candidate, _, _ in mine}))
        voted = [(product, outcome == Outcome.PASSED) for candidate, product, outcome in mine if candidate in picked]
        sides.append(_side(str(ranker) if ranker else registry.THE_SUM.capitalize(), voted))
    return Compared(trial, (sides[0], sides[1]), difference(sides[0], sides[1]))


def difference(tried: Side, other: Side) -> Difference:
    """Between two independent shares: Newcombe's hybrid score interval (1998, Statistics in Medicine 17, 873-890)."""
    first, second = tried.product_rate, other.product_rate
    if first is None or second is None:
        return Difference(None, None, None, "Nothing can be said yet: one of the sides has no rated pick.")
    value = first - second
    own, others = (wilson(side.products_passed, side.products) for side in (tried, other))
    low = value - math.hypot(first - own[0], others[1] - second)
    high = value + math.hypot(own[1] - first, second - others[0])
    told = f"{100 * value:+.0f} points ({100 * low:+.0f} to {100 * high:+.0f})"
    if low > 0:
        said = f"More products of {tried.title} have a passing pick: {told}."
    elif high < 0:
        said = f"Fewer products of {tried.title} have a passing pick: {told}."
    else:
        said = f"No difference is shown: {told} products with a passing pick."
    return Difference(value, low, high, said)


def _picked(ranker: Ranker | None, candidates: list[int]) -> set[int]:
    if ranker is None:
        return by_the_sum.picked_among(candidates)
    found: set[int] = set()
    for start in range(0, len(candidates), by_the_sum.AT_ONCE):
        some = candidates[start : start + by_the_sum.AT_ONCE]
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
