"""Tokens that mean nothing, and why others are refused."""

import pytest

from generation.records import TokenScore
from generation.training.tokens import (
    RARE_FROM,
    candidates,
    clip_numbers,
    known_names,
    meaningless,
    rare_tokens,
    refusal,
)
from tests.factories.checkpoints.makers import warm


def test_the_shipped_list_is_what_the_rule_finds() -> None:
    assert list(rare_tokens()) == meaningless()
    assert len(rare_tokens()) >= 64  # as many as a sweep may ask for
    assert "sks" in rare_tokens()


def test_each_is_one_rare_token_of_the_tokenizer_itself() -> None:
    tokenizer = warm("sd").pipeline.tokenizer
    for token in rare_tokens():
        ids = tokenizer(token, add_special_tokens=False).input_ids
        assert ids == [clip_numbers()[token]]
        assert ids[0] >= RARE_FROM


def test_none_of_them_would_be_refused_for_an_everyday_product() -> None:
    refused = [refusal(token, noun="phone case", title="Blue case with a strap") for token in rare_tokens()]
    assert not any(refused)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("mug", "a word that the model knows"),
        ("Mug", "a word that the model knows"),
        ("ikea", "a word that the model knows"),
        ("bmw", "a word that the model knows"),
        ("decanter", "can be read as a word"),
        ("tumbler", "can be read as a word"),
        ("LAMPSHADE", "can be read as a word"),
        ("tabi", "can be read as a word"),
        ("jpg", "a known name"),
        ("hsbc", "a known name"),
        ("case", "the name of a product type"),
        ("stool", "the name of a product type"),
        ("zorkon", "a word of the product's title"),
        ("sks2", "not 2 to 12 plain letters"),
        ("s", "not 2 to 12 plain letters"),
        ("two words", "not 2 to 12 plain letters"),
        ("größe", "not 2 to 12 plain letters"),
    ],
)
def test_words_and_names_are_refused(token: str, reason: str) -> None:
    told = refusal(token, noun="phone case", title="ZORKON Case 3000", nouns=["bar stool"])
    assert reason in told
    assert repr(token).strip("'") in told
    assert rare_tokens()[0] in told


@pytest.mark.parametrize("token", ["sks", "SKS", "ohwx", "zwkq"])
def test_what_means_nothing_is_taken(token: str) -> None:
    assert refusal(token, noun="phone case", title="Case", nouns=["mug"]) == ""


def test_known_names_are_no_candidates() -> None:
    assert {"kpmg", "dvds", "jpg"} <= known_names()
    assert not known_names() & set(rare_tokens())


def test_candidates_begin_elsewhere_for_another_product_and_skip_the_refused() -> None:
    tokens = rare_tokens()
    chosen, refused = candidates(3, len(tokens) + 5, lambda token: "no" if token == tokens[6] else "")
    assert chosen == [tokens[5], tokens[7], tokens[8]]
    assert refused == [TokenScore(tokens[6], None, 0, "no")]
    assert candidates(3, len(tokens) - 1, lambda _: "")[0] == [tokens[-1], tokens[0], tokens[1]]
    assert candidates(64, 0, lambda _: "")[0] == list(tokens[:64])
