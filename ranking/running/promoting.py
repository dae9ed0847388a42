"""A promotion's long half: all images are scored by the ranker that is to decide; then it takes over at once."""

from collections.abc import Callable

from ranking.exceptions import NotPromoted
from ranking.models import Promotion
from ranking.running import scoring
from ranking.services import registry

Progress = Callable[[int, int, str], None]


def prepare_and_switch(promotion: Promotion, progress: Progress = lambda *_: None) -> Promotion:
    """Begun again after a crash it scores what is missing and switches; done already, it does nothing.

    Raises NotPromoted where the champion has changed meanwhile, Damaged where the ranker cannot score.
    """
    promotion.refresh_from_db()
    if promotion.state == Promotion.State.DONE or promotion.after is None:
        return promotion
    if promotion.state == Promotion.State.FAILED:
        raise NotPromoted(f"This promotion has ended: {promotion.problem or 'it was given up.'} Ask for it again.")
    # Twice: images that came while the first pass went on are few, and scored by the second.
    for _ in range(2):
        scoring.score_stale(promotion.after, progress)
    return registry.switch(promotion)
