"""Frozen reports by the API: asked for, listed with their hashes, and their files."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from jobs.models import Job
from review.filters import Filters
from review.models import Report
from review.services import comparisons
from tests.factories.catalog import make_product
from tests.review.facts import put
from tests.review.made import run_job

ClientFor = Callable[[User | None], Client]
ROOM = "/api/review/reports/"
LONG = "\N{CJK UNIFIED IDEOGRAPH-676F}" * 120  # nine characters each in an address
TOO_LONG = "characters of an address, and 1,000 are kept: choose by fewer of them, or by shorter names."


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def ask(client: Client, sent: dict[str, Any]) -> Any:
    return client.post(ROOM, sent, content_type="application/json")


def test_a_report_is_asked_for_and_its_files_are_what_their_hashes_say(client: Client) -> None:
    put([(make_product(f"Mug {n}"), "a", "x", [True, n > 2]) for n in range(6)])
    made = ask(client, {"filters": "voters=person&least=2"})
    told = made.json()
    assert (made.status_code, told["filters"], told["comparison"], told["made_at"]) == (
        201, "voters=person&least=2", None, None,
    )  # fmt: skip
    address = f"{ROOM}{told['id']}/"
    assert client.get(f"{address}report.html").status_code == 404
    run_job(Job.objects.get())
    now = client.get(address).json()
    for ending, name in (("html", "sha256"), ("pdf", "pdf_sha256")):
        answer = client.get(f"{address}report.{ending}")
        data = b"".join(answer.streaming_content)
        assert hashlib.sha256(data).hexdigest() == now[name]
        assert answer.headers["Content-Disposition"].startswith("attachment")
    assert [one["id"] for one in client.get(ROOM).json()] == [told["id"]]


def test_of_a_comparison(client: Client) -> None:
    products = [make_product(f"Mug {n}") for n in range(4)]
    put([(one, name, "x", [name == "b"]) for one in products for name in "ab"])
    row = comparisons.ask(Filters(), ["a", "b"])
    refused = ask(client, {"comparison": row.pk})
    assert (refused.status_code, "not computed yet" in refused.json()["errors"]["comparison"][0]) == (400, True)
    comparisons.run(row.pk)
    made = ask(client, {"comparison": row.pk}).json()
    assert (made["comparison"], made["title"]) == (row.pk, "b against a")


@pytest.mark.parametrize(
    ("sent", "where", "said"),
    [
        ({"comparison": 99999}, "comparison", "There is no comparison 99999."),
        ({"comparison": "x"}, "comparison", "'x' will not do: send a whole number of at least 1."),
        ({"comparison": 1, "filters": "least=2"}, "filters", "A comparison has filters of its own: leave these out."),
        ({"filters": "campaign=x"}, "campaign", "Enter a whole number."),
        ({"filters": f"method={LONG}"}, "filters", f"These filters take 1,087 {TOO_LONG}"),
    ],
)
def test_what_cannot_be_asked_is_told(sent: dict[str, Any], where: str, said: str, client: Client) -> None:
    answer = ask(client, sent)
    assert (answer.status_code, answer.json()["errors"]) == (400, {where: [said]})
    assert not Report.objects.exists()


@pytest.mark.parametrize("address", ["99999/", "99999/report.html", "99999/report.doc"])
def test_what_is_not_there(address: str, client: Client) -> None:
    assert client.get(f"{ROOM}{address}").status_code == 404
