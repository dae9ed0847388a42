"""A worker killed with SIGKILL at twenty random moments of a run: the images are those of an undisturbed run."""

import hashlib
import random
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from generation import model_sets
from generation.models import Candidate, Run, StageResult
from generation.records import Picture
from generation.services.runs import Wish, start_run
from generation.storage import site_files
from jobs import dispatch, execution, reaper
from jobs.models import Attempt, Job, Queue, State, Step
from tests.factories.catalog import make_photo
from tests.factories.checkpoints.model_set import tiny_set
from tests.factories.generation import make_method, make_ready_product
from tests.factories.recipes import tiny_recipe
from tests.factories.victims import begin_server, kill, worker
from tests.generation.test_end_to_end import photo_of_a_thing
from tests.generation.test_grouped_runs import check_done, ready_to_train, short_recipe, three_runs
from tests.generation.test_grouped_runs import work as work_off

KILLS = 20

# Twenty workers begin and load their models: on a machine that is busy otherwise, that takes its time.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def tiny(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MODEL_SETS_DIR = tmp_path
    settings.MODEL_SET = "tiny"
    tiny_set(tmp_path, "sd", name="tiny")
    monkeypatch.setattr(model_sets, "_shelf", None)
    settings.MODEL_CACHE_BYTES = 1 << 30
    # No message is needed: the worker below asks the table itself.
    monkeypatch.setattr(dispatch, "_publish", lambda jobs: [job_id for job_id, _ in jobs])


def work(name: str) -> None:
    """Do all jobs that are ready."""
    while any(execution.run_next(queue, name) for queue in Queue.values):
        continue


def settle_the_dead() -> None:
    """What the scheduler does once their leases are over; killed all the time, they get no strikes for it."""
    Job.objects.filter(state=State.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1), strikes=0)
    reaper.reap()
    Job.objects.filter(state=State.QUEUED).update(run_after=None)


def candidates(run: Run) -> dict[tuple[str, int], Any]:
    """By prompt and seed: pixels, metrics and place. The files differ, as they name their run."""
    return {(row.prompt, row.seed): told_of(row) for row in Candidate.objects.filter(run=run)}


def told_of(row: Candidate) -> tuple[Any, ...]:
    pixels = site_files().image(Picture(row.key, row.sha256, row.width, row.height)).tobytes()
    return hashlib.sha256(pixels).hexdigest(), row.clip_i, row.seg_dino_i, row.place, row.picked


def test_twenty_kills_change_no_image(capfd: pytest.CaptureFixture[str]) -> None:
    product = make_ready_product("mug", photos=0, prompts=12)
    make_photo(product, data=photo_of_a_thing(), name="front.png")
    wish = Wish(make_method(recipe=tiny_recipe()))
    undisturbed = start_run(product, wish)
    work("calm:1")
    wanted = candidates(undisturbed)
    assert len(wanted) == 4
    Run.objects.all().delete()
    StageResult.objects.all().delete()

    begin_server()
    run, dice, hits = start_run(product, wish), random.Random(4), 0  # noqa: S311
    for number in range(KILLS):
        with worker(f"victim:{number}") as victim:
            time.sleep(dice.uniform(0.05, 1.2))
            hits += kill(victim)
        settle_the_dead()
    work("calm:2")

    run.refresh_from_db()
    assert (run.state, run.problem) == (Run.State.SUCCEEDED, ""), capfd.readouterr().err
    assert candidates(run) == wanted
    assert hits >= KILLS / 2
    assert Attempt.objects.filter(outcome=Attempt.Outcome.LOST).count() >= KILLS / 4


def test_a_worker_killed_in_the_middle_of_a_group_costs_nobody_his_images(settings: LazySettings) -> None:
    settings.FINETUNE_TOGETHER = 3
    # Images on the way, after the first checkpoint, make it last long enough to be met at work.
    runs = three_runs(short_recipe(steps=12, checkpoint_every=5, validate_every=6))
    work_off(until=ready_to_train)
    with worker("victim:1") as victim:
        kept = Step.objects.filter(job__kind="generation.finetune", name__startswith="checkpoint")
        deadline = time.monotonic() + 120
        while kept.values("job").distinct().count() < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        training = Job.objects.filter(kind="generation.finetune", state=State.RUNNING)
        assert training.count() == 3, "all three are at work at once"
        assert kill(victim)
    settle_the_dead()
    work("calm:3")
    check_done(runs)
    assert Attempt.objects.filter(outcome=Attempt.Outcome.LOST).count() == 3
