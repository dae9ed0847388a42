"""Scenes written by a language model: asked in rounds, lines cleaned, near-duplicates left out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from generation.prompt_writing import ALIKE, Asked, Written, lines_of, write_scenes
from tests.factories.checkpoints.perceivers import warm


class Scripted:
    """A writer that answers in turn, and then the same for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def write(self, instruction: str, *, seed: int) -> str:
        self.asked.append((instruction, seed))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Letters:
    """A CLIP for which texts are alike that use the same letters equally often."""

    def texts(self, texts: Sequence[str]) -> Any:
        rows = np.array([[text.lower().count(chr(97 + place)) for place in range(26)] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def images(self, _images: Any) -> Any:
        raise AssertionError("no pictures here")


def write(*answers: str, count: int = 2, existing: tuple[str, ...] = (), **options: Any) -> Written:
    return write_scenes(Scripted(*answers), Letters(), Asked("mug", count, existing), **options)


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        ("A {product} on oak.\nA {product} by the sea.", ["A {product} on oak.", "A {product} by the sea."]),
        ("1. A {product} on oak.\n2) A {product} by the sea.", ["A {product} on oak.", "A {product} by the sea."]),
        ("- A {product} on oak.\n\n* “A {product} by the sea.”", ["A {product} on oak.", "A {product} by the sea."]),
        ("Here are two prompts:\n```\nA {product} on oak.\n```", ["A {product} on oak."]),
        ("<think>\nwhat about sand?\n</think>\nA {product} on oak.", ["A {product} on oak."]),
        ("3 mugs on oak", ["3 mugs on oak"]),
        ("", []),
    ],
    ids=[
        "plain",
        "numbered",
        "bullets and quotes",
        "a fence and a preamble",
        "thoughts",
        "a number that counts",
        "nothing",
    ],
)
def test_an_answer_is_cut_into_its_scenes(answer: str, lines: list[str]) -> None:
    assert lines_of(answer) == lines


def test_scenes_are_taken_until_there_are_enough() -> None:
    done = write("A {product} on oak.\nA {product} by the sea.\nA {product} in the snow, far away.")
    assert done.scenes == ["A {product} on oak.", "A {product} by the sea."]
    assert done.refused == []


def test_a_line_that_says_the_noun_becomes_a_template() -> None:
    assert write("A mug on oak, and the mug's shadow.", count=1).scenes == ["A {product} on oak, and its shadow."]


@pytest.mark.parametrize(
    ("existing", "answer", "twin"),
    [
        (("A {product} on dark oak.",), "a {product} on dark oak", "A {product} on dark oak."),
        (("A {product} on dark oak.",), "On dark oak, a {product}.", "A {product} on dark oak."),
        ((), "A {product} by the sea.\nBy the sea, a {product}.", "A {product} by the sea."),
    ],
    ids=["as it is in the bank", "the same scene in other words", "twice in one answer"],
)
def test_scenes_that_are_there_already_are_left_out(existing: tuple[str, ...], answer: str, twin: str) -> None:
    done = write(answer, existing=existing)
    assert done.refused[0][1] == f"It is nearly “{twin}”."
    assert len(done.scenes) == (0 if existing else 1)


def test_the_banks_rule_is_asked_and_its_reason_kept() -> None:
    def clean(text: str) -> str:
        if "{product}" not in text:
            raise ValueError("no place for the product")
        return text.upper()

    done = write("A boat on a lake.\nA {product} on oak.", count=1, clean=clean)
    assert done.scenes == ["A {PRODUCT} ON OAK."]
    assert done.refused == [("A boat on a lake.", "no place for the product")]


def test_a_writer_with_nothing_new_is_asked_three_times_and_no_more() -> None:
    writer = Scripted("A {product} on oak.")
    done = write_scenes(writer, Letters(), Asked("mug", 5))
    assert done.scenes == ["A {product} on oak."]
    assert done.rounds == len(writer.asked) == 4


def test_each_round_has_its_seed_and_shows_what_is_there() -> None:
    writer = Scripted("A {product} on oak.", "A {product} by the sea.")
    told: list[tuple[int, int]] = []
    write_scenes(writer, Letters(), Asked("mug", 2, ("A {product} at noon.",)), progress=lambda *now: told.append(now))
    (first, one), (second, other) = writer.asked
    assert one != other
    assert "Write 2 prompts" in first
    assert "a mug in a place" in first
    assert "A {product} at noon." in first
    assert "A {product} on oak." in second
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("change", [{"seed": 1}, {"noun": "bag"}], ids=["another seed", "another type"])
def test_the_same_asked_gives_the_same_seeds(change: dict[str, Any]) -> None:
    seeds = []
    for asked in (Asked("mug", 1), Asked("mug", 1), Asked(**{"noun": "mug", "count": 1, **change})):
        writer = Scripted("A {product} on oak.")
        write_scenes(writer, Letters(), asked)
        seeds.append(writer.asked[0][1])
    assert seeds[0] == seeds[1] != seeds[2]


def test_runs_on_the_tiny_models() -> None:
    """Random weights write no scene; what they do write is refused with a reason."""

    def clean(text: str) -> str:
        if "{product}" not in text:
            raise ValueError("no place for the product")
        return text

    done = write_scenes(warm("writer"), warm("clip"), Asked("mug", 1), clean=clean)
    assert done.scenes == []
    assert done.rounds == 3
    assert 0 < ALIKE < 1
    assert all(reason == "no place for the product" for _, reason in done.refused)
