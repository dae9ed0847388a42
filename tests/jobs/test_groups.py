"""Several jobs in one call: who goes together, and how each ends when something happens to one."""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from jobs import claiming, execution, lease, logtail, process, services
from jobs.context import JobContext
from jobs.heartbeat import Heart, Watched
from jobs.models import Attempt, Job, State, Step
from jobs.services import Order
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db
Kinds = Callable[..., Any]
Params = list[dict[str, Any]]
KIND = "test.tune"


class Calls:
    """Each call of the kind's function: the jobs in it. `meanwhile` is done in the midst of a call."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.meanwhile: Callable[[list[JobContext]], object] = lambda _: None

    def __call__(self, contexts: list[JobContext], params: Params) -> list[int]:
        self.groups.append([context.job_id for context in contexts])
        for context in contexts:
            context.step("first", lambda: None)
        self.meanwhile(contexts)
        for context in contexts:
            context.step("second", lambda: None)
        return [given["number"] * 10 for given in params]

    @property
    def sizes(self) -> list[int]:
        return [len(group) for group in self.groups]


@pytest.fixture
def calls(kind: Kinds) -> Calls:
    made = Calls()
    kind(KIND, together=4, retry_on=(TimeoutError,))(made)
    return made


def orders(count: int, affinity: str = "sdxl", **fields: Any) -> list[Job]:
    return services.submit_many([Order(KIND, {"number": n}, affinity=affinity, **fields) for n in range(count)])


def run_all() -> None:
    """Until nothing is ready, whatever time a retry was to wait for."""
    while execution.run_next("cpu", "w"):
        Job.objects.update(run_after=None)


def raising(error: BaseException, times: int = 1) -> Callable[[list[JobContext]], None]:
    left = [error] * times

    def meanwhile(_: list[JobContext]) -> None:
        if left:
            raise left.pop()

    return meanwhile


def outcomes() -> list[tuple[str, ...]]:
    """For each job the outcomes of its attempts."""
    return [
        tuple(attempt.outcome for attempt in job.attempts.all())
        for job in Job.objects.order_by("pk").prefetch_related("attempts")
    ]


def test_one_call_serves_four_and_each_keeps_its_own_result(calls: Calls) -> None:
    jobs = orders(5)
    run_all()
    assert calls.groups == [[job.pk for job in jobs[:4]], [jobs[4].pk]]
    rows = Job.objects.order_by("pk")
    assert [(row.state, row.result) for row in rows] == [(State.SUCCEEDED, n * 10) for n in range(5)]
    assert outcomes() == [("succeeded",)] * 5
    assert Step.objects.count() == 10
    assert all(attempt.seconds is not None for attempt in Attempt.objects.all())


@pytest.mark.parametrize(
    ("differs", "sizes"),
    [
        pytest.param({"affinity": "flux"}, [1, 1], id="another affinity"),
        pytest.param({"kind": "test.other"}, [1, 1], id="another kind"),
        pytest.param({"queue": "gpu"}, [1], id="another queue"),
        pytest.param({"priority": -1}, [1, 1], id="another priority"),
        pytest.param({"strikes": 1}, [1, 1], id="it had a strike"),
        pytest.param({"halvings": 1}, [1, 1], id="it needs a smaller group"),
        pytest.param({"paused": True}, [1], id="paused"),
        pytest.param({"waiting_on": 1}, [1], id="not ready"),
        pytest.param({"run_after": timezone.now() + timedelta(hours=1)}, [1], id="not yet"),
        pytest.param({"asker": 7}, [2], id="another asker's goes along"),
    ],
)
def test_who_goes_together(calls: Calls, kind: Kinds, differs: dict[str, Any], sizes: list[int]) -> None:
    kind("test.other", together=4)(calls)
    orders(1)
    make_job(**{"kind": KIND, "affinity": "sdxl", "params": {"number": 1}} | differs)
    while execution.run_next("cpu", "w"):
        continue
    assert calls.sizes == sizes


def test_without_an_affinity_each_goes_alone(calls: Calls) -> None:
    orders(3, affinity="")
    run_all()
    assert calls.sizes == [1, 1, 1]


def test_the_same_askers_jobs_go_first_into_the_group(calls: Calls) -> None:
    theirs = [make_job(KIND, affinity="sdxl", asker=1, params={"number": 0}) for _ in range(4)]
    ours = [make_job(KIND, affinity="sdxl", asker=2, params={"number": 0}) for _ in range(2)]
    run_all()
    assert calls.groups == [[job.pk for job in theirs], [job.pk for job in ours]]


def test_how_many_may_be_asked_for_at_the_claim(kind: Kinds) -> None:
    room, seen = [2, 1, 3], list[int]()

    def work(contexts: list[JobContext], params: Params) -> list[None]:
        seen.append(len(contexts))
        return [None] * len(contexts)

    kind(KIND, together=lambda: room.pop(0))(work)
    orders(6)
    run_all()
    assert seen == [2, 1, 3]


def test_a_question_that_fails_fails_the_job_that_was_claimed(kind: Kinds) -> None:
    def no_gpu() -> int:
        raise LookupError("no GPU here")

    kind(KIND, together=no_gpu)(lambda _, __: [None])
    orders(2)
    execution.run_next("cpu", "w")
    assert list(Job.objects.order_by("pk").values_list("state", "error")) == [
        (State.FAILED, "LookupError: no GPU here"), (State.QUEUED, ""),
    ]  # fmt: skip


def test_after_an_error_each_runs_alone_and_only_the_guilty_one_fails(calls: Calls) -> None:
    jobs = orders(4)
    bad = jobs[2].pk

    def meanwhile(contexts: list[JobContext]) -> None:
        if bad in [context.job_id for context in contexts]:
            raise ValueError("a broken photo")

    calls.meanwhile = meanwhile
    run_all()
    assert calls.sizes == [4, 1, 1, 1, 1]
    assert outcomes() == [
        ("retried", "succeeded"), ("retried", "succeeded"), ("retried", "failed"), ("retried", "succeeded"),
    ]  # fmt: skip
    assert "ValueError: a broken photo" in Job.objects.get(pk=bad).error
    assert Attempt.objects.filter(traceback__contains="a broken photo").count() == 5


def test_a_named_error_is_tried_later_alone(calls: Calls) -> None:
    orders(3)
    calls.meanwhile = raising(TimeoutError("slow"))
    execution.run_next("cpu", "w")
    assert set(Job.objects.values_list("state", "strikes")) == {("queued", 1)}
    assert not Job.objects.filter(run_after=None).exists()
    Job.objects.update(run_after=None)
    run_all()
    assert calls.sizes == [3, 1, 1, 1]
    assert not Job.objects.exclude(state=State.SUCCEEDED).exists()


def test_the_last_strike_ends_it_in_a_group_too(kind: Kinds) -> None:
    def work(contexts: list[JobContext], params: Params) -> list[None]:
        raise ValueError("always")

    kind(KIND, together=2, max_strikes=1)(work)
    orders(2)
    run_all()
    assert outcomes() == [("failed",), ("failed",)]


def test_out_of_memory_halves_the_group_and_fails_only_the_smallest(calls: Calls) -> None:
    orders(4)
    calls.meanwhile = raising(MemoryError("too much"), 3)
    run_all()
    assert calls.sizes == [4, 2, 1, 1, 2]
    assert outcomes() == [
        ("out_of_memory", "out_of_memory", "out_of_memory"),
        ("out_of_memory", "out_of_memory", "succeeded"),
        ("out_of_memory", "succeeded"),
        ("out_of_memory", "succeeded"),
    ]
    assert "even with the smallest batch" in Job.objects.get(state=State.FAILED).error
    assert not Job.objects.filter(strikes__gt=0).exists()


def test_one_is_cancelled_and_the_others_go_on_from_their_steps(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.context.WRITE_EVERY", 0)
    jobs = orders(3)

    def meanwhile(contexts: list[JobContext]) -> None:
        if len(contexts) == 3:
            services.cancel(jobs[1])

    calls.meanwhile = meanwhile
    run_all()
    assert calls.groups == [[job.pk for job in jobs], [jobs[0].pk, jobs[2].pk]]
    assert outcomes() == [("given_back", "succeeded"), ("cancelled",), ("given_back", "succeeded")]
    firsts = Step.objects.filter(name="first")
    assert set(firsts.values_list("fence", flat=True)) == {1}, "what was done is not done again"
    assert set(Job.objects.values_list("strikes", flat=True)) == {0}


@pytest.mark.parametrize("seen_by", ["the step", "the heartbeat"])
def test_one_is_lost_and_the_others_go_back(calls: Calls, seen_by: str) -> None:
    jobs = orders(3)

    def meanwhile(contexts: list[JobContext]) -> None:
        Job.objects.filter(pk=jobs[1].pk).update(fence=7, worker="another")
        if seen_by == "the heartbeat":
            contexts[1].beat()

    calls.meanwhile = meanwhile
    execution.run_next("cpu", "w")
    rows = list(Job.objects.order_by("pk").values_list("state", "fence", "strikes"))
    assert rows == [("queued", 1, 0), ("running", 7, 0), ("queued", 1, 0)]


def test_a_stopping_worker_gives_all_back(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    orders(2)
    calls.meanwhile = lambda _: monkeypatch.setattr(process._Process, "stopping", True)
    execution.run_next("cpu", "w")
    assert outcomes() == [("given_back",), ("given_back",)]
    assert set(Job.objects.values_list("state", "strikes")) == {("queued", 0)}


@pytest.mark.parametrize("returned", [[1], [1, 2, 3], None, (1, 2), [{1}, 2]])
def test_results_that_do_not_fit_are_an_error_of_the_group(kind: Kinds, returned: Any) -> None:
    kind(KIND, together=2, max_strikes=1)(lambda _, __: returned)
    orders(2)
    run_all()
    assert outcomes() == [("failed",), ("failed",)]
    assert KIND in str(Job.objects.values_list("error", flat=True)[0])


@pytest.mark.parametrize(
    ("together", "work", "sentence"),
    [
        (0, lambda _, __: [], "cannot take 0 jobs together"),
        (2, lambda _: None, r"must be f\(contexts, params\)"),
    ],
)
def test_a_group_that_cannot_be_is_refused(kind: Kinds, together: int, work: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        kind(KIND, together=together)(work)


def test_each_has_its_own_progress_and_log(calls: Calls) -> None:
    logtail.attach()
    orders(2)

    def meanwhile(contexts: list[JobContext]) -> None:
        for number, context in enumerate(contexts):
            context.log.info("epoch of %s", number)
            context.progress(number + 1, 9)
        for context in contexts:
            context.beat()
        tails = Attempt.objects.values_list("log_tail", flat=True)
        assert all("epoch of 0" in tail and "epoch of 1" in tail for tail in tails), "both are told what both said"

    calls.meanwhile = meanwhile
    run_all()
    assert list(Job.objects.order_by("pk").values_list("state", "progress_done")) == [
        ("succeeded", 1),
        ("succeeded", 2),
    ]


def running(count: int) -> list[Job]:
    return [make_job(KIND, state=State.RUNNING, lease_until=timezone.now()) for _ in range(count)]


def watching(jobs: list[Job], ends_at: float | None = None) -> Heart:
    heart = Heart()
    heart._watched = Watched([JobContext(job) for job in jobs], ends_at, beat_at=-1e9)
    return heart


def test_the_heart_renews_all_leases() -> None:
    watching(running(3)).look()
    assert not Job.objects.filter(lease_until__lte=timezone.now()).exists()


def test_a_group_deaf_to_its_time_limit_is_tried_one_by_one(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = []
    monkeypatch.setattr(os, "kill", lambda *how: killed.append(how))
    watching(running(2), ends_at=-1e9).look()
    assert set(Job.objects.values_list("state", "strikes")) == {("queued", 1)}
    assert set(Attempt.objects.values_list("exception", flat=True)) == {"jobs.exceptions.JobTimedOut"}
    assert len(killed) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_gather_groups_at_once_take_none_twice() -> None:
    made = [make_job("test.any", affinity="sdxl", asker=n % 3) for n in range(40)]
    barrier, taken = threading.Barrier(2), list[list[int]]()

    def gather() -> None:
        barrier.wait()
        while lead := claiming.claim("cpu", "w"):
            taken.append([lead.pk, *(job.pk for job in claiming.claim_beside(lead, "w", 4))])
        connection.close()

    threads = [threading.Thread(target=gather) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(pk for group in taken for pk in group) == [job.pk for job in made]
    assert max(map(len, taken)) == 4
    assert Attempt.objects.count() == 40


def test_leases_of_a_group_are_as_long_as_any() -> None:
    lead = make_job(KIND, affinity="sdxl")
    beside = make_job(KIND, affinity="sdxl")
    claimed = claiming.claim("cpu", "w")
    assert claimed == lead
    taken = claiming.claim_beside(claimed, "w", 2)
    assert taken == [beside]
    assert taken[0].lease_until is not None
    assert taken[0].lease_until > lease.lease_end(timezone.now()) - timedelta(seconds=5)
