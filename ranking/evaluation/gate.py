"""May this candidate become champion? The rule, its figures, and its reasons in sentences.

On products that neither ranker has learned from, on the same resamples of products for both:
better order inside products (one-sided 95 %), the picked top N not worse by two points (90 %), calibration not worse
beyond a margin, and no product type worse beyond a margin. An operator may override; that is not decided here.
Calibration and types are held by what is shown, not by what is guessed: a point figure beyond the margin stops a
candidate only if the resamples agree that it is worse at all, as ten products of a type scatter more than any margin.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranking.evaluation import bootstrap, figures
from ranking.evaluation.bootstrap import Counts, Estimate, Form, Interval
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.judged import Judged, Values, checked
from ranking.evaluation.splits import LEAST_FROZEN, evidence


@dataclass(frozen=True)
class Rule:
    """The rule's numbers; margins are in shares (0.02 is two points)."""

    n: int = 3
    auc_confidence: float = 0.95
    top_margin: float = 0.02
    top_confidence: float = 0.90
    calibration_margin: float = 0.02
    type_margin: float = 0.05
    harm_confidence: float = 0.95
    least_products: int = LEAST_FROZEN
    least_of_type: int = 10
    resamples: int = 4000
    form: Form = "expanded"

    def __post_init__(self) -> None:
        for name in ("auc_confidence", "top_confidence", "harm_confidence"):
            if not 0.5 < getattr(self, name) < 1:
                raise CannotEvaluate(f"{name} is {getattr(self, name)}; a confidence lies above 0.5 and below 1.")
        if self.n < 1 or min(self.top_margin, self.calibration_margin, self.type_margin) < 0:
            raise CannotEvaluate("The gate needs at least one pick for each product, and margins of 0 or more.")


@dataclass(frozen=True)
class Check:
    """One condition. `change` is candidate less champion, `bound` the side that decided, None without any."""

    name: str
    passed: bool
    change: float | None
    bound: float | None
    sentence: str


@dataclass(frozen=True)
class Decision:
    """What the gate says, and why; `basis` is "frozen" or "out of fold"."""

    promote: bool
    checks: tuple[Check, ...]
    basis: str
    products: int
    candidates: int

    @property
    def reasons(self) -> list[str]:
        """The sentences: of what failed, or of all that held."""
        return [check.sentence for check in self.checks if self.promote or not check.passed]

    def plain(self) -> dict[str, Any]:
        """As JSON, for the registry."""
        return asdict(self)


@dataclass(frozen=True)
class Scores:
    """Both rankers' calibrated probabilities for the same judged candidates (n)."""

    champion: Values
    candidate: Values

    @classmethod
    def build(cls, champion: ArrayLike, candidate: ArrayLike, judged: Judged) -> "Scores":
        both = [
            checked(scores, judged, name) for name, scores in (("The champion", champion), ("The candidate", candidate))
        ]
        for name, scores in zip(("champion", "candidate"), both, strict=True):
            if ((scores < 0) | (scores > 1)).any():
                raise CannotEvaluate(f"The {name}'s scores are no probabilities; the gate compares calibrated ones.")
        return cls(*both)

    def change(self, build: figures.Build, judged: Judged) -> Estimate:
        """Candidate less champion."""
        return figures.difference(build(self.candidate, judged), build(self.champion, judged))


def decide(  # noqa: PLR0913 - each is a part of the question
    champion: ArrayLike,
    candidate: ArrayLike,
    judged: Judged,
    *,
    types: ArrayLike | None = None,
    names: Mapping[int, str] | None = None,
    rule: Rule | None = None,
    seed: int = 0,
) -> Decision:
    """Compares both rankers' probabilities (n) of the same judged candidates, all of products new to both.

    types (n) are the products' types as ids, `names` what to call them. With fewer products than the rule asks for, the
    scores must be out of fold over all labelled products, and the decision says so.
    """
    rule = rule or Rule()
    scores = Scores.build(champion, candidate, judged)
    counts = bootstrap.resample(len(judged.ids), seed=seed, resamples=rule.resamples)
    checks = [
        _order(scores, judged, counts, rule),
        _picked(scores, judged, counts, rule),
        _calibration(scores, judged, counts, rule),
        *_types(scores, judged, counts, rule, _positions(types, judged), names or {}),
    ]
    basis = evidence(len(judged.ids), rule.least_products)
    return Decision(all(check.passed for check in checks), tuple(checks), basis, len(judged.ids), len(judged))


def _positions(types: ArrayLike | None, judged: Judged) -> NDArray[np.int64]:
    values = np.zeros(len(judged), np.int64) if types is None else np.asarray(types, np.int64)
    if values.shape != (len(judged),):
        raise CannotEvaluate(f"{values.shape} product types do not fit {len(judged)} judged candidates.")
    return values


