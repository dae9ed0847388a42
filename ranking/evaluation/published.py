"""Published judgements of real images, as feature tables and labels: does a ranker hold on what people really said?

VIEScore's subject editing (Ku et al., ACL 2024): 462 images of 22 subjects, CLIP-I, DINO and seven judge models, three
raters. TIFA (Hu et al., ICCV 2023): 800 images of 160 prompts, ten metrics, two raters. Both are read from one CSV each
and never change; what is computed is grouped by subject or prompt, as everything here is.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ranking.evaluation import bootstrap, figures
from ranking.evaluation.bootstrap import Interval
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.judged import Judged, Values
from ranking.evaluation.splits import grouped_folds, out_of_fold
from ranking.learning.base import Learner
from ranking.learning.labels import Labels
from ranking.learning.table import JUDGES, METRICS, FeatureTable

JUDGE_MODELS = ("gpt4o", "gpt4v", "gemini", "llava", "qwenvl", "blip2", "instructblip")
TIFA_METRICS = (
    "meteor", "bleu", "rouge", "spice", "clipscore_vitb32",
    "tifa_vilt", "tifa_git-large", "tifa_ofa-large", "tifa_blip2-flant5xl", "tifa_mplug-large",
)  # fmt: skip
# From which judgement an image counts as passing: the raters' strict rule leaves 9 of 462 of the one, and the other has
# no verdicts at all.
VIESCORE_PASSES, TIFA_PASSES = 0.5, 4.0
Scored = Callable[["Published"], Values]  # summed, ridge
_PENALTIES = np.logspace(-2, 4, 25)


@dataclass(frozen=True)
class Published:
    """A table with its labels in the same order of rows; `judgement` (n) is the mean over raters, in 0..1.

    votes (n, raters) are the raters' own verdicts.
    """

    name: str
    table: FeatureTable
    labels: Labels
    judgement: Values
    votes: NDArray[np.float64]

    @property
    def judged(self) -> Judged:
        """With the judgement as share: what Pearson and Spearman are measured with."""
        return Judged.build(self.labels.products, self.labels.passed, share=self.judgement)

    @property
    def features(self) -> Values:
        """(n, d): NaN where a judge gave no answer."""
        return self.table.values.astype(np.float64)


def viescore(path: Path, *, judges: bool = True) -> Published:
    """Subject editing; without judges only CLIP-I and DINO. Raises CannotEvaluate for another file."""
    rows = _read(path)
    raters = range(1, 4)
    own = np.sqrt(
        np.column_stack([_column(rows, f"sc_r{k}") * _column(rows, f"pq_r{k}") for k in raters])
    )  # (n, 3): the published overall score of each rater
    judgement = own.mean(axis=1)
    questions = np.column_stack([_column(rows, "human_sc"), _column(rows, "human_pq")])
    blocks: dict[str, tuple[Sequence[str], Values]] = {
        METRICS: (("clip_i", "dino_i"), np.column_stack([_column(rows, "CLIP_I"), _column(rows, "DINO")]))
    }
    if judges:
        names = [f"{model}_0shot_{part}" for model in JUDGE_MODELS for part in ("sc", "pq")]
        blocks[JUDGES] = (names, np.column_stack([_column(rows, name) for name in names]))
    name = "VIEScore, 16 features" if judges else "VIEScore, 2 metrics"
    products = _groups(rows, "subject")
    labels = Labels.build(
        np.arange(len(rows)), products, judgement >= VIESCORE_PASSES, share=judgement, questions=questions
    )
    table = FeatureTable.build(blocks, products, labels.candidates)
    return Published(name, table, labels, judgement, (own >= VIESCORE_PASSES).astype(float))


def tifa(path: Path) -> Published:
    """Text to image; raters answered from 1 to 5. Raises CannotEvaluate for another file."""
    rows = _read(path)
    mean = _column(rows, "human_avg")
    own = np.column_stack([_column(rows, "rater_a"), _column(rows, "rater_b")])
    values = np.column_stack([_column(rows, name) for name in TIFA_METRICS])
    products, judgement = _groups(rows, "prompt_id"), (mean - 1) / 4
    labels = Labels.build(np.arange(len(rows)), products, mean >= TIFA_PASSES, share=judgement)
    table = FeatureTable.build({METRICS: (TIFA_METRICS, values)}, products, labels.candidates)
    return Published("TIFA", table, labels, judgement, (own >= TIFA_PASSES).astype(float))


def summed(data: Published, folds: int = 5, seed: int | None = None) -> Values:
    """(n): all features added, each in standard deviations of the folds it is not tested on.

    In their own units the feature with the largest numbers would be the sum: CLIPScore here is near 30, others below 1.
    """
    return _over_folds(data, folds, seed, lambda _, __, held: np.asarray(held.sum(axis=1)))


def ridge(data: Published, folds: int = 5, seed: int | None = None) -> Values:
    """(n): ridge regression on the judgement, its penalty chosen inside the folds that it learns from."""

    def fitted(known: Values, judgement: Values, held: Values) -> Values:
        return np.asarray(RidgeCV(_PENALTIES).fit(known, judgement).predict(held))

    return _over_folds(data, folds, seed, fitted)


def learned(data: Published, learner: Learner, folds: int = 5, seed: int = 0) -> Values:
    """(n): a learner's probabilities, each by a ranker that saw nothing of its subject or prompt."""
    return out_of_fold(learner, data.table, data.labels, folds=folds, seed=seed)


