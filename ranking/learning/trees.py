"""Boosted trees by LightGBM: monotone in the metrics on soft labels, one for each question, and LambdaRank.

Bounded on purpose: few leaves, strong shrinkage. The search for better settings (Optuna) and the number of rounds see
grouped folds of the training rows alone. The number of threads is fixed by the number of rows: the same data and seed
give the same text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray

from ranking.learning.folds import sample_products, splits
from ranking.learning.labels import Values
from ranking.learning.lightgbm_library import lightgbm
from ranking.learning.preparing import SUM, ZSUM
from ranking.learning.problems import Problem
from ranking.learning.scorers import Part, Trees

Settings = dict[str, Any]

INNER_FOLDS = 3
TRIALS = 4  # of the search, the settings as they are among them
MOST_ROUNDS = 300
PATIENCE = 20  # rounds without a better figure
SEARCHED = ("num_leaves", "min_data_in_leaf", "lambda_l2", "feature_fraction")
BINS = 63  # of a column: half the time of 255, and no worse
MOST_ROWS = 8_000  # that settings are searched on
HEAD_ROUNDS = 120, 200  # below and from 2,000 rows


@dataclass(frozen=True)
class TreeLearner:
    """Cross-entropy on the soft verdict."""

    name: str = "lightgbm"

    def fit(self, problem: Problem, seed: int) -> Part:
        settings, rounds = search(problem, TRIALS, seed)
        booster = lightgbm.train(settings, _data(problem, problem.labels.soft), rounds)
        return Part(self.name, (Trees(booster.model_to_string()),))


@dataclass(frozen=True)
class TreeHeadsLearner:
    """One for each question, multiplied; the verdict alone where no question was asked."""

    name: str = "tree heads"

    def fit(self, problem: Problem, seed: int) -> Part:
        settings, rounds = _settings(problem, seed), _head_rounds(problem)
        targets = [problem.belief(question) for question in problem.asked] or [problem.labels.soft]
        data = _data(problem, targets[0]).construct()
        scorers = []
        for target in targets:
            data.set_label(target)
            scorers.append(Trees(lightgbm.train(settings, data, rounds).model_to_string()))
        return Part(self.name, tuple(scorers))


@dataclass(frozen=True)
class LambdaRankLearner:
    """Orders images within a product by grade: 0 for the worst soft label to 4 for the best."""

    name: str = "lambdarank"

    def fit(self, problem: Problem, seed: int) -> Part:
        settings = {
            **_settings(problem, seed), "objective": "lambdarank",
            "lambdarank_truncation_level": 8, "label_gain": [0, 1, 2, 3, 4],
        }  # fmt: skip
        sizes = np.bincount(problem.groups)
        data = _data(problem, np.round(4 * problem.labels.soft), group=sizes)
        booster = lightgbm.train(settings, data, 150 if len(problem.x) < 2_000 else 300)
        return Part(self.name, (Trees(booster.model_to_string()),))


def search(problem: Problem, trials: int, seed: int) -> tuple[Settings, int]:
    """Settings and rounds that predict held-out products best; the first trial is the settings as they are."""
    start = _settings(problem, seed)
    rows = sample_products(problem.labels.products, MOST_ROWS, seed)
    part = problem.take(rows)
    if len(np.unique(part.labels.products)) < 2:
        return start, _head_rounds(problem)
    folds = splits(part.labels.products, INNER_FOLDS, seed)
    tried: list[tuple[float, int, Settings]] = []

    def measure(trial: optuna.Trial) -> float:
        settings = {**start, **_suggest(trial, len(problem.x))}
        tried.append((*_held_out(part, settings, folds), settings))
        return tried[-1][0]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=3))
    study.enqueue_trial({name: start[name] for name in SEARCHED})
    study.optimize(measure, n_trials=trials)
    _, rounds, settings = min(tried, key=lambda one: one[0])
    return settings, rounds


def _suggest(trial: optuna.Trial, rows: int) -> Settings:
    least = _least_leaf(rows)
    return {
        "num_leaves": trial.suggest_int("num_leaves", 4, 15),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", max(5, least // 2), 3 * least),
        "lambda_l2": trial.suggest_float("lambda_l2", 1.0, 100.0, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.3, 0.9),
    }


def _held_out(
    part: Problem, settings: Settings, folds: list[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> tuple[float, int]:
    """(loss, rounds): cross-entropy of held-out products at the best number of rounds."""
    told: Mapping[str, Any] = lightgbm.cv(
        dict(settings), _data(part, part.labels.soft), MOST_ROUNDS, folds=folds,
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )  # fmt: skip
    losses = next(values for name, values in told.items() if name.endswith("-mean"))
    return float(losses[-1]), max(10, len(losses))


def _settings(problem: Problem, seed: int) -> Settings:
    rows = len(problem.x)
    return {
        "objective": "cross_entropy", "learning_rate": 0.06, "num_leaves": 7, "lambda_l2": 10.0,
        "min_data_in_leaf": _least_leaf(rows), "feature_fraction": 0.6,
        "bagging_fraction": 0.8, "bagging_freq": 1,
        "monotone_constraints": monotone(problem.names),
        "seed": seed, "deterministic": True, "force_row_wise": True, "verbosity": -1,
        "num_threads": 1 if rows < 5_000 else 2,
    }  # fmt: skip


def monotone(names: tuple[str, ...]) -> list[int]:
    """(d): 1 for what metrics and judges say, of which more is better; 0 for the rest."""
    return [int(name in (SUM, ZSUM) or name.startswith("relative.")) for name in names]


def _head_rounds(problem: Problem) -> int:
    return HEAD_ROUNDS[len(problem.x) >= 2_000]


def _least_leaf(rows: int) -> int:
    return max(10, min(200, rows // 80))


def _data(problem: Problem, target: Values, group: NDArray[np.intp] | None = None) -> lightgbm.Dataset:
    settings = {"verbosity": -1, "feature_pre_filter": False, "max_bin": BINS}
    return lightgbm.Dataset(
        problem.x, target, weight=problem.weights, group=group, params=settings, free_raw_data=False
    )
