"""Jobs of ranking: they do what was asked, and who waits for them hears how they end."""

import pytest
from django.utils import timezone

from jobs import claiming, endings, services
from jobs.context import JobContext
from jobs.exceptions import JobError
from jobs.kinds import kind_named
from jobs.models import Job, State
from ranking import tasks
from ranking.models import Promotion, Ranker, Training
from ranking.services import explaining, plans, policy, registry, scoring, training, untold
from ranking.services.plans import PlanWish
from ranking.services.training import Wish
from tests.factories.ranking import make_ranker, make_world


def work(job: Job) -> object:
    """Do what was asked, as the worker that holds the job; what is more urgent in its queue is held as well."""
    while (job := Job.objects.get(pk=job.pk)).state == State.QUEUED:
        assert claiming.claim(job.queue, "worker") is not None
    return kind_named(job.kind).run(JobContext(job), job.params)


@pytest.mark.django_db(transaction=True)
def test_from_verdicts_to_picks_by_jobs_alone() -> None:
    make_world(10, 4)
    asked = training.ask(Wish("sum"))
    assert asked.job is not None
    work(asked.job)
    ranker = Ranker.objects.get()
    asked.refresh_from_db()
    assert asked.ranker == ranker
    promotion = registry.ask_for_promotion(ranker, reason="To see it decide.")
    assert promotion.job is not None
    assert work(promotion.job) == {"champion": "sum v1"}
    assert registry.champion() == ranker
    policy.change(top=2)
    assert work(Job.objects.get(kind=scoring.SCORE)) == {"products": 10}
    assert work(training.ask_for_evaluation(ranker))
    score = ranker.scores.all()[0]
    job = explaining.ask(score)
    assert explaining.ask(score) == job
    work(job)
    assert explaining.ask(score) == job, "one for each score, however it ended"
    make_world(3, 3, rated=False, seed=2)
    plan = plans.ask(PlanWish(5))
    drawn = plans.job_of(plan)
    assert drawn is not None
    assert work(drawn) == {"images": 5}
    tasks.nightly()
    tasks.nightly()
    assert work(Job.objects.get(kind=tasks.DRIFT)) is not None
    tasks.settle()


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_fails_the_job_with_its_sentence_and_the_training_says_so() -> None:
    asked = training.ask(Wish())
    job = claiming.claim("cpu", "worker")
    assert job is not None
    with pytest.raises(JobError, match="There is nothing to learn from") as refusal:
        work(job)
    endings.fail(job, str(refusal.value), endings.NOTHING_SAID)
    asked.refresh_from_db()
    assert "There is nothing to learn from" in asked.problem
    assert asked.ended_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_training_and_promotion_say_so() -> None:
    asked = training.ask(Wish())
    promotion = registry.ask_for_promotion(make_ranker(), reason="To see it decide.")
    for job in Job.objects.all():
        services.cancel(job)
    asked.refresh_from_db()
    promotion.refresh_from_db()
    assert "was cancelled" in asked.problem
    assert (promotion.state, registry.champion()) == (Promotion.State.FAILED, None)
    assert "was cancelled" in promotion.problem


@pytest.mark.django_db(transaction=True)
def test_ends_that_nobody_told_are_told_in_the_end() -> None:
    asked = training.ask(Wish())
    promotion = registry.ask_for_promotion(make_ranker(), reason="To see it decide.")
    killed, young = training.note_begun(Wish()), training.note_begun(Wish())
    Training.objects.filter(pk=killed.pk).update(asked_at=timezone.now() - untold.OF_A_COMMAND)
    # The process that ended these died before it could tell.
    Job.objects.update(state=State.FAILED, error="Memory ran out.", finished_at=timezone.now())
    tasks.settle()
    for row, problem in ((asked, "Memory ran out."), (killed, "command was stopped"), (young, "")):
        row.refresh_from_db()
        assert problem in row.problem
        assert (row.ended_at is None) is (row == young)
    promotion.refresh_from_db()
    assert (promotion.state, promotion.problem) == ("failed", "Memory ran out.")
    assert untold.settle_untold() == 0


@pytest.mark.django_db(transaction=True)
def test_nothing_is_trained_or_watched_at_night_without_need() -> None:
    tasks.nightly()
    tasks.settle()
    assert not Job.objects.exists()
    assert not Training.objects.exists()