@dataclass(frozen=True)
class Beside:
    """One ranker's correlation with the judgement, and its difference to the sum's, with intervals over groups."""

    name: str
    pearson: Interval
    spearman: Interval
    gain: Interval

    @property
    def below_the_sum(self) -> bool:
        """By more than its interval."""
        return self.gain.below_zero


def beside_the_sum(
    data: Published, scores: Mapping[str, Values], base: Values, *, seed: int = 0, resamples: int = 1000
) -> list[Beside]:
    """Every ranker's scores (n) against the sum's, paired on the same resamples of groups."""
    judged = data.judged
    counts = bootstrap.resample(len(judged.ids), seed=seed, resamples=resamples)
    reference = figures.pearson_share(base, judged)
    found = []
    for name, mine in {"sum": base, **scores}.items():
        own = figures.pearson_share(mine, judged)
        measured = (own, figures.spearman(mine, judged), figures.difference(own, reference))
        found.append(Beside(name, *(bootstrap.interval(estimate, counts) for estimate in measured)))
    return found


def _over_folds(
    data: Published, folds: int, seed: int | None, scored: Callable[[Values, Values, Values], Values]
) -> Values:
    values, scores = data.features, np.full(len(data.judgement), np.nan)
    for learned_from, tested in grouped_folds(data.labels.products, folds, seed):
        prepared = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(values[learned_from])
        known, held = prepared.transform(values[learned_from]), prepared.transform(values[tested])
        scores[tested] = scored(known, data.judgement[learned_from], held)
    return scores


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise CannotEvaluate(f"There is no table at {path}; name the folder that holds it.")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise CannotEvaluate(f"{path.name} has no rows.")
    return rows


def _column(rows: Sequence[Mapping[str, str]], name: str) -> Values:
    if name not in rows[0]:
        raise CannotEvaluate(f"The table has no column {name}; it has {', '.join(rows[0])}.")
    return np.array([float(row[name]) if row[name] else np.nan for row in rows])


def _groups(rows: Sequence[Mapping[str, str]], name: str) -> NDArray[np.int64]:
    if name not in rows[0]:
        raise CannotEvaluate(f"The table has no column {name}; it has {', '.join(rows[0])}.")
    return np.unique([row[name] for row in rows], return_inverse=True)[1].astype(np.int64)
