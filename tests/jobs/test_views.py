"""The pages of jobs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from jobs.models import Attempt, Dependency, Job, State
from tests.factories.jobs import make_dead_job, make_job

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], Client]
HTMX = {"HX-Request": "true"}


def failed_job() -> Job:
    job = make_job(state=State.FAILED, fence=1, error="KeyError: 'chair'", subject="Import of chairs.csv")
    Attempt.objects.create(
        job=job, number=1, worker="cpu@host:1", outcome="failed", exception="builtins.KeyError",
        traceback="Traceback: in secret_place", log_tail="the last line",
    )  # fmt: skip
    return job


@pytest.fixture
def look(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


@pytest.fixture
def change(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


def test_the_list_shows_subject_state_and_progress(look: Client) -> None:
    make_job(subject="Import of mugs.csv", state=State.RUNNING, progress_done=3, progress_total=9)
    page = look.get(reverse("jobs:list")).content.decode()
    assert "Import of mugs.csv" in page
    assert 'value="3"' in page
    assert "every 2s" in page


def test_a_list_of_finished_jobs_does_not_ask_again(look: Client) -> None:
    failed_job()
    page = look.get(reverse("jobs:list"), headers=HTMX).content.decode()
    assert "every 2s" not in page
    assert "<html" not in page


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("?state=failed", {"b"}),
        ("?queue=gpu", {"c"}),
        ("?kind=catalog.import", {"d"}),
        ("?text=CHAIRS", {"b"}),
        ("?state=nonsense", {"a", "b", "c", "d"}),
        ("?state=failed&queue=gpu", set()),
    ],
)
def test_filters(look: Client, query: str, seen: set[str]) -> None:
    jobs = {
        "a": make_job(), "b": failed_job(), "c": make_job(queue="gpu"), "d": make_job("catalog.import"),
    }  # fmt: skip
    found = {job.pk for job in look.get(reverse("jobs:list") + query).context["page"].items}
    assert found == {jobs[name].pk for name in seen}


def test_pages_are_cut_by_id_and_keep_the_filters(look: Client) -> None:
    Job.objects.bulk_create([Job(kind="jobs.rehearse") for _ in range(51)])
    page = look.get(reverse("jobs:list") + "?queue=cpu")
    assert len(page.context["page"].items) == 50
    older = page.context["pager"].next
    assert "queue=cpu" in older
    assert len(look.get(reverse("jobs:list") + older).context["page"].items) == 1
    assert look.get(reverse("jobs:list") + "?after=x&before=-1", follow=True).status_code == 200


def test_the_number_of_queries_does_not_grow(look: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            look.get(reverse("jobs:list"))
        return len(queries)

    make_job()
    few = count()
    for _ in range(20):
        make_job()
    assert count() == few <= 12


def test_empty_states(look: Client) -> None:
    assert "No job yet" in look.get(reverse("jobs:list")).content.decode()
    assert "No job fits" in look.get(reverse("jobs:list") + "?text=zebra").content.decode()


def test_a_queue_that_nobody_serves_is_said(look: Client) -> None:
    job = make_job(queue="gpu")
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(minutes=3))
    page = look.get(reverse("jobs:list")).content.decode()
    assert "1 job waits on gpu and no worker has taken one for 2 minutes" in page
    assert "manage.py worker --queue gpu" in page
    make_job(queue="gpu", state=State.RUNNING)
    assert "no worker has taken" not in look.get(reverse("jobs:list")).content.decode()


def test_the_detail_tells_operators_all_and_analysts_no_traceback(look: Client, change: Client) -> None:
    url = failed_job().get_absolute_url()
    for client, seen in ((look, False), (change, True)):
        page = client.get(url).content.decode()
        assert "KeyError: &#x27;chair&#x27;" in page
        assert ("secret_place" in page, "the last line" in page, "job-retry" in page) == (seen, seen, seen)


def test_the_detail_shows_what_it_waits_for(look: Client) -> None:
    first = failed_job()
    last = make_job(waiting_on=1, subject="Training")
    Dependency.objects.create(job=last, needs=first)
    page = look.get(last.get_absolute_url()).content.decode()
    assert f"#{first.pk}</a> (failed)" in page
    assert "Training" in look.get(first.get_absolute_url()).content.decode()


def test_a_held_job_is_shown_as_paused(look: Client) -> None:
    job = make_job(paused=True, waiting_on=1)
    assert ">paused</span>" in look.get(reverse("jobs:list")).content.decode()
    assert "starts only after it is released" in look.get(job.get_absolute_url()).content.decode()
    Job.objects.update(paused=False)
    assert ">waiting</span>" in look.get(job.get_absolute_url()).content.decode()


def test_an_operator_releases_a_held_job(look: Client, change: Client) -> None:
    job = make_job(paused=True)
    assert "job-release" not in look.get(job.get_absolute_url()).content.decode()
    assert "job-release" in change.get(job.get_absolute_url()).content.decode()
    url = reverse("jobs:release", args=[job.pk])
    assert "starts when its turn comes" in change.post(url, headers=HTMX).content.decode()
    job.refresh_from_db()
    assert not job.paused
    again = change.post(url, headers=HTMX).content.decode()
    assert "is not held" in again
    assert "job-release" not in again


def test_the_detail_asks_again_until_the_end(look: Client) -> None:
    job = make_job(state=State.RUNNING, progress_done=5, progress_total=10)
    fragment = look.get(job.get_absolute_url(), headers=HTMX).content.decode()
    assert "every 2s" in fragment
    assert "<html" not in fragment
    assert "50 %" in fragment
    done = make_job(state=State.SUCCEEDED)
    assert "every 2s" not in look.get(done.get_absolute_url(), headers=HTMX).content.decode()


def test_an_operator_cancels_without_leaving_the_page(change: Client) -> None:
    job = make_job()
    page = change.post(reverse("jobs:cancel", args=[job.pk]), headers=HTMX).content.decode()
    assert f"Job #{job.pk} is cancelled." in page
    assert "job-retry" in page
    job.refresh_from_db()
    assert job.state == State.CANCELLED


def test_without_htmx_a_button_leads_back_to_the_job(change: Client) -> None:
    job = failed_job()
    response = change.post(reverse("jobs:retry", args=[job.pk]), follow=True)
    assert response.redirect_chain == [(job.get_absolute_url(), 302)]
    assert "is queued again." in response.content.decode()


def test_a_running_job_is_told_to_stop(change: Client) -> None:
    job = make_dead_job()
    page = change.post(reverse("jobs:cancel", args=[job.pk]), headers=HTMX).content.decode()
    assert "will stop at its next step" in page
    assert "cancelling" in page


@pytest.mark.parametrize("name", ["cancel", "retry", "release"])
def test_what_the_state_does_not_allow_is_said(change: Client, name: str) -> None:
    job = make_job(state=State.SUCCEEDED)
    page = change.post(reverse(f"jobs:{name}", args=[job.pk]), headers=HTMX).content.decode()
    assert "notice error" in page


@pytest.mark.parametrize("name", ["cancel", "retry", "release"])
def test_changes_are_posts_of_operators(look: Client, change: Client, name: str) -> None:
    url = reverse(f"jobs:{name}", args=[failed_job().pk])
    assert change.get(url).status_code == 405
    assert look.post(url).status_code == 403
    assert change.post(reverse(f"jobs:{name}", args=[999_999])).status_code == 404


@pytest.mark.parametrize("path", ["/jobs/999999/", "/jobs/99999999999999999999/", "/jobs/x/"])
def test_a_bad_id_is_not_found(look: Client, path: str) -> None:
    assert look.get(path).status_code == 404


def test_the_panel_is_found_by_key_and_stops_at_the_end(look: Client) -> None:
    url = reverse("jobs:panel-by-key", args=["catalog/import/7"])
    assert "No job has been submitted" in look.get(url).content.decode()
    job = make_job(key="catalog/import/7", state=State.RUNNING, message="Row 5")
    panel = look.get(url).content.decode()
    assert "Row 5" in panel
    assert f'hx-get="{url}"' in panel
    Job.objects.filter(pk=job.pk).update(state=State.SUCCEEDED, finished_at=timezone.now())
    assert "hx-get" not in look.get(url).content.decode()
