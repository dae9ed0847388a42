"""Why a ranker gives an image its probability."""

import math

import numpy as np

from ranking.exceptions import BadWish, Refused
from ranking.learning.base import Contribution
from ranking.learning.explaining import grouped
from ranking.models import Explanation, Ranker
from ranking.running import defining, features, files

MOST = 200  # kept beside the base; the largest


def contributions(ranker: Ranker, candidate: int) -> list[Contribution]:
    """What each feature adds to the logit of one image's probability, largest first, the base last.

    The numbers of an embedding are told as one: nobody can read them singly. Raises BadWish, Damaged.
    """
    product = defining.measured().filter(pk=candidate).values_list("run__product", flat=True).first()
    if product is None:
        raise BadWish(f"Candidate {candidate} is not there, or was not measured: there is nothing to explain.")
    table = features.table_of(defining.definition_of(ranker), [product])
    row = int(table.rows_of(np.array([candidate], np.int64))[0])
    return grouped(files.fitted(ranker).explain(table, row))


def explain(ranker: Ranker, candidate: int) -> Explanation:
    """Keep the contributions for the candidate's page, or why there are none."""
    try:
        found = contributions(ranker, candidate)
    except Refused as refusal:
        told, problem = [], str(refusal)
    else:
        *own, base = found
        told, problem = [_plain(one) for one in (*own[:MOST], base)], ""
    return Explanation.objects.update_or_create(
        ranker=ranker, candidate_id=candidate, defaults={"contributions": told, "problem": problem}
    )[0]


def _plain(one: Contribution) -> dict[str, float | str | None]:
    value = None if math.isnan(one.value) else round(float(one.value), 6)
    return {"feature": one.feature, "value": value, "contribution": round(float(one.contribution), 6)}
