"""Asking for trainings, by a person and by the schedule."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from generation.models import Candidate
from jobs.models import Job, State
from ranking.exceptions import BadWish
from ranking.models import Training
from ranking.services import policy, training
from ranking.services.training import Wish
from raters.models import Campaign, Task, Verdict
from raters.models.campaigns import Origin
from raters.models.tasks import TaskState
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
    assert training.ask_if_due() is None, "with the same labels it would end the same way"
    Verdict.objects.update(updated_at=timezone.now())
    assert training.ask_if_due() is not None


def gold(tasks: QuerySet[Task]) -> None:
    tasks.update(state=TaskState.GOLD)


def held_back(tasks: QuerySet[Task]) -> None:
    Candidate.objects.filter(tasks__in=tasks).update(dropped="It may not be shown.")


def unmeasured(tasks: QuerySet[Task]) -> None:
    Candidate.objects.filter(tasks__in=tasks).update(clip_i=None)


def removed(tasks: QuerySet[Task]) -> None:
    tasks.update(candidate=None)


@pytest.mark.parametrize("happens", [gold, held_back, unmeasured, removed])
def test_what_cannot_be_learned_from_makes_no_training_due(happens: Any) -> None:
    """It would be new for ever, and train the same each night."""
    make_world(3, 4)
    happens(Task.objects.filter(pk__in=Task.objects.values_list("pk", flat=True)[:5]))
    assert training.new_labels() == 7
    policy.change(retrain_after=8)
    assert training.ask_if_due() is None


def test_nights_with_the_same_labels_train_once() -> None:
    make_world(3, 4)
    policy.change(retrain_after=12)
    first = training.ask_if_due()
    assert first is not None
    Job.objects.filter(pk=first.job_id).update(state=State.FAILED, error="No.", finished_at=timezone.now())
    training.note_end(first.pk, "All labels are of one kind.")
    assert training.ask_if_due() is None
    assert Training.objects.count() == 1


@pytest.mark.parametrize(("hours", "due"), [(1, False), (13, True)])
def test_a_command_that_trains_is_waited_for_but_not_for_ever(hours: int, due: bool) -> None:
    make_world(3, 4)
    policy.change(retrain_after=12)
    begun = training.note_begun(Wish())
    Training.objects.filter(pk=begun.pk).update(asked_at=timezone.now() - timedelta(hours=hours))
    assert (training.ask_if_due() is not None) is due


def test_zero_is_never() -> None:
    make_world(3, 4)
    policy.change(retrain_after=0)
    assert training.ask_if_due() is None
    assert not Training.objects.exists()
