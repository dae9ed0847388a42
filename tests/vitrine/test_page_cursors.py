"""Garbage where an address has a cursor: a call is refused, and a page begins at its list's beginning and says so."""

import pytest
from django.test import Client

from tests.factories.accounts import make_user
from vitrine.access import Role

pytestmark = pytest.mark.django_db

GARBAGE = ["x", "-1", "0", "99999999999999999999", "1; DROP TABLE", "½"]
CALLS = [
    "products", "prompts", "jobs", "runs", "batches", "campaigns", "question-sets", "campaigns/import", "rankers",
    "ranker-trials",
]  # fmt: skip
PAGES = ["products", "prompts/list", "imports", "jobs", "runs", "batches", "campaigns", "review/products", "ranking"]


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_user(Role.ANALYST, Role.OPERATOR))
    return client


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("call", CALLS)
def test_a_call_refuses_it(client: Client, call: str, name: str) -> None:
    for bad in GARBAGE:
        answer = client.get(f"/api/{call}/", {name: bad})
        assert answer.status_code == 400, bad
        sentence = f"{bad[:40]!r} is no cursor: use the “next” or “previous” of an answer."
        assert answer.json() == {"detail": f"{name}: {sentence}", "errors": {name: [sentence]}}
    assert client.get(f"/api/{call}/", {name: "1"}).status_code == 200
    assert client.get(f"/api/{call}/", {name: ""}).status_code == 200


@pytest.mark.parametrize("call", ["runs", "batches", "question-sets"])
def test_a_call_refuses_a_size_that_is_none(client: Client, call: str) -> None:
    answer = client.get(f"/api/{call}/?size=many")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("size: 'many' is no size of a page: say a number from 1 to ")
    assert client.get(f"/api/{call}/?size=99999").status_code == 200, "the largest page"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_anew_and_says_so(client: Client, page: str) -> None:
    answer = client.get(f"/{page}/", {"q": "mug", "after": "x"}, follow=True)
    assert answer.redirect_chain == [(f"/{page}/?q=mug", 302)]
    assert "after=x is no place in this list: here is its beginning." in answer.content.decode()
    assert client.get(f"/{page}/", {"before": "x"}).headers["Location"] == f"/{page}/"
    assert client.get(f"/{page}/", {"after": "1"}).status_code == 200


def test_a_part_of_a_page_keeps_quiet(client: Client) -> None:
    """What htmx asked for goes into a page that shows no messages."""
    answer = client.get("/runs/?after=x", headers={"HX-Request": "true"})
    assert answer.headers["Location"] == "/runs/"
    assert "is no place in this list" not in client.get("/runs/").content.decode()
