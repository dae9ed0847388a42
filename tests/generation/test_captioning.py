"""Captions as templates: the noun becomes {product} once, all fits the text encoder, people's texts are checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.captioning import as_template, check_template, names_product, shortened, within
from generation.records import PLACEHOLDER

CASES = {
    "the noun": ("a red mug on a table", "mug", "a red {product} on a table"),
    "with a capital": ("Mug on a table", "mug", "{product} on a table"),
    "two words": ("A black phone case on marble", "phone case", "A black {product} on marble"),
    "with a hyphen": ("A black phone-case on marble", "phone case", "A black {product} on marble"),
    "a plural": ("A pair of white sneakers, lying on grass.", "sneaker", "A pair of white {product}, lying on grass."),
    "a plural in -ies": ("Two cherries in a bowl", "cherry", "Two {product} in a bowl"),
    "a plural in -es": ("Three watches in a box", "watch", "Three {product} in a box"),
    "the head noun": ("A silicone case for a phone", "phone case", "A silicone {product} for a phone"),
    "another word for it": ("a red cup on a table", "mug", "a red {product} on a table"),
    "another word, after a preamble": (
        "This image shows a clay vessel with a lid.", "teapot", "This image shows a clay {product} with a lid."
    ),
    "no name at all": ("bright light, soft shadows", "mug", "a photo of {product}, bright light, soft shadows"),
    "nothing": ("", "mug", "a photo of {product}"),
    "not inside other words": ("a smug cat", "mug", "a smug {product}"),
    "what chat models add": (
        'Sure, here is a caption: "**A red mug** on oak."\n\nLet me know!', "mug", "A red {product} on oak."
    ),
    "a template already": ("A {product} on oak,\n at dusk.", "mug", "A {product} on oak, at dusk."),
    "a template that says it twice": ("A {product}. The {product} is red.", "mug", "A {product}. It is red."),
    "brackets of no meaning": ("A mug {really}", "mug", "A {product} really"),
    "further mentions": (
        "A blue mug stands on oak. The mug has a chip, and the mug's handle is white.",
        "mug",
        "A blue {product} stands on oak. It has a chip, and its handle is white.",
    ),
    "further mentions of what it was called": (
        "A blue cup stands on oak. The cup is full.", "mug", "A blue {product} stands on oak. It is full."
    ),
    "compounds": ("A mug beside the mug rack and other mugs.", "mug", "A {product} beside the rack and others."),
    "a part of it": ("A clock with the clock face visible.", "clock", "A {product} with the face visible."),
}  # fmt: skip


@pytest.mark.parametrize(("text", "noun", "expected"), CASES.values(), ids=CASES.keys())
def test_the_product_is_named_once(text: str, noun: str, expected: str) -> None:
    template = as_template(text, noun)
    assert template == expected
    assert as_template(template, noun) == template


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=120)
    | st.from_regex(r"(a |the )?(mug|mugs|{product}|on|red|,|\.| )*"),
    noun=st.sampled_from(["mug", "phone case", "cherry"]),
)
def test_whatever_is_said_becomes_a_template(text: str, noun: str) -> None:
    template = as_template(text, noun)
    assert template.count(PLACEHOLDER) == 1
    assert template == " ".join(template.split())
    assert not set("{}") & set(template.replace(PLACEHOLDER, ""))


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize(
    ("template", "longest", "expected"),
    [
        ("A red {product} on a table, in soft light.", 20, "A red {product} on a table, in soft light."),
        ("A {product} on oak, by a lamp, in soft light. It is red.", 8, "A {product} on oak, by a lamp"),
        ("A red {product} on a table, beside a lamp.", 7, "A red {product} on a table"),
        ("A red {product} on a very long table", 6, "A red {product} on a"),
        ("A very long red shiny {product}", 4, "red shiny {product}"),
        ("{product}", 1, "{product}"),
    ],
    ids=["fits", "sentences and clauses first", "then clauses", "then words", "then words before", "never the product"],
)  # fmt: skip
def test_a_caption_is_cut_to_the_budget(template: str, longest: int, expected: str) -> None:
    """Two words are counted for the product: its token and its noun."""
    assert shortened(template, "mug", words, longest) == expected


@given(template=st.from_regex(r"([a-z]{1,6}[ ,.] ?){0,9}\{product\}([ ,.] ?[a-z]{1,6}){0,20}", fullmatch=True))
def test_cutting_always_ends_within_the_budget(template: str) -> None:
    cut = shortened(template, "mug", words, 5)
    assert cut.count(PLACEHOLDER) == 1
    assert words(cut.replace(PLACEHOLDER, "sks mug")) <= 5


def test_a_text_that_names_no_product_is_not_cut() -> None:
    assert within("a lamp on a table", "sks mug", words, 2) == "a lamp on a table"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A {product} on oak, at dusk.", []),
        ("  ", ["The caption is empty"]),
        ("A mug on oak.", ["does not say where the product is named"]),
        ("A {product} and a {product}", ["2 times"]),
        ("A {product} on {place}", ["Curly brackets"]),
        ("A {product} " + "x" * 600, ["612 characters"]),
        ("A {product}\non oak", ["one line"]),
        ("A {product}\x00", ["one line"]),
        ("A {mug} {", ["does not say", "Curly brackets"]),
    ],
    ids=["good", "empty", "no place", "twice", "brackets", "too long", "two lines", "unseen letter", "two faults"],
)
def test_what_people_write_is_checked(text: str, said: list[str]) -> None:
    problems = check_template(text)
    assert len(problems) == len(said)
    assert all(part in problem for part, problem in zip(said, problems, strict=True))


@pytest.mark.parametrize(
    ("text", "named"),
    [("two mugs", True), ("a smug cat", False), ("", False)],
    ids=["plural", "inside a word", "empty"],
)
def test_whether_a_text_names_the_product(text: str, named: bool) -> None:
    assert names_product(text, "mug") is named
    assert names_product("a hard case", "phone case")
