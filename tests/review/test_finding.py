"""Filters that are found by typing, chips that take one away, and how a page keeps all others."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from accounts.models import User
from review import finding
from review.filters import Filters
from review.models import Name
from tests.factories.catalog import make_product
from tests.review.facts import put
from tests.review.made import judged

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def test_products_are_found_by_their_words(client: Client) -> None:
    mug, lamp = make_product("Stoneware mug"), make_product("Brass <lamp>")
    put([(mug, "a", "beach", [True])])
    page = client.get("/review/find/product/?q=stone").content.decode()
    assert f'data-value="{mug.pk}"' in page
    assert "no judged image" not in page
    page = client.get("/review/find/product/?q=lamp").content.decode()
    assert f'data-value="{lamp.pk}" data-label="Brass &lt;lamp&gt;"' in page
    assert "no judged image" in page


def test_prompts_are_found_by_their_letters(client: Client) -> None:
    put([(make_product(), "a", "on a sunny beach", [True]), (make_product(), "a", "in a kitchen", [True])])
    found = finding.prompts("BEACH")
    assert [one.label for one in found] == ["on a sunny beach"]
    assert Filters(prompt=found[0].value).rows().count() == 1
    page = client.get("/review/find/prompt/?q=desert").content.decode()
    assert "No prompt with “desert”" in page


@pytest.mark.parametrize(
    ("what", "value", "label"),
    [
        ("product", "", ""),
        ("product", "999999", "#999999"),
        ("product", "x", "#x"),
        ("prompt", "abcdef", "abcdef"),
    ],
)
def test_what_is_chosen_has_a_name(what: str, value: str, label: str, db: None) -> None:
    assert finding.label_of(what, value) == label


def test_a_chosen_product_and_prompt_stand_in_their_fields(client: Client) -> None:
    mug = make_product("Stoneware mug")
    put([(mug, "a", "on a sunny beach", [True])])
    digest = Name.objects.get(text="on a sunny beach").digest[: finding.DIGEST]
    page = client.get(f"/review/?product={mug.pk}&prompt={digest}").content.decode()
    assert f'name="product" value="{mug.pk}"' in page
    assert 'value="Stoneware mug"' in page
    assert f'name="prompt" value="{digest}"' in page
    assert 'value="on a sunny beach"' in page


def test_each_chip_leads_to_the_page_without_its_filter(db: None) -> None:
    chosen = Filters(method="a b", since=date(2026, 1, 2), ranker="sum", top=3, least=2)
    assert [(one.what, one.without) for one in finding.chips(chosen)] == [
        ("method", "since=2026-01-02&ranker=sum&top=3&least=2"),
        ("from", "method=a+b&ranker=sum&top=3&least=2"),
        ("only", "method=a+b&since=2026-01-02&least=2"),
    ]
    assert finding.chips(Filters(least=2)) == []


@pytest.mark.parametrize(
    ("address", "without"),
    [
        ("/review/images/?method=a&verdict=failed&sort=clip_i&after=9", "verdict=failed&amp;sort=clip_i"),
        ("/review/products/?method=a&least=2&passing=yes&after=9&before=", "least=2&amp;passing=yes"),
        ("/review/metrics/?method=a&first=2&metric=clip_i", "first=2&amp;metric=clip_i"),
        ("/review/compare/?method=a&methods=b&methods=c", "methods=b&amp;methods=c"),
    ],
    ids=["wall", "products", "metrics", "compare"],
)
def test_a_chip_keeps_what_else_the_address_says(address: str, without: str, client: Client) -> None:
    judged([(make_product(), name, "x", [True]) for name in "ab"])
    page = client.get(address).content.decode()
    assert f'<a href="?{without}" aria-label="Without the filter method: a">' in page


def test_filters_go_along_to_the_other_pages(client: Client) -> None:
    made = judged([(make_product(), name, "x", [True]) for name in "ab"])
    query = f"campaign={made.pk}&least=2"
    page = client.get(f"/review/?{query}").content.decode()
    assert f'href="/review/compare/?{query.replace("&", "&amp;")}"' in page
    page = client.get(f"/review/compare/?{query}").content.decode()
    assert f'<option value="{made.pk}" selected>' in page


def test_a_refused_comparison_keeps_every_filter(client: Client) -> None:
    mug = make_product("Stoneware mug")
    made = judged([(mug, name, "x", [True]) for name in "ab"])
    sent = {"methods": ["a"], "campaign": made.pk, "product": mug.pk, "since": "2026-01-02", "voters": "person",
            "ranker": "sum", "top": "3", "least": "2", "source": "abo"}  # fmt: skip
    answer = client.post("/review/compare/", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose 2 to 6 different methods" in page
    for name, value in (("product", mug.pk), ("since", "2026-01-02"), ("top", "3"), ("source", "abo")):
        assert f'name="{name}" value="{value}"' in page, name
    for value in (made.pk, "person", "sum", "2"):
        assert f'<option value="{value}" selected>' in page, value


def test_what_cannot_be_found(client: Client) -> None:
    assert client.get("/review/find/colour/?q=x").status_code == 404
    assert client.get("/review/find/product/?q=%00%3F%3F").status_code == 200
