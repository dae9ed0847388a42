"""Asking for trainings, by a person and by the schedule."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import Job, State
from ranking.exceptions import BadWish
from ranking.models import Training
from ranking.services import policy, training
from ranking.services.training import Wish
from raters.models import Campaign, Verdict
from raters.models.campaigns import Origin
from tests.factories.ranking import make_label_set, make_world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"learner": "oracle"}, "'oracle' is no learner. Say one of default, blend"),
        ({"rule": "coin"}, "'coin' is no rule of votes"),
        ({"source": "gut"}, "'gut' is no source of labels"),
        ({"seed": -1}, "The seed -1 must be from 0 to 2147483647"),
        ({"note": "x" * 301}, "The note has 301 letters; 300 are kept"),
    ],
)
def test_a_wish_that_cannot_be(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BadWish, match=said):
        Wish(**fields)


def test_every_learner_there_is_may_be_wished_for() -> None:
    from ranking.learning.rankers import NAMES  # noqa: PLC0415 - numpy is wanted here alone

    assert set(training.LEARNERS) == set(NAMES)


def test_asked_for_it_has_a_job_and_its_wish_comes_back() -> None:
    wish = Wish("heads", (3, 4), rule="rater", seed=7, note="why")
    asked = training.ask(wish)
    assert asked.job is not None
    assert (asked.job.kind, asked.job.params) == ("ranking.train", {"training": asked.pk})
    asked.refresh_from_db()
    assert Wish.from_plain(asked.wish) == wish


def test_one_that_ended_badly_says_why_and_one_that_ended_well_stays() -> None:
    asked = training.ask(Wish())
    training.note_end(asked.pk, "All labels are of one product.")
    asked.refresh_from_db()
    assert asked.problem == "All labels are of one product."
    ended = asked.ended_at
    training.note_end(asked.pk, "again")
    asked.refresh_from_db()
    assert (asked.problem, asked.ended_at) == ("All labels are of one product.", ended)


def test_new_labels_are_counted_since_the_newest_set() -> None:
    world = make_world(3, 4)
    assert training.new_labels() == 12
    newest = Verdict.objects.order_by("updated_at")[8].updated_at
    make_label_set(newest_verdict=newest)
    assert training.new_labels() == Verdict.objects.filter(updated_at__gt=newest).count() < 12
    Campaign.objects.filter(pk=world.campaign.pk if world.campaign else 0).update(origin=Origin.SIMULATION)
    assert training.new_labels() == 0


def test_the_schedule_trains_once_enough_has_come() -> None:
    make_world(3, 4)
    policy.change(retrain_after=13)
    assert training.ask_if_due() is None
    policy.change(retrain_after=12)
    asked = training.ask_if_due()
    assert asked is not None
    assert asked.scheduled
    assert training.ask_if_due() is None, "one waits already"
    Job.objects.filter(pk=asked.job_id).update(state=State.CANCELLED, finished_at=timezone.now() - timedelta(hours=1))
    assert training.ask_if_due() is not None


def test_zero_is_never() -> None:
    make_world(3, 4)
    policy.change(retrain_after=0)
    assert training.ask_if_due() is None
    assert not Training.objects.exists()
