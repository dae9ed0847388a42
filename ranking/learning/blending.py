"""How much each part of a blend counts: weights from out-of-fold logits, pulled towards equal ones.

Fitted with an effect for each product, so that a part counts for telling images of one product apart, which is what
ranking is for; what a whole product is worth is left to the calibration.
"""

from collections.abc import Sequence

import numpy as np

from ranking.learning import logistic
from ranking.learning.calibration import platt
from ranking.learning.labels import Values
from ranking.learning.linear import EFFECTS
from ranking.learning.logistic import Task
from ranking.learning.problems import Problem

PULL = 30.0  # towards equal weights


def blend_weights(out_of_fold: Sequence[Values], problem: Problem) -> Values:
    """(parts): of the parts' own logits, none negative. One part alone has weight 1.

    Each part's logits are first put on one scale by their own calibration.
    """
    if len(out_of_fold) == 1:
        return np.ones(1)
    lines = [platt(logits, problem.labels.passed, problem.weights) for logits in out_of_fold]
    scaled = np.column_stack([line.slope * logits for line, logits in zip(lines, out_of_fold, strict=True)])
    middle = scaled.mean(axis=1)
    x = np.column_stack([middle, scaled - middle[:, None]])
    penalties = np.r_[0.01, np.full(len(lines), PULL)]
    fit = logistic.fit(Task(x, problem.labels.soft, problem.weights, problem.groups), penalties, EFFECTS)
    apart = fit.coefficients[1:]
    shares = np.maximum(fit.coefficients[0] / len(lines) + apart - apart.mean(), 0.0)
    if not shares.sum() > 0:
        shares = np.ones(len(lines))
    return np.asarray(shares / shares.sum() * [line.slope for line in lines])
