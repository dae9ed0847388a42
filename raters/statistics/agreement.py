"""How far raters agree beyond chance, per question: each figure with an interval, or with the reason why it has none.

Fleiss' kappa is that of statsmodels, Krippendorff's alpha is in `alpha`, Gwet's coefficients in `gwet`. All work from
(images, answers) counts, so that it does not matter who answered, nor that nobody answered all. Intervals are by
bootstrap over images: `resampling`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from statsmodels.stats.inter_rater import fleiss_kappa

from raters.statistics import alpha, gwet, resampling
from raters.statistics.ballots import Ballots, Counts, Scale

RESAMPLES = 1000
CONFIDENCE = 0.95
NOMINAL, ORDINAL = "nominal", "ordinal"
ACCEPTS = Scale("", ("not accepted", "accepted"), frozenset({"accepted"}))


@dataclass(frozen=True)
class Figure:
    """One statistic. `why` says why `value` is None, or what the value or its interval leaves out."""

    statistic: str
    level: str
    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Agreement:
    """All figures of one question; the key "" is the whole rating: whether the rater accepts the image."""

    question: str
    images: int  # with two answers or more
    answers: int
    figures: tuple[Figure, ...]

    def figure(self, statistic: str) -> Figure:
        return next(one for one in self.figures if one.statistic == statistic)


@dataclass(frozen=True)
class _Statistic:
    name: str
    level: str
    value: Callable[[Counts], float]
    by_pattern: resampling.ByPattern
    refuses: Callable[[Counts], str]
    usable: Callable[[Counts], Counts] = lambda counts: counts


def agreement_of(ballots: Ballots, *, seed: int = 0, resamples: int = RESAMPLES) -> list[Agreement]:
    """One Agreement for each question, and last the one over whole ratings."""
    found = [
        agreement(ballots.counts(number), scale, seed=seed, resamples=resamples)
        for number, scale in enumerate(ballots.scales)
    ]
    return [*found, agreement(ballots.accept_counts(), ACCEPTS, seed=seed, resamples=resamples)]


def agreement(counts: Counts, scale: Scale, *, seed: int = 0, resamples: int = RESAMPLES) -> Agreement:
    """The figures of one question from (images, answers) counts. The same seed gives the same intervals."""
    ranked = counts[:, scale.ranked]
    figures = []
    for statistic in _STATISTICS:
        used = counts if statistic.level == NOMINAL else ranked
        figures.append(_figure(statistic, used, seed, resamples))
    return Agreement(scale.key, int((counts.sum(axis=1) >= 2).sum()), int(counts.sum()), tuple(figures))


def _figure(statistic: _Statistic, counts: Counts, seed: int, resamples: int) -> Figure:
    answered = counts[counts.sum(axis=1) > 0]
    used = statistic.usable(answered)
    if why := statistic.refuses(used):
        return Figure(statistic.name, statistic.level, None, why=why)
    spread = resampling.bootstrap(used, statistic.by_pattern, seed=seed, resamples=resamples)
    low, high, without = resampling.interval(spread, CONFIDENCE)
    why = " ".join(part for part in (_left_out(answered, used), without) if part)
    return Figure(statistic.name, statistic.level, statistic.value(used), low, high, why)


def _no_pairs(counts: Counts) -> str:
    if (counts.sum(axis=1) >= 2).any():
        return ""
    return "Undefined: no image has answers of two raters."


def _no_variety(counts: Counts) -> str:
    """Agreement beyond chance needs two different answers somewhere."""
    if why := _no_pairs(counts):
        return why
    paired = counts[counts.sum(axis=1) >= 2]
    if (paired.sum(axis=0) > 0).sum() > 1:
        return ""
    return f"Undefined: all {paired.sum():,} answers are the same, so chance alone would agree as well."


def _no_order(otherwise: Callable[[Counts], str]) -> Callable[[Counts], str]:
    def refuses(counts: Counts) -> str:
        if counts.shape[1] < 3:
            return "Left out: with fewer than three answers in an order, the nominal figure says the same."
        return otherwise(counts)

    return refuses


def _percent(counts: Counts) -> float:
    """The share of pairs of answers to the same image that are the same, averaged over images."""
    return float(resampling.percent(counts, np.ones((1, len(counts))))[0])


def _complete(counts: Counts) -> Counts:
    """The images with the most common number of answers: Fleiss' kappa is for the same number on each."""
    each = counts.sum(axis=1)
    often = np.bincount(each[each >= 2], minlength=3)
    usual = len(often) - 1 - np.argmax(often[::-1])  # of two as common, the larger
    return np.asarray(counts[each == usual])


def _left_out(answered: Counts, used: Counts) -> str:
    if len(used) == len(answered):
        return ""
    return f"Over the {len(used):,} of {len(answered):,} images with {used[0].sum()} answers: it needs as many on each."


_STATISTICS: Sequence[_Statistic] = (
    _Statistic("percent", NOMINAL, _percent, resampling.percent, _no_pairs),
    _Statistic("alpha_nominal", NOMINAL, alpha.coefficient, alpha.by_pattern, _no_variety),
    _Statistic(
        "alpha_ordinal",
        ORDINAL,
        lambda counts: alpha.coefficient(counts, "ordinal"),
        lambda patterns, freqs: alpha.by_pattern(patterns, freqs, "ordinal"),
        _no_order(_no_variety),
    ),
    _Statistic(
        "fleiss",
        NOMINAL,
        lambda counts: float(fleiss_kappa(counts)),
        resampling.fleiss,
        _no_variety,
        _complete,
    ),
    _Statistic("ac1", NOMINAL, gwet.coefficient, gwet.by_pattern, _no_pairs),
    _Statistic(
        "ac2",
        ORDINAL,
        lambda counts: gwet.coefficient(counts, "ordinal"),
        lambda patterns, freqs: gwet.by_pattern(patterns, freqs, "ordinal"),
        _no_order(_no_pairs),
    ),
)
STATISTICS = tuple(statistic.name for statistic in _STATISTICS)
