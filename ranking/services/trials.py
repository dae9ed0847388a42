"""A/B: a share of the products gets another ranker's picks, for as long as a trial runs."""

import hashlib
import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from ranking.exceptions import BadWish, NotPromoted
from ranking.models import Ranker, Trial
from ranking.services import registry, scoring

LARGEST_SHARE = 0.5


def begin(ranker: Ranker, share: float, *, by: Any = None) -> Trial:
    """Give that share of the products this ranker's picks, against whoever decides now.

    Raises NotPromoted, or BadWish for another share.
    """
    if not 0 < share <= LARGEST_SHARE:
        raise BadWish(f"A share of {share:g} cannot be: say more than 0 and at most {LARGEST_SHARE:g} of the products.")
    try:
        with transaction.atomic():
            # Held until the end, so that nobody else becomes champion between the question and the trial.
            registry.hold_the_crown()
            champion = registry.champion()
            if champion is not None and champion.pk == ranker.pk:
                raise NotPromoted(f"{ranker} decides for all products already.")
            trial = Trial.objects.create(
                ranker=ranker, against=champion, share=share, seed=secrets.randbelow(2**31), begun_by=by
            )
            scoring.ask(ranker, by)
    except IntegrityError:
        raise NotPromoted("A trial is running already: end it first.") from None
    return trial


def end(trial: Trial) -> None:
    """Give all products the champion's picks again; done twice, it is done once."""
    Trial.objects.filter(pk=trial.pk, running=True).update(running=False, ended_at=timezone.now())
    trial.refresh_from_db()


def running() -> Trial | None:
    return Trial.objects.filter(running=True).select_related("ranker", "against").first()


def in_trial(trial: Trial, product: int) -> bool:
    """Whether a product is among those that get the trial's picks: by its id and the trial's seed alone."""
    told = hashlib.sha256(f"{trial.seed} {product}".encode()).digest()
    return int.from_bytes(told[:8], "big") / 2**64 < trial.share
