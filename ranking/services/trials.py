"""A/B: a share of the products gets another ranker's picks for as long as a trial runs, and both sides' are rated."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from generation.models import Candidate
from ranking.exceptions import BadWish, NotPromoted
from ranking.models import Ranker, Score, ScoredProduct, Trial
from ranking.selectors import by_the_sum
from ranking.services import registry, scoring
from raters.models import Campaign
from raters.services import campaigns, tasks

LARGEST_SHARE = 0.5
LARGEST_CAMPAIGN = 20_000  # images
AT_ONCE = 500  # products whose picks are read in one statement


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
    return _lot(trial, product) < trial.share


@transaction.atomic
def make_campaign(trial: Trial, name: str, images: int, *, by: Any = None, **settings: Any) -> Campaign:
    """A draft with picks of both sides, of each as many whole products as half of that many images hold.

    Products are drawn by lot, and raters see no side. Raises BadWish where a side has no pick that fits, BadCampaign
    for settings that cannot be.
    """
    if not 2 <= images <= LARGEST_CAMPAIGN:
        raise BadWish(f"{images} images cannot be shared by two sides: say 2 to {LARGEST_CAMPAIGN:,}.")
    chosen: list[int] = []
    for own, ranker in ((True, trial.ranker), (False, trial.against)):
        mine = _picks_within(trial, own, ranker, images // 2)
        if not mine:
            raise BadWish(
                f"{ranker or registry.THE_SUM.capitalize()} has no product on its side with {images // 2} picks or"
                " fewer: wait until all images are scored, or ask for more images."
            )
        chosen += mine
    campaign = campaigns.make_campaign(name, by=by, **settings)
    tasks.add_candidates(campaign, chosen)
    return campaign


def _lot(trial: Trial, product: int) -> float:
    """A number in [0, 1) that only the trial's seed and the product decide."""
    told = hashlib.sha256(f"{trial.seed} {product}".encode()).digest()
    return int.from_bytes(told[:8], "big") / 2**64


def _picks_within(trial: Trial, own: bool, ranker: Ranker | None, most: int) -> list[int]:
    """Candidates that a side picks, product by product as the lot falls, until the next one's are too many."""
    chosen: list[int] = []
    for picks in _picks_by_lot(trial, own, ranker):
        if len(chosen) + len(picks) > most:
            break
        chosen += picks
    return chosen


def _picks_by_lot(trial: Trial, own: bool, ranker: Ranker | None) -> Iterator[list[int]]:
    mine = [product for product in _products_with_picks(ranker) if in_trial(trial, product) is own]
    mine.sort(key=lambda product: _lot(trial, product))
    for start in range(0, len(mine), AT_ONCE):
        some = mine[start : start + AT_ONCE]
        picked = _picks_of(ranker, some)
        yield from (picked[product] for product in some if product in picked)


def _products_with_picks(ranker: Ranker | None) -> Iterable[int]:
    if ranker is not None:
        return ScoredProduct.objects.filter(ranker=ranker, picked__gt=0).values_list("product", flat=True)
    made = Candidate.objects.filter(dropped="", place__isnull=False).order_by()
    return made.values_list("run__product", flat=True).distinct()


def _picks_of(ranker: Ranker | None, products: list[int]) -> dict[int, list[int]]:
    """{product: the candidates that this ranker, or the sum, picks of it}, where it picks any."""
    if ranker is None:
        found = by_the_sum.newest_picks_of(products)
        return {product: [pick.candidate for pick in picks] for product, picks in found.items()}
    picked: dict[int, list[int]] = {}
    rows = Score.objects.filter(ranker=ranker, product__in=products, picked=True).order_by("place")
    for product, candidate in rows.values_list("product", "candidate"):
        picked.setdefault(product, []).append(candidate)
    return picked
