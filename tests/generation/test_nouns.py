"""Nouns: how a photo of one is asked for, and which are truly others."""

import pytest

from generation.nouns import EVERYDAY, others_than, photo_of


@pytest.mark.parametrize(
    ("noun", "said"),
    [
        ("mug", "a photo of a mug"),
        ("armchair", "a photo of an armchair"),
        ("Office chair", "a photo of an Office chair"),
    ],
)
def test_the_plain_prompt(noun: str, said: str) -> None:
    assert photo_of(noun) == said


@pytest.mark.parametrize(
    ("noun", "nouns", "others"),
    [
        ("mug", ["mug", "lamp", "Travel Mug", "lamp", "chair"], ("lamp", "chair")),
        ("office chair", ["chair", "dining chairs", "table"], ("table",)),
        ("glass", ["glasses case", "wine glass"], ("glasses case",)),
        ("phone case", ["", "  ", "phone"], ("phone",)),
    ],
)
def test_others_are_of_another_kind(noun: str, nouns: list[str], others: tuple[str, ...]) -> None:
    assert others_than(noun, nouns) == others


def test_where_there_is_no_other_type_everyday_things_do() -> None:
    assert others_than("mug", ["mug"]) == EVERYDAY
    assert "desk lamp" not in others_than("lamp", [])
