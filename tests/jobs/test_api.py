"""Jobs for programs."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from jobs.models import Attempt, State
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], Client]


@pytest.fixture
def api(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


def test_the_list_is_paged_and_filtered(api: Client) -> None:
    jobs = [make_job(queue="gpu") for _ in range(3)]
    make_job()
    first = api.get("/api/jobs/?queue=gpu&size=2").json()
    assert [row["id"] for row in first["results"]] == [jobs[2].pk, jobs[1].pk]
    rest = api.get(f"/api/jobs/?queue=gpu&size=2&after={first['next']}").json()
    assert ([row["id"] for row in rest["results"]], rest["next"]) == ([jobs[0].pk], None)


@pytest.mark.parametrize("query", ["state=odd", "queue=tpu", "kind=no.such", "size=0", "size=9999", "after=x"])
def test_a_bad_filter_is_refused_by_name(api: Client, query: str) -> None:
    response = api.get(f"/api/jobs/?{query}")
    assert response.status_code == 400
    assert query.partition("=")[0] in response.json()["errors"]


def test_tracebacks_are_for_operators(api: Client, client_for: ClientFor, analyst: User) -> None:
    job = make_job(state=State.FAILED, params={"steps": 1})
    Attempt.objects.create(job=job, number=1, worker="w", traceback="in secret_place")
    told = api.get(f"/api/jobs/{job.pk}/").json()
    assert told["params"] == {"steps": 1}
    assert told["attempts"][0]["traceback"] == "in secret_place"
    assert "traceback" not in client_for(analyst).get(f"/api/jobs/{job.pk}/").json()["attempts"][0]


def test_cancel_then_retry(api: Client) -> None:
    job = make_job()
    assert api.post(f"/api/jobs/{job.pk}/cancel/").json()["state"] == "cancelled"
    refused = api.post(f"/api/jobs/{job.pk}/cancel/")
    assert refused.status_code == 409
    assert "cannot be cancelled" in refused.json()["detail"]
    assert api.post(f"/api/jobs/{job.pk}/retry/").json()["state"] == "queued"
    assert api.post(f"/api/jobs/{job.pk}/retry/").status_code == 409


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_changes_are_posts_of_operators(api: Client, client_for: ClientFor, analyst: User, verb: str) -> None:
    job = make_job()
    assert api.get(f"/api/jobs/{job.pk}/{verb}/").status_code == 405
    assert client_for(analyst).post(f"/api/jobs/{job.pk}/{verb}/").status_code == 403
    assert api.post(f"/api/jobs/999999/{verb}/").status_code == 404


def test_there_is_no_such_job(api: Client) -> None:
    assert api.get("/api/jobs/999999/").status_code == 404
