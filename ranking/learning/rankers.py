"""All rankers by name, and how one is trained: cross-fitting by product, then once more on everything.

sum         CLIP-T + CLIP-I + DINO-I, as the paper ranks; calibrated, so that it may be compared
zsum        all metrics, each in its own standard deviations
linear      logistic on soft labels, anchored on the sum
heads       a logistic for each question, anchored on the z-sum, multiplied
lightgbm    boosted trees, monotone in the metrics, soft labels
lambdarank  boosted trees on the order within products
blend       heads, trees for each question, lightgbm and linear, weighed by nested grouped cross-validation
default     below 100 labels zsum, then heads, from 1,000 the blend; a richer one only if out of fold it orders the
            images of a product better than a plainer one
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ranking.learning import linear, recording
from ranking.learning.base import Progress, silent
from ranking.learning.blending import blend_weights
from ranking.learning.calibration import ISOTONIC_FROM, Calibration, isotonic, platt
from ranking.learning.checking import within_concordance
from ranking.learning.deriving import derive
from ranking.learning.exceptions import CannotLearn
from ranking.learning.fitted import FittedRanker
from ranking.learning.folds import Rows, splits
from ranking.learning.labels import Labels, Values
from ranking.learning.logistic import sigmoid
from ranking.learning.preparing import Preparation, prepare
from ranking.learning.problems import Problem, by_product
from ranking.learning.recording import Trained
from ranking.learning.scorers import Part
from ranking.learning.table import FeatureTable
from ranking.learning.threads import one_thread
from ranking.learning.trees import LambdaRankLearner, TreeHeadsLearner, TreeLearner

COMPONENTS = 24  # of each embedding
LEAST_LABELS = 20  # for anything that is learned
HEADS_FROM, BLEND_FROM = 100, 1_000  # labels
MARGIN = 0.0  # of AUC within products that a richer recipe must be better by


class PartLearner(Protocol):
    """How one part of a ranker is learned."""

    @property
    def name(self) -> str: ...

    def fit(self, problem: Problem, seed: int) -> Part: ...


SUM, ZSUM = linear.SUMS
BLEND: tuple[PartLearner, ...] = (linear.HEADS, TreeHeadsLearner(), TreeLearner(), linear.LINEAR)
RECIPES: dict[str, tuple[PartLearner, ...]] = {
    "sum": (SUM,),
    "zsum": (ZSUM,),
    "linear": (linear.LINEAR,),
    "heads": (linear.HEADS,),
    "lightgbm": (TreeLearner(),),
    "lambdarank": (LambdaRankLearner(),),
    "blend": BLEND,
}
UNLEARNED = ("sum", "zsum")
NAMES = (*RECIPES, "default")


@dataclass(frozen=True)
class Learning:
    """Cross-fits every part that any of `recipes` (plainest first) needs, takes the best recipe, and fits it whole.

    A name in `recipes` is one of RECIPES. With `calibration` "isotonic" it is asked for; "platt" is the default.
    """

    name: str
    recipes: tuple[str, ...]
    components: int = COMPONENTS
    calibration: str = "platt"

    def fit(self, table: FeatureTable, labels: Labels, seed: int, progress: Progress = silent) -> FittedRanker:
        """See `ranking.learning.base.Learner`. The same table, labels and seed give the same ranker to the byte."""
        with one_thread():
            return self._fit(table, labels, seed, progress)

    def _fit(self, table: FeatureTable, labels: Labels, seed: int, progress: Progress) -> FittedRanker:
        recipes, notes = _possible(self.recipes, labels)
        # Sums look at no embedding: nothing is projected for them.
        components = 0 if set(recipes) <= set(UNLEARNED) else self.components
        material = _Material(derive(table.light()), by_product(labels), components, seed)
        learners = list({part.name: part for recipe in recipes for part in RECIPES[recipe]}.values())
        folds = splits(material.labels.products, fold_count(len(labels)), seed)
        steps = _Steps(progress, len(folds) * len(learners) + len(RECIPES[recipes[-1]]))
        crossed = _cross_fit(material, learners, folds, steps)
        known = Problem(np.zeros((len(labels), 0)), (), material.labels)
        chosen, figures = choose(recipes, crossed, known)
        if chosen != recipes[-1]:
            notes.append(f"{recipes[-1]} does not order a product's images better than {chosen}, out of fold.")
        out_of_fold = [crossed[part.name] for part in RECIPES[chosen]]
        weights = blend_weights(out_of_fold, known)
        logits = _weighted(weights, out_of_fold)
        calibration = self._calibrate(logits, known)
        preparation, taught = material.taught(material.table, material.labels)
        parts = []
        for part in RECIPES[chosen]:
            steps.next(f"all labels: {part.name}")
            parts.append(part.fit(taught, seed))
        steps.end()
        chances = sigmoid(self._unseen(recipes, crossed, known, folds))
        config = {"recipes": recipes, "components": components, "calibration": self.calibration, "folds": len(folds)}
        trained = Trained(self.name, chosen, seed, material.table, material.labels, notes, figures, chances, config)
        return FittedRanker(
            self.name if self.name == chosen else f"{self.name}: {chosen}",
            preparation,
            tuple(parts),
            weights,
            calibration,
            recording.told(trained, preparation, weights),
            material.labels.candidates,
            chances,
        )

    def _calibrate(self, logits: Values, problem: Problem) -> Calibration:
        way = isotonic if self.calibration == "isotonic" else platt
        return way(logits, problem.labels.passed, problem.weights)

    def _unseen(
        self, recipes: Sequence[str], crossed: dict[str, Values], problem: Problem, folds: Sequence[tuple[Rows, Rows]]
    ) -> Values:
        """(n): calibrated logits whose recipe, weights and calibration know nothing of the held products.

        Fitted on the other folds' logits: with those of all rows, figures and the gate would be told a little too well.
        """
        made = np.zeros(len(problem.labels))
        for train, held in folds:
            others = train if len(train) else held
            part = problem.take(others)
            chosen, _ = choose(recipes, {name: logits[others] for name, logits in crossed.items()}, part)
            logits = [crossed[one.name] for one in RECIPES[chosen]]
            weights = blend_weights([each[others] for each in logits], part)
            way = self if len(others) >= ISOTONIC_FROM else replace(self, calibration="platt")
            calibration = way._calibrate(_weighted(weights, [each[others] for each in logits]), part)
            made[held] = calibration(_weighted(weights, [each[held] for each in logits]))
        return made


@dataclass(frozen=True)
class Default:
    """Switches by the number of labels; see this module's docstring."""

    name: str = "default"

    def fit(self, table: FeatureTable, labels: Labels, seed: int, progress: Progress = silent) -> FittedRanker:
        recipes = ["zsum"]
        if len(labels) >= HEADS_FROM:
            recipes.append("heads")
        if len(labels) >= BLEND_FROM:
            recipes.append("blend")
        return Learning(self.name, tuple(recipes)).fit(table, labels, seed, progress)


