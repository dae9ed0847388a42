"""Asking for scores: only where some are missing, and once."""

import pytest

from generation.models import Candidate
from jobs.models import Job
from ranking.exceptions import Damaged
from ranking.models import DriftNotice, ScoredProduct
from ranking.running import scoring as running
from ranking.services import notices, policy, scoring, trials
from tests.factories.ranking import make_ranker, make_world

pytestmark = pytest.mark.django_db


def asked() -> int:
    return Job.objects.filter(kind=scoring.SCORE).count()


def test_nothing_is_asked_where_the_sum_decides() -> None:
    make_world(2, 2, rated=False)
    make_ranker()
    assert scoring.ask_for_missing() == 0


def test_missing_scores_are_asked_for_once() -> None:
    make_world(2, 2, rated=False)
    make_ranker("champion")
    assert [scoring.ask_for_missing(), scoring.ask_for_missing()] == [1, 1]
    assert asked() == 1


@pytest.mark.parametrize(("images", "wanted"), [(2, 0), (1, 1), (3, 1)], ids=["all", "some came", "some went"])
def test_only_where_the_counts_differ(images: int, wanted: int) -> None:
    world = make_world(2, 2, rated=False)
    ranker = make_ranker("champion")
    for product, count in zip(world.products, (2, images), strict=True):
        ScoredProduct.objects.create(
            ranker=ranker, product=product, policy=policy.settled(), images=count, picked=1, best=0.5,
            ids=sum(one.pk for one in world.candidates if one.run.product_id == product.pk),
        )  # fmt: skip
    assert scoring.ask_for_missing() == wanted


def test_an_image_that_went_and_one_that_came_do_not_cancel() -> None:
    world = make_world(2, 3, rated=False)
    ranker = make_ranker("champion")
    for product in world.products:
        own = [one.pk for one in world.candidates if one.run.product_id == product.pk]
        ScoredProduct.objects.create(
            ranker=ranker, product=product, policy=policy.settled(), images=3, ids=sum(own), picked=1, best=0.5
        )
    assert scoring.ask_for_missing() == 0
    gone = Candidate.objects.get(pk=world.candidates[0].pk)
    gone.pk, gone.seed = None, 99
    gone.save()
    Candidate.objects.filter(pk=world.candidates[0].pk).update(dropped="It may not be shown.")
    assert running.stale(ranker, policy.settled()) == [world.products[0].pk]
    assert scoring.ask_for_missing() == 1


def test_one_that_cannot_score_is_left_alone_until_its_notice_is_closed() -> None:
    make_world(2, 2, rated=False)
    ranker = make_ranker("champion")
    with pytest.raises(Damaged):
        running.score_stale(ranker)
    assert scoring.ask_for_missing() == 0
    notices.close(DriftNotice.objects.get())
    assert scoring.ask_for_missing() == 1


def test_an_old_notice_that_is_closed_and_another_that_is_open_are_not_one() -> None:
    make_world(2, 2, rated=False)
    ranker = make_ranker("champion")
    notices.close(notices.open_notice(ranker, DriftNotice.Kind.BROKEN, "", "It cannot score.", {}))
    notices.open_notice(ranker, DriftNotice.Kind.FEATURES, "clip_i", "It has moved.", {})
    assert scoring.ask_for_missing() == 1


def test_a_trials_ranker_is_in_use() -> None:
    ranker = make_ranker()
    assert list(scoring.in_use()) == []
    trials.begin(ranker, 0.3)
    assert list(scoring.in_use()) == [ranker]
