"""A/B: a share of the products, decided by product and seed alone, one trial at a time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from ranking.exceptions import BadWish, NotPromoted
from ranking.models import Promotion, Trial
from ranking.services import registry, trials
from tests.factories.at_once import until_somebody_waits
from tests.factories.ranking import make_ranker

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_about_that_share_of_the_products_is_in_it(share: float) -> None:
    trial = trials.begin(make_ranker(), share)
    inside = sum(trials.in_trial(trial, product) for product in range(4_000))
    assert abs(inside / 4_000 - share) < 0.03


def test_a_product_stays_on_its_side() -> None:
    trial = trials.begin(make_ranker(), 0.3)
    first = [trials.in_trial(trial, product) for product in range(50)]
    trial.refresh_from_db()
    assert first == [trials.in_trial(trial, product) for product in range(50)]


@pytest.mark.parametrize("share", [0.0, -0.1, 0.51, 1.0])
def test_shares_that_cannot_be(share: float) -> None:
    with pytest.raises(BadWish, match=r"at most 0\.5 of the products"):
        trials.begin(make_ranker(), share)


def test_one_at_a_time() -> None:
    first = trials.begin(make_ranker(), 0.3)
    with pytest.raises(NotPromoted, match="A trial is running already"):
        trials.begin(make_ranker(), 0.3)
    trials.end(first)
    trials.end(first)
    assert trials.running() is None
    assert trials.begin(make_ranker(), 0.3).running


def test_it_keeps_whom_it_was_begun_against() -> None:
    assert trials.begin(make_ranker(), 0.3).against is None
    trials.end(trials.Trial.objects.get())
    champion = make_ranker("champion")
    assert trials.begin(make_ranker(), 0.3).against == champion


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_becomes_champion_meanwhile_is_whom_it_is_held_against() -> None:
    """A trial that is begun while a promotion is about to end waits for it; SQLite's writers wait for each other."""
    old, new, tried = make_ranker("champion"), make_ranker(), make_ranker()
    promotion = Promotion.objects.create(kind=Promotion.Kind.OVERRIDE, before=old, after=new, reason="It is better.")

    def begin() -> Trial:
        try:
            return trials.begin(tried, 0.3)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        registry.switch(promotion)
        beginning = other.submit(begin)
        until_somebody_waits(or_else=beginning.done)
    begun = beginning.result()
    assert begun.against == new
    assert trials.running() == begun


def test_the_champion_needs_no_trial() -> None:
    with pytest.raises(NotPromoted, match="decides for all products already"):
        trials.begin(make_ranker("champion"), 0.3)
