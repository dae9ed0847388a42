"""Comparisons by the API: asked for, read once they are there, and as files."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from jobs.exceptions import JobError
from review.filters import Filters
from review.models import Comparison
from review.services import comparisons
from tests.factories.catalog import make_product
from tests.review.facts import put
from tests.review.reading import read

ClientFor = Callable[[User | None], Client]
ROOM = "/api/review/comparisons/"
LONG = f"campaign={'9' * 700}&source={chr(0x676F) * 40}"  # nine characters each in an address


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def test_one_is_asked_for_and_says_why_it_is_not_there(client: Client, analyst: User) -> None:
    put([(make_product(f"Mug {name}"), name, "x", [True]) for name in "ab"])
    made = client.post(ROOM, {"methods": ["a", "b"], "filters": "voters=person"}, content_type="application/json")
    told = made.json()
    assert (made.status_code, told["methods"], told["filters"], told["computed_at"]) == (
        201, ["a", "b"], "voters=person", None,
    )  # fmt: skip
    assert Comparison.objects.get().asked_by == analyst
    address = f"{ROOM}{told['id']}/"
    assert client.get(address).json()["result"] is None
    with pytest.raises(JobError, match="2 or more"):  # no product has both methods
        comparisons.run(told["id"])
    assert "2 or more" in client.get(address).json()["problem"]


def test_its_result_is_that_of_the_page_and_the_files(client: Client) -> None:
    products = [make_product(f"Mug {n}") for n in range(6)]
    put([(one, name, "x", [name == "b", n > 1]) for n, one in enumerate(products) for name in "ab"])
    row = comparisons.ask(Filters(), ["a", "b"])
    comparisons.run(row.pk)
    row.refresh_from_db()
    (one,) = client.get(f"{ROOM}{row.pk}/").json()["result"]
    assert (one["second"], one["sentence"]) == ("b", row.result[0]["sentence"])
    for room in (ROOM, "/review/compare/"):
        first, *_ = read(client, f"{room}{row.pk}/differences.parquet")
        assert first["difference"] == one["per_image"]["difference"]["value"]
        assert len(read(client, f"{room}{row.pk}/moved.csv")) == one["moved"]["gained"]["count"]
    (listed,) = client.get(ROOM).json()
    assert listed["id"] == row.pk
    assert "result" not in listed


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"methods": ["a"]}, {"methods": ["Choose 2 to 6 different methods; the first is what the others are held"]}),
        ({}, {"methods": ["It is missing; send a list."]}),
        ({"methods": ["a", "b"], "filters": "campaign=x"}, {"campaign": ["Enter a whole number."]}),
        ({"methods": ["a", "b"], "filters": LONG}, {"filters": ["These filters take 1,077 characters of an address"]}),
    ],
)
def test_what_cannot_be_asked_is_told(sent: dict[str, Any], errors: dict[str, list[str]], client: Client) -> None:
    answer = client.post(ROOM, sent, content_type="application/json")
    assert answer.status_code == 400
    for name, (sentence,) in errors.items():
        assert answer.json()["errors"][name][0].startswith(sentence)
    assert not Comparison.objects.exists()


@pytest.mark.parametrize("address", ["99/", "99/moved.csv"])
def test_what_is_not_there(address: str, client: Client) -> None:
    assert client.get(f"{ROOM}{address}").status_code == 404
