"""The blend as one would write it in a script: scikit-learn, LightGBM, Optuna, of this project only the input.

The same models in the same nested folds: eight logistic heads and one on the verdict with their penalty by grouped
folds, eight boosted heads, one boosted model with a search of four trials, scales and components inside each fold,
weights and Platt's line from what is out of fold. Soft targets by the usual way: each row twice, weighted.
"""

from collections.abc import Callable

import numpy as np
import optuna
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from ranking.learning.labels import Labels
from ranking.learning.lightgbm_library import lightgbm
from ranking.learning.table import FeatureTable

Values = NDArray[np.float64]
Model = Callable[[Values], Values]
PENALTIES, ROUNDS, TRIALS = (300.0, 100.0, 30.0, 10.0), 300, 4


def train(table: FeatureTable, labels: Labels) -> Callable[[FeatureTable], Values]:
    """Five outer folds for the weights, then everything once more."""
    rows = table.rows_of(labels.candidates)
    raw, groups = features(table), labels.products
    soft = labels.soft
    held = np.zeros((len(rows), 4))
    for learned, aside in GroupKFold(5).split(rows, groups=groups):
        seen = ~np.isin(table.products, np.unique(groups[aside]))
        prepare = preparation(raw, seen)
        x = prepare(raw)[rows]
        models = parts(x[learned], labels.take(learned))
        held[aside] = np.column_stack([model(x[aside]) for model in models])
    weigher = logistic(held, soft, 1.0)
    line = LogisticRegression(C=100.0).fit(weigher(held)[:, None], labels.passed)
    prepare = preparation(raw, np.ones(len(table), bool))
    models = parts(prepare(raw)[rows], labels)

    def predict(other: FeatureTable) -> Values:
        x = prepare(features(other))
        scores = weigher(np.column_stack([model(x) for model in models]))
        return np.asarray(line.predict_proba(scores[:, None])[:, 1])

    return predict


def features(table: FeatureTable) -> tuple[Values, Values]:
    """Metrics with what is relative to the product, and differences of embeddings."""
    metrics = table.parts["metrics"].astype(float)
    _, group = np.unique(table.products, return_inverse=True)
    counts = np.bincount(group)[:, None]
    means = np.zeros((len(counts), metrics.shape[1]))
    np.add.at(means, group, metrics)
    means = (means / counts)[group]
    ranks = np.empty_like(metrics)
    for one in range(len(counts)):
        mine = np.flatnonzero(group == one)
        ranks[mine] = (metrics[mine].argsort(axis=0).argsort(axis=0) + 0.5) / len(mine)
    spread = (metrics - metrics.mean(axis=0)) / metrics.std(axis=0)
    plain = np.hstack([spread.sum(axis=1, keepdims=True), metrics - means, ranks, means, table.parts["types"]])
    return plain, (table.part("emb.clip.candidate") - table.part("emb.clip.photos")).astype(float)


def preparation(raw: tuple[Values, Values], seen: NDArray[np.bool_]) -> Callable[[tuple[Values, Values]], Values]:
    scaler, pca = StandardScaler().fit(raw[0][seen]), PCA(24, whiten=True, random_state=0).fit(raw[1][seen])
    return lambda given: np.hstack([scaler.transform(given[0]), pca.transform(given[1])])


def parts(x: Values, labels: Labels) -> list[Model]:
    groups, beliefs, soft = labels.products, labels.beliefs, labels.soft
    heads = [anchored(x, beliefs[:, question], groups) for question in range(8)]
    settings = {**base(len(x)), "seed": 1}
    rounds = 120 if len(x) < 2_000 else 200
    trees = [lightgbm.train(settings, data(x, beliefs[:, question]), rounds) for question in range(8)]
    booster = searched(x, soft, groups, settings)
    return [
        lambda given: logit(np.prod([sigmoid(head(given)) for head in heads], axis=0)),
        lambda given: logit(np.prod([tree.predict(given) for tree in trees], axis=0)),
        lambda given: logit(booster.predict(given)),
        anchored(x, soft, groups),
    ]


def anchored(x: Values, target: Values, groups: NDArray[np.int64]) -> Model:
    """The first column, the sum, is made large, and so hardly penalised."""
    boost = np.r_[10.0, np.ones(x.shape[1] - 1)]
    losses = []
    for penalty in PENALTIES:
        loss = 0.0
        for learned, aside in GroupKFold(3).split(x, groups=groups):
            z = logistic(x[learned] * boost, target[learned], 1 / penalty)(x[aside] * boost)
            loss += float((np.logaddexp(0, z) - target[aside] * z).sum())
        losses.append(loss)
    best = logistic(x * boost, target, 1 / PENALTIES[int(np.argmin(losses))])
    return lambda given: best(given * boost)


def logistic(x: Values, target: Values, strength: float) -> Model:
    both, sides = np.vstack([x, x]), np.r_[np.ones(len(x)), np.zeros(len(x))]
    model = LogisticRegression(C=strength, max_iter=400)
    model.fit(both, sides, sample_weight=np.r_[target, 1 - target])
    return model.decision_function


def searched(x: Values, target: Values, groups: NDArray[np.int64], settings: dict) -> lightgbm.Booster:
    folds = list(GroupKFold(3).split(x, groups=groups))
    tried = []

    def measure(trial: optuna.Trial) -> float:
        some = {
            **settings,
            "num_leaves": trial.suggest_int("num_leaves", 4, 15),
            "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 5, 200),
            "lambda_l2": trial.suggest_float("lambda_l2", 1.0, 100.0, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.3, 0.9),
        }
        stop = lightgbm.early_stopping(20, verbose=False)
        losses = next(iter(lightgbm.cv(some, data(x, target), ROUNDS, folds=folds, callbacks=[stop]).values()))
        tried.append((losses[-1], len(losses), some))
        return losses[-1]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1)).optimize(measure, n_trials=TRIALS)
    _, rounds, some = min(tried, key=lambda one: one[0])
    return lightgbm.train(some, data(x, target), rounds)


def base(rows: int) -> dict:
    return {
        "objective": "cross_entropy", "learning_rate": 0.06, "num_leaves": 7, "lambda_l2": 10.0,
        "min_data_in_leaf": max(10, min(200, rows // 80)), "feature_fraction": 0.6, "bagging_fraction": 0.8,
        "bagging_freq": 1, "verbosity": -1, "num_threads": 1 if rows < 5_000 else 2, "max_bin": 63,
        "deterministic": True, "force_row_wise": True,
    }  # fmt: skip


def data(x: Values, target: Values) -> lightgbm.Dataset:
    return lightgbm.Dataset(x, target, params={"verbosity": -1, "feature_pre_filter": False, "max_bin": 63})


def sigmoid(z: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-z)))


def logit(chance: Values) -> Values:
    within = np.clip(chance, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(within / (1 - within)))
