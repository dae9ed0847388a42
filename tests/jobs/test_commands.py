"""`manage.py jobs …`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from jobs.models import Job, State
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db


def jobs(*arguments: str) -> str:
    out = StringIO()
    call_command("jobs", *arguments, stdout=out)
    return out.getvalue()


def test_submit_then_list_then_show() -> None:
    said = jobs("submit", "jobs.rehearse", "--params", '{"steps": 2}', "--subject", "A try", "--key", "k")
    job = Job.objects.get()
    assert (job.params, job.key) == ({"steps": 2}, "k")
    assert f"#{job.pk}" in said
    assert "A try" in jobs("list", "--state", "queued")
    assert jobs("list", "--state", "failed") == ""
    assert "jobs.rehearse" in jobs("show", str(job.pk))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("submit", "no.such"), "There is no job kind 'no.such'"),
        (("submit", "jobs.rehearse", "--params", "[1]"), "not a JSON object"),
        (("submit", "jobs.rehearse", "--after", "77"), "There is no job #77 to wait for"),
        (("show", "77"), "There is no job #77"),
        (("cancel", "77"), "There is no job #77"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        jobs(*arguments)


def test_cancel_and_retry() -> None:
    job = make_job()
    assert "cancelled" in jobs("cancel", str(job.pk))
    assert "queued" in jobs("retry", str(job.pk))
    with pytest.raises(CommandError, match="only a failed or cancelled"):
        jobs("retry", str(job.pk))


def test_hold_and_release_name_how_many() -> None:
    job, done = make_job(), make_job(state=State.SUCCEEDED)
    assert "1 held, 1 left" in jobs("hold", str(job.pk), str(done.pk))
    assert " paused " in jobs("list", "--state", "queued")
    assert "1 released, 1 left" in jobs("release", str(job.pk), str(done.pk))


def test_watch_ends_with_the_job_and_tells_failure_by_its_exit() -> None:
    assert "succeeded" in jobs("watch", str(make_job(state=State.SUCCEEDED).pk))
    with pytest.raises(CommandError, match="It broke"):
        jobs("watch", str(make_job(state=State.FAILED, error="It broke.").pk))


def test_a_worker_for_nothing_is_refused() -> None:
    with pytest.raises(CommandError, match="--concurrency 0 would run nothing"):
        call_command("worker", "--concurrency", "0")
