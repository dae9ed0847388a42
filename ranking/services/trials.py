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
from ranking.services import judges, registry, scoring
from raters.models import Campaign, Task
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

    Products are drawn by lot, without those that a campaign since the trial's begin has picks of, and raters see no
    side. Raises BadWish where a side has no pick that fits or is new, BadCampaign for settings that cannot be.
    """
    if not 2 <= images <= LARGEST_CAMPAIGN:
        raise BadWish(f"{images} images cannot be shared by two sides: say 2 to {LARGEST_CAMPAIGN:,}.")
    # Who asks at the same moment waits here, and then sees which products are taken.
    Trial.objects.select_for_update(of=("self",), no_key=True).get(pk=trial.pk)
    chosen: list[int] = []
    for own, ranker in ((True, trial.ranker), (False, trial.against)):
        chosen += _picks_within(trial, own, ranker, images // 2)
    campaign = campaigns.make_campaign(name, by=by, **settings)
    tasks.add_candidates(campaign, chosen)
    return campaign


def _lot(trial: Trial, product: int) -> float:
    """A number in [0, 1) that only the trial's seed and the product decide."""
    told = hashlib.sha256(f"{trial.seed} {product}".encode()).digest()
    return int.from_bytes(told[:8], "big") / 2**64


def _picks_within(trial: Trial, own: bool, ranker: Ranker | None, most: int) -> list[int]:
    """Candidates that a side picks, product by product as the lot falls, until the next one's are too many.

    Raises BadWish where there is none.
    """
    chosen: list[int] = []
    none = f"has no product on its side with {most} picks or fewer: wait until all are scored, or ask for more images"
    why = none
    for picks, asked in _picks_by_lot(trial, own, ranker):
        if asked:
            why = "has no product left that no campaign since the trial began asks for: wait until more are scored"
        elif len(chosen) + len(picks) > most:
            why = none
            break
        else:
            chosen += picks
    if not chosen:
        raise BadWish(f"{ranker or registry.THE_SUM.capitalize()} {why}.")
    return chosen


def _picks_by_lot(trial: Trial, own: bool, ranker: Ranker | None) -> Iterator[tuple[list[int], bool]]:
    """The picks of each product, and whether raters have been asked for some of them since the trial began."""
    mine = [product for product in _products_with_picks(ranker) if in_trial(trial, product) is own]
    mine.sort(key=lambda product: _lot(trial, product))
    for start in range(0, len(mine), AT_ONCE):
        some = mine[start : start + AT_ONCE]
        picked = _picks_of(ranker, some)
        asked = _asked_since(trial, [candidate for picks in picked.values() for candidate in picks])
        yield from ((picked[one], not asked.isdisjoint(picked[one])) for one in some if one in picked)


def _asked_since(trial: Trial, candidates: list[int]) -> set[int]:
    """Those of the candidates that are in a campaign made since the trial began whose verdicts count for it."""
    rows = Task.objects.filter(candidate__in=candidates, campaign__created_at__gte=trial.begun_at)
    asked = rows.filter(campaign__in=judges.campaigns_that_count()).values_list("candidate", flat=True)
    return {candidate for candidate in asked if candidate is not None}


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
