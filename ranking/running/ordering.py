"""The order of a run's images by the champion, for the stage select (`generation.ordering`)."""

import logging

from generation.models import StageResult
from generation.records import Order
from ranking.exceptions import Refused
from ranking.models import DriftNotice, Ranker, Score
from ranking.running import scoring
from ranking.selectors.picks import deciders
from ranking.services import notices, policy

log = logging.getLogger(__name__)


def order(result: StageResult) -> Order | None:
    """What the ranker that decides for this product says of its images; None: the plain sum decides.

    A ranker that cannot score opens a notice, and a run does not fail for it: the next of `deciders` is asked.
    """
    if result.product_id is None:
        return None
    for ranker, _ in deciders(result.product_id):
        said = _asked(ranker, result.product_id)
        if said is not None:
            return said
    return None


def _asked(ranker: Ranker, product: int) -> Order | None:
    try:
        scoring.score(ranker, [product])
    except Refused as refusal:
        log.warning("%s cannot score product %s: %s", ranker, product, refusal)
        notices.open_notice(ranker, DriftNotice.Kind.BROKEN, "", f"It cannot score: {refusal}", {})
        return None
    return _order(ranker, product)


def _order(ranker: Ranker, product: int) -> Order:
    threshold = policy.current().threshold
    chances: dict[str, float] = {}
    fit: set[str] = set()
    rows = Score.objects.filter(ranker=ranker, product=product)
    for sha256, probability, note in rows.values_list("candidate__sha256", "probability", "note"):
        chances[sha256] = probability
        # Runs that share a result share its images: the second row of one is nearly the same as the first, no worse.
        if probability >= threshold and not note:
            fit.add(sha256)
    return Order(str(ranker), chances, tuple(sha256 for sha256 in chances if sha256 not in fit))
