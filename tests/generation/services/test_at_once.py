"""Several people and workers at once, on threads: nobody is told of an error, nothing is made twice or left behind."""

import random
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from generation.fingerprints import SHARED
from generation.models import Batch, Candidate, Run, RunStage, StageResult
from generation.recipe import FinetuneConfig, GenerateConfig, NewContextsConfig, NovelViewsConfig, Recipe, SelectConfig
from generation.services import control
from generation.services.runs import Wish, start_batch, start_run
from jobs import execution
from jobs.models import Job, Queue, State
from tests.factories.at_once import until_somebody_waits
from tests.factories.generation import make_method, make_ready_product

pytestmark = pytest.mark.django_db(transaction=True)
SMALL = Recipe(
    novel_views=NovelViewsConfig(views=2),
    new_contexts=NewContextsConfig(per_photo=2),
    finetune=FinetuneConfig(steps=2, sweep=None, prior_weight=1.0, class_images=2),
    generate=GenerateConfig(candidates=4, prompts=3),
    select=SelectConfig(top=2),
)
STAGES = 11


def at_once(*acts: Callable[[], Any]) -> None:
    """Each in a thread of its own, from the same moment on; raises what the first of them raised."""
    barrier, trouble = threading.Barrier(len(acts)), list[Exception]()

    def act(what: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            what()
        except Exception as error:  # noqa: BLE001 - raised again below, in the test's own thread
            trouble.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(what,)) for what in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if trouble:
        raise trouble[0]


def work(name: str = "gpu@test:1") -> None:
    while any(execution.run_next(queue, name) for queue in Queue.values):
        continue


def check_all_done(runs: Sequence[Run]) -> None:
    for run in runs:
        run.refresh_from_db()
        assert (run.state, run.problem) == (Run.State.SUCCEEDED, "")
        assert Candidate.objects.filter(run=run).count() == 4
        assert RunStage.objects.filter(run=run).count() == STAGES
    waiting = Job.objects.filter(state__in=(State.QUEUED, State.RUNNING))
    assert not waiting.exists()


def test_the_same_run_asked_for_by_several_is_one() -> None:
    product, wish = make_ready_product(), Wish(make_method(recipe=SMALL))
    at_once(*[partial(start_run, product, wish) for _ in range(6)])
    assert Run.objects.count() == 1
    assert StageResult.objects.count() == Job.objects.count() == STAGES
    work()
    check_all_done(list(Run.objects.all()))


@pytest.mark.postgres
def test_of_two_who_ask_for_more_at_once_the_run_makes_the_most() -> None:
    """On PostgreSQL the second waits for the first; on SQLite writers take turns anyway."""
    product, method = make_ready_product(), make_method(recipe=SMALL)
    start_run(product, Wish(method, candidates=2))

    def ask() -> None:
        start_run(product, Wish(method, candidates=3))
        connection.close()

    second = threading.Thread(target=ask)
    with transaction.atomic():
        start_run(product, Wish(method, candidates=4))
        second.start()
        until_somebody_waits(or_else=lambda: not second.is_alive())
    second.join(60)
    assert Run.objects.get().candidates_asked == 4


def test_runs_of_one_type_begun_at_once_share_what_is_its() -> None:
    wish = Wish(make_method(recipe=SMALL))
    products = [make_ready_product() for _ in range(5)]
    at_once(*[partial(start_run, product, wish) for product in products])
    assert StageResult.objects.filter(stage__in=SHARED).count() == len(SHARED)
    work()
    check_all_done(list(Run.objects.all()))


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_pressed_while_workers_work_all_ends_well(seed: int) -> None:
    batch = start_batch([make_ready_product().pk for _ in range(6)], Wish(make_method(recipe=SMALL))).batch
    assert batch is not None
    ids = list(Run.objects.filter(batch=batch).values_list("pk", flat=True))
    acts: list[Callable[[Any], int]] = [control.pause, control.resume, control.cancel, control.retry]

    def press(dice: random.Random) -> None:
        for _ in range(12):
            dice.choice(acts)(dice.sample(ids, dice.randint(1, 4)))

    at_once(
        partial(work, "gpu@one:1"),
        partial(work, "gpu@two:2"),
        partial(press, random.Random(seed)),  # noqa: S311 - draws for a test
        partial(press, random.Random(seed + 100)),  # noqa: S311
    )
    control.resume(ids)
    control.retry(ids)
    work()
    check_all_done(list(Run.objects.filter(batch=batch)))
    kept = Batch.objects.get(pk=batch.pk)
    assert (kept.total, kept.succeeded, kept.ended) == (6, 6, 6)