def learner(name: str) -> Learning | Default:
    """A learner by its name. Raises CannotLearn naming those there are."""
    if name == "default":
        return Default()
    if name not in RECIPES:
        raise CannotLearn(f"There is no ranker {name}; there are {', '.join(NAMES)}.")
    return Learning(name, (name,))


def fold_count(labels: int) -> int:
    """More labels need fewer folds to tell the same."""
    return 5 if labels < 20_000 else 3


class _Steps:
    """Progress that never goes beyond its end: of a plainer recipe fewer parts are fitted."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def next(self, doing: str) -> None:
        self.progress(self.done, self.total, doing)
        self.done += 1

    def end(self) -> None:
        self.progress(self.total, self.total, "done")


@dataclass(frozen=True)
class _Material:
    """What is learned from: a derived table, and labels sorted by product."""

    table: FeatureTable
    labels: Labels
    components: int
    seed: int

    def taught(self, table: FeatureTable, labels: Labels) -> tuple[Preparation, Problem]:
        """Numbers prepared on this part alone."""
        preparation = prepare(table, self.components)
        return preparation, Problem(_rows(preparation, table, labels), preparation.names, labels)


def _possible(recipes: Sequence[str], labels: Labels) -> tuple[list[str], list[str]]:
    """The recipes that these labels allow, and a note on each that they do not. Raises CannotLearn for none."""
    lacking = _lacking(labels)
    if not len(labels):
        raise CannotLearn("There are no labels to learn from; rate some images first.")
    if not lacking:
        return list(recipes), []
    allowed = [recipe for recipe in recipes if recipe in UNLEARNED]
    if not allowed:
        raise CannotLearn(f"{recipes[-1]} cannot be trained: {lacking}")
    return allowed, [f"Only {allowed[-1]} is possible: {lacking}"]


def _lacking(labels: Labels) -> str:
    passed, count, products = int(labels.passed.sum()), len(labels), len(np.unique(labels.products))
    if count < LEAST_LABELS:
        return f"{count} labels are too few; {LEAST_LABELS} are the least, and 100 make sense."
    if passed in (0, count):
        which = "passed" if passed else "failed"
        return f"all {count} labelled images {which}, and learning needs both; rate more images."
    if products < 2:
        return "all labels are of one product, and a ranker is for others; rate images of more products."
    return ""


def _cross_fit(
    material: _Material, learners: Sequence[PartLearner], folds: Sequence[tuple[Rows, Rows]], steps: _Steps
) -> dict[str, Values]:
    """{part: (n) out-of-fold logits}: scales, projections, settings and models all know nothing of the held product.

    A single product cannot be held out; only sums come so far with one, and they learn nothing.
    """
    table, labels = material.table, material.labels
    made = {part.name: np.zeros(len(labels)) for part in learners}
    for number, (train, held) in enumerate(folds, start=1):
        aside = np.isin(table.products, labels.products[held])
        learned = train if len(train) else held
        preparation, taught = material.taught(table.take(~aside) if len(train) else table, labels.take(learned))
        x = _rows(preparation, table.take(aside), labels.take(held))
        for part in learners:
            steps.next(f"fold {number} of {len(folds)}: {part.name}")
            made[part.name][held] = part.fit(taught, material.seed).logits(x)
    return made


def _rows(preparation: Preparation, table: FeatureTable, labels: Labels) -> Values:
    """The matrix of the labelled rows. Their products are prepared whole: what is relative was derived before."""
    return preparation.matrix(table.take(table.rows_of(labels.candidates)))


def _weighted(weights: Values, logits: Sequence[Values]) -> Values:
    total = np.zeros(len(logits[0]))
    for weight, each in zip(weights, logits, strict=True):
        total += weight * each
    return total


def choose(recipes: Sequence[str], crossed: dict[str, Values], problem: Problem) -> tuple[str, dict[str, float]]:
    """The richest recipe that orders a product's images better than every plainer one, out of fold; the figures."""
    figures = {}
    for recipe in recipes:
        logits = [crossed[part.name] for part in RECIPES[recipe]]
        scores = _weighted(blend_weights(logits, problem), logits)
        figures[recipe] = within_concordance(scores, problem.labels.soft, problem.labels.products)
    chosen = recipes[0]
    for recipe in recipes[1:]:
        if not figures[recipe] < figures[chosen] + MARGIN:  # also where no product has both: then by count alone
            chosen = recipe
    return chosen, figures
