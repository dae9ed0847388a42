"""What joins rooms: imports, files of ratings and the nightly sweep run as jobs, each asked for once."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.importing import runner
from catalog.models import ImportRun, Product
from catalog.services.imports import ask_for_import, make_import, request_import
from jobs import claiming, endings, services
from jobs.context import JobContext
from jobs.exceptions import JobCancelled
from jobs.kinds import kind_named
from jobs.models import Job
from raters.exchange.importing import Wish
from raters.services import imports as rating_imports
from tests.factories.imports import make_files
from vitrine import wiring


@pytest.mark.django_db(transaction=True)
def test_a_requested_import_is_a_job_that_does_it(tmp_path: Path) -> None:
    make_files(tmp_path, {"list.csv": "id\na\n,\nb\n"})
    run = make_import(layout="auto", origin=str(tmp_path / "list.csv"))
    request_import(run)
    request_import(run)
    job = Job.objects.get()
    done = kind_named(job.kind).run(JobContext(job), job.params)
    assert done == {"rows": 2, "photos": 0, "refused": 0}
    assert Product.objects.count() == 2
    assert ImportRun.objects.get().source == "manifest"


@pytest.mark.django_db(transaction=True)
def test_an_import_without_a_job_is_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise DatabaseError("disk is full")

    monkeypatch.setattr(services, "submit", broken)
    with pytest.raises(DatabaseError):
        ask_for_import(layout="auto", origin="list.csv")
    assert not ImportRun.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_nightly_sweep_is_one_job_a_day() -> None:
    default_storage.save("uploads/young.zip", ContentFile(b"x"))
    wiring.submit_sweep()
    wiring.submit_sweep()
    job = Job.objects.get(kind=wiring.SWEEP)
    assert kind_named(job.kind).run(JobContext(job), job.params) == {"photos": 0, "uploads": 0, "deliveries": 0}
    assert default_storage.exists("uploads/young.zip")
    default_storage.delete("uploads/young.zip")


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_import_has_ended_and_says_so_until_it_is_begun_again(
    tmp_path: Path, client_for: Callable[[User | None], Client], operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(tmp_path, {"list.csv": "id\n" + "".join(f"p{number}\n" for number in range(120))})
    run = make_import(layout="auto", origin=str(tmp_path / "list.csv"))
    request_import(run)
    services.cancel(claiming.claim("cpu", "worker"))  # type: ignore[arg-type]
    job = Job.objects.get()
    with monkeypatch.context() as patch:
        patch.setattr("jobs.context.WRITE_EVERY", 0)  # look at once, not after a second
        with pytest.raises(JobCancelled):
            kind_named(job.kind).run(JobContext(job), job.params)
    run.refresh_from_db()
    assert "was cancelled" in run.problem
    assert 0 < run.rows_read == Product.objects.count() < 120
    report = client_for(operator).get(run.get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
    assert "hx-get" not in report
    assert ">stopped<" in report
    assert "nothing imported" not in report
    done = kind_named(job.kind).run(JobContext(Job(pk=0)), job.params)
    run.refresh_from_db()
    assert (done["rows"], run.problem, Product.objects.count()) == (120, "", 120)


@pytest.mark.django_db(transaction=True)
def test_an_import_that_is_cancelled_in_the_queue_says_so(
    tmp_path: Path, client_for: Callable[[User | None], Client], operator: User
) -> None:
    make_files(tmp_path, {"list.csv": "id\na\n"})
    run = ask_for_import(layout="auto", origin=str(tmp_path / "list.csv"), asked_by=operator)
    page = client_for(operator).get(run.get_absolute_url()).content.decode()
    assert ">waiting<" in page
    assert "every 2s" in page
    services.cancel(Job.objects.get())
    page = client_for(operator).get(run.get_absolute_url()).content.decode()
    assert "The import was cancelled. Nothing was taken." in page
    assert ">waiting<" not in page
    assert "every 2s" not in page
    job = services.retry(Job.objects.get())
    kind_named(job.kind).run(JobContext(job), job.params)
    run.refresh_from_db()
    assert (run.problem, run.products_added) == ("", 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("error", "rows", "said"),
    [
        ("The worker died.", 0, "The import broke off: The worker died. Nothing was taken."),
        ("", 7, "The import broke off: its job failed. What it had taken by then stays; retry its job"),
        ("x" * 900, 7, "xxx. What it had taken"),
    ],
    ids=["before it began", "without a word", "with many words"],
)
def test_an_import_whose_job_fails_by_a_crash_has_ended(error: str, rows: int, said: str) -> None:
    run = ask_for_import(layout="auto", origin="list.csv")
    ImportRun.objects.update(rows_read=rows)
    job = claiming.claim("cpu", "worker")
    assert job is not None
    endings.fail(job, error, endings.NOTHING_SAID)
    run.refresh_from_db()
    assert run.finished_at is not None
    assert said in run.problem
    assert run.rows_read == rows


@pytest.mark.django_db(transaction=True)
def test_only_the_import_of_a_job_that_did_not_end_it_is_ended(tmp_path: Path) -> None:
    waiting, ended = (ask_for_import(layout="auto", origin=f"{name}.csv") for name in "ab")
    runner.stop(ended, "It is not there.")
    for job in Job.objects.exclude(params={"run": waiting.pk}):
        services.cancel(job)
    services.cancel(services.submit(wiring.SWEEP, key="sweep"))
    waiting.refresh_from_db()
    ended.refresh_from_db()
    assert (waiting.finished_at, waiting.problem) == (None, "")
    assert ended.problem == "It is not there."


@pytest.mark.django_db(transaction=True)
def test_the_sweep_forgets_sessions_that_are_over() -> None:
    over, going = SessionStore(), SessionStore()
    for session, seconds in ((over, -1), (going, 1000)):
        session.set_expiry(seconds)
        session.save()
    wiring.submit_sweep()
    job = Job.objects.get(kind=wiring.SWEEP)
    kind_named(job.kind).run(JobContext(job), job.params)
    assert list(Session.objects.values_list("session_key", flat=True)) == [going.session_key]


@pytest.mark.django_db(transaction=True)
def test_a_file_of_ratings_is_looked_through_and_taken_by_a_job_each(operator: User) -> None:
    file = io.BytesIO(b"task,rater,question,answer\na,r1,ok,yes\n")
    row = rating_imports.keep(file, "theirs.csv", Wish("Theirs", by=operator))
    job = Job.objects.get()
    assert (job.kind, job.asked_by) == (wiring.RATINGS_IMPORT, operator)
    assert kind_named(job.kind).run(JobContext(job), job.params) == {"rows": 1, "bad": 0, "ratings": 1}
    rating_imports.take(row, by=operator)
    job = Job.objects.latest("pk")
    kind_named(job.kind).run(JobContext(job), job.params)
    row.refresh_from_db()
    assert (row.state, Job.objects.count()) == ("done", 2)


@pytest.mark.django_db(transaction=True)
def test_a_file_of_ratings_whose_job_is_cancelled_says_so() -> None:
    row = rating_imports.keep(io.BytesIO(b"x"), "theirs.csv", Wish("Theirs"))
    job = Job.objects.get()
    services.cancel(job)
    row.refresh_from_db()
    assert (row.state, row.problem) == ("refused", f"Its job #{job.pk} was cancelled.")


@pytest.mark.django_db(transaction=True)
def test_a_file_of_ratings_that_never_got_a_job_is_taken_up() -> None:
    row = rating_imports.keep(io.BytesIO(b"task,rater,question,answer\na,r1,ok,yes\n"), "theirs.csv", Wish("Theirs"))
    Job.objects.all().delete()
    wiring.settle_raters()
    wiring.settle_raters()
    job = Job.objects.get()
    assert (job.kind, job.params, job.state) == (wiring.RATINGS_IMPORT, {"row": row.pk}, "queued")
    kind_named(job.kind).run(JobContext(job), job.params)
    row.refresh_from_db()
    assert row.state == "checked"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("ended", "why"),
    [
        ({"state": "failed", "error": "The disk is full."}, "The disk is full."),
        ({"state": "cancelled"}, "Its job #{} was cancelled."),
        ({"state": "succeeded"}, "Its job #{} is over."),
    ],
    ids=["failed", "cancelled", "ended without its word"],
)
def test_a_file_of_ratings_whose_jobs_end_nobody_told_is_given_up(ended: dict[str, str], why: str) -> None:
    row = rating_imports.keep(io.BytesIO(b"x"), "theirs.csv", Wish("Theirs"))
    job = Job.objects.get()
    Job.objects.update(finished_at=timezone.now(), **ended)
    wiring.settle_raters()
    row.refresh_from_db()
    assert (row.state, row.problem) == ("refused", why.format(job.pk))
    assert Job.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_end_of_a_look_ends_nothing_after_a_yes() -> None:
    row = rating_imports.keep(io.BytesIO(b"task,rater,question,answer\na,r1,ok,yes\n"), "theirs.csv", Wish("Theirs"))
    look = Job.objects.get()
    rating_imports.take(rating_imports.run(row))
    services.cancel(look)
    row.refresh_from_db()
    assert row.state == "taking"


def test_an_import_of_ratings_that_another_overtook_is_tried_again() -> None:
    assert issubclass(IntegrityError, kind_named(wiring.RATINGS_IMPORT).retry_on)