def _bounds(estimate: Estimate, judged: Judged, counts: Counts, confidence: float, form: Form) -> Interval:
    """The figure with one-sided bounds on either side."""
    value = figures.value_of(estimate, judged)
    return bootstrap.between(value, estimate, counts, tails=(1 - confidence, confidence), form=form)


def _order(scores: Scores, judged: Judged, counts: Counts, rule: Rule) -> Check:
    found = _bounds(scores.change(figures.auc_within, judged), judged, counts, rule.auc_confidence, rule.form)
    if found.value is None or found.low is None:
        said = "No product has passing and failing images enough to compare orders; have more images rated."
        return Check("order", False, found.value, None, said)
    sure = f"{rule.auc_confidence:.0%}"
    change = f"Within-product AUC changes by {found.value:+.3f}"
    if found.low > 0:
        said = f"{change}, with {sure} confidence by at least {found.low:+.3f}: the order inside products is better."
    elif found.value > 0:
        said = f"{change}, with {sure} confidence only by at least {found.low:+.3f}: it is not shown to be better."
    else:
        said = f"{change}: the order inside products is not better."
    return Check("order", found.low > 0, found.value, found.low, said)


def _picked(scores: Scores, judged: Judged, counts: Counts, rule: Rule) -> Check:
    found = _bounds(scores.change(figures.top(rule.n), judged), judged, counts, rule.top_confidence, rule.form)
    if found.value is None or found.low is None:
        said = f"The pass rate of the picked {rule.n} has no interval; have images of more products rated."
        return Check("picked", False, found.value, None, said)
    held = found.low >= -rule.top_margin
    change = f"The pass rate of the picked {rule.n} changes by {_points(found.value)}"
    bound = f"with {rule.top_confidence:.0%} confidence by at least {_points(found.low)}"
    end = "at most" if held else "more than"
    said = f"{change}, {bound}: {end} {_size(rule.top_margin)} worse."
    if found.low > 0:
        said = f"{change}, {bound}: better."
    return Check("picked", held, found.value, found.low, said)


def _calibration(scores: Scores, judged: Judged, counts: Counts, rule: Rule) -> Check:
    found = _bounds(scores.change(figures.ece, judged), judged, counts, rule.harm_confidence, rule.form)
    held = not _harm(found.value, found.low, rule.calibration_margin)
    change = "Calibration error cannot be compared" if found.value is None else f"ECE changes by {found.value:+.3f}"
    margin = f"the margin is {rule.calibration_margin:+.3f}"
    said = f"{change}: calibration is {'not worse' if held else 'worse'} beyond what is allowed; {margin}."
    return Check("calibration", held, found.value, found.low, said)


def _types(  # noqa: PLR0913, PLR0917 - the question's parts
    scores: Scores,
    judged: Judged,
    counts: Counts,
    rule: Rule,
    types: NDArray[np.int64],
    names: Mapping[int, str],
) -> list[Check]:
    """One check a product type with products enough, and one sentence on those without.

    The chance of a false alarm is shared out among the types (Bonferroni): with many of them, one looks worse by luck.
    """
    present = [int(number) for number in np.unique(types)]
    sizes = {number: len(np.unique(judged.products[types == number])) for number in present}
    tested = [number for number in present if len(present) > 1 and sizes[number] >= rule.least_of_type]
    confidence = 1 - (1 - rule.harm_confidence) / max(1, len(tested))
    checks, called = [], {number: names.get(number, f"type {number}") for number in present}
    for number in tested:
        mine = types == number
        part = judged.take(mine)
        change = Scores(scores.champion[mine], scores.candidate[mine]).change(figures.auc_within, part)
        own = counts[:, np.searchsorted(judged.ids, part.ids)]
        found = _bounds(change, part, own, confidence, rule.form)
        checks.append(_one_type(called[number], found, rule.type_margin))
    few = [f"{called[number]} ({sizes[number]})" for number in present if len(present) > 1 and number not in tested]
    if few:
        listed = ", ".join(few)
        said = f"Not judged by themselves, as they have fewer than {rule.least_of_type} products: {listed}."
        checks.append(Check("types", True, None, None, said))
    return checks


def _one_type(name: str, found: Interval, margin: float) -> Check:
    if found.value is None or found.high is None:
        said = f"{name}: passing and failing images are too few to compare orders."
        return Check("types", True, found.value, None, said)
    held = not _harm(-found.value, -found.high, margin)
    verdict = "not worse" if held else "worse"
    said = f"{name}: within-product AUC changes by {found.value:+.3f}, {verdict} beyond the margin of {margin}."
    return Check("types", held, found.value, found.high, said)


def _harm(worse: float | None, surely: float | None, margin: float) -> bool:
    """Whether a figure is worse by more than the margin, and surely worse at all."""
    return worse is not None and surely is not None and worse > margin and surely > 0


def _points(share: float) -> str:
    return f"{100 * share:+.1f} points"


def _size(share: float) -> str:
    return f"{100 * share:g} points"
