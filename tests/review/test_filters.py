"""What a page is about, in an address and back."""

from datetime import date

import pytest
from django.http import QueryDict

from review.filters import Filters, apart
from review.forms import FilterForm
from review.models import UNTYPED

EVERY = Filters(
    campaign=3,
    type=7,
    method="paper v1",
    product=17,
    prompt="0123456789ab",
    since=date(2026, 1, 2),
    until=date(2026, 2, 3),
    voters="person",
    ranker="12",
    top=4,
    least=2,
    questions=5,
    source="abo",
)


def read(query: str) -> FilterForm:
    return FilterForm(QueryDict(query))


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("nothing", Filters()),
        ("everything", EVERY),
        ("without a type", Filters(type=UNTYPED)),
        ("text with signs", Filters(method="a & b = c v2")),
        ("the plain sum", Filters(ranker="sum", top=1)),
    ],
)
def test_an_address_and_back(name: str, filters: Filters) -> None:
    assert read(filters.query).filters() == filters


def test_what_is_at_rest_is_not_in_the_address() -> None:
    assert Filters().query == ""
    assert Filters(type=UNTYPED).query == "type=none"
    assert Filters(campaign=3, least=1).query == "campaign=3"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("campaign=x", "campaign: Enter a whole number."),
        ("since=2026-02-01&until=2026-01-01", "until: 2026-01-01 is before 2026-02-01"),
        ("since=yesterday", "since: Enter a valid date."),
        ("type=mug", "type: 'mug' is no product type"),
        ("ranker=best&top=1", "ranker: 'best' is no ranker"),
        ("top=3", "ranker: Whose best?"),
        ("ranker=sum", "top: How many of each product?"),
        ("ranker=sum&top=0", "top: Ensure this value is greater than or equal to 1."),
        ("voters=nobody", "voters: Select a valid choice."),
        ("prompt=../x", "prompt: No such prompt."),
        ("least=9", "least: Select a valid choice."),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(query: str, sentence: str) -> None:
    form = read(query)
    assert not form.is_valid()
    assert form.first_error().startswith(sentence)
    assert form.filters() == Filters()


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(), True),
        (Filters(campaign=1, type=2, method="a", least=3, questions=1), True),
        (Filters(product=1), False),
        (Filters(since=date(2026, 1, 1)), False),
        (Filters(voters="person"), False),
        (Filters(ranker="sum", top=1), False),
        (Filters(prompt="012345"), False),
        (Filters(source="abo"), False),
    ],
)
def test_which_sums_are_kept(filters: Filters, kept: bool) -> None:
    assert filters.is_kept is kept


def test_how_figures_are_told_narrows_nothing() -> None:
    assert not Filters(least=3, questions=2).narrowed
    assert Filters(campaign=1).narrowed
    assert not apart(Filters(least=3)).narrowed
    assert apart(Filters(campaign=1)).narrowed
