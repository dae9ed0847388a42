"""Captions out of lists of words: slot after slot by likeness, and files that are not right."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from generation.checkpoints import captioner
from generation.checkpoints.roles import Embeddings
from generation.checkpoints.sets import Entry
from generation.checkpoints.word_captioner import FILE, WordCaptioner, Words
from generation.exceptions import BadModelSet, CheckpointMissing
from tests.factories.checkpoints.clip import make_tiny_clip

CPU = torch.device("cpu")
WORDS = Words(
    "a photo of {a} {look} {noun} {place}, {light}",
    {
        "noun": ("mug", "armchair"),
        "look": ("red", "orange", "red and blue striped"),
        "place": ("in a kitchen", "on a beach"),
        "light": ("daylight", "lamplight"),
    },
)


class Counting:
    """A CLIP of words: a picture's colour channels are three marks, and a text's row counts some words."""

    MARKS = ("striped", "beach", "armchair", "orange", "lamplight")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def images(self, images: Sequence[Image.Image]) -> Embeddings:
        return np.stack([np.asarray(image, np.float32)[0, : len(self.MARKS), 0] for image in images])

    def texts(self, texts: Sequence[str]) -> Embeddings:
        self.asked += texts
        return np.array([[1.0 if mark in text else -0.1 for mark in self.MARKS] for text in texts], np.float32)


def picture(*marks: str) -> Image.Image:
    row = np.array([[[200.0] * 3 if mark in marks else [0.0] * 3 for mark in Counting.MARKS]], np.uint8)
    return Image.fromarray(row)


def entry(folder: Path) -> Entry:
    return Entry("captioner", "clip-words", "", "", "mit", True, folder)


@pytest.mark.parametrize(
    ("filled", "text"),
    [
        ({"noun": "mug"}, "a photo of a mug"),
        ({"noun": "armchair"}, "a photo of an armchair"),
        ({"noun": "armchair", "look": "red"}, "a photo of a red armchair"),
        ({"noun": "mug", "place": "on a beach"}, "a photo of a mug on a beach"),
        ({"noun": "mug", "look": "orange", "light": "lamplight"}, "a photo of an orange mug, lamplight"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_what_is_not_filled_is_left_out(filled: dict[str, str], text: str) -> None:
    assert WORDS.said(filled) == text


@pytest.mark.parametrize(
    ("marks", "text"),
    [
        (("armchair", "orange", "beach", "lamplight"), "a photo of an orange armchair on a beach, lamplight"),
        (("striped",), "a photo of a red and blue striped mug in a kitchen, daylight"),
        ((), "a photo of a red mug in a kitchen, daylight"),
    ],
    ids=["every mark", "one mark", "nothing to go by: the first words"],
)
def test_says_what_is_most_like_the_picture(marks: tuple[str, ...], text: str) -> None:
    assert WordCaptioner(Counting(), WORDS).describe([picture(*marks)], "ignored") == [text]


def test_a_sentence_that_begins_second_may_end_first() -> None:
    """ "armchair" is the lesser noun until its colour is said."""

    class Late(Counting):
        def texts(self, texts: Sequence[str]) -> Embeddings:
            def score(text: str) -> float:
                if "orange armchair" in text:
                    return 2.0
                return 1.0 if "mug" in text else 0.5

            return np.array([[score(text)] * 5 for text in texts], np.float32)

    assert "orange armchair" in WordCaptioner(Late(), WORDS).describe([picture(*Counting.MARKS)], "")[0]


def test_texts_are_embedded_once_and_no_pictures_cost_nothing() -> None:
    clip = Counting()
    made = WordCaptioner(clip, WORDS)
    assert made.describe([], "") == []
    assert clip.asked == []
    first = made.describe([picture("beach"), picture("striped")], "")
    asked = len(clip.asked)
    assert len(set(clip.asked)) == asked
    assert made.describe([picture("beach"), picture("striped")], "") == first
    assert len(clip.asked) == asked


def test_loads_with_the_clip_of_its_folder(tmp_path: Path) -> None:
    make_tiny_clip(tmp_path)
    (tmp_path / FILE).write_text(json.dumps({"sentence": WORDS.sentence, "slots": WORDS.slots}))
    loaded = captioner.load(entry(tmp_path), CPU)
    assert isinstance(loaded, WordCaptioner)
    assert loaded.words == WORDS
    told = loaded.describe([Image.new("RGB", (40, 30), "red")] * 2, "")
    assert told[0] == told[1]
    assert told[0].endswith("light")


@pytest.mark.parametrize(
    "told",
    [{}, {"sentence": "a photo", "slots": {}}, {"sentence": "{noun}", "slots": {"look": ["red"]}},
     {"sentence": "{noun}", "slots": {"noun": []}}],
    ids=["nothing", "no slot", "words for another slot", "no words"],
)  # fmt: skip
def test_words_that_do_not_fit_are_a_fault_of_the_set(tmp_path: Path, told: dict[str, object]) -> None:
    make_tiny_clip(tmp_path)
    (tmp_path / FILE).write_text(json.dumps(told))
    with pytest.raises(BadModelSet, match=r"captions\.json has the sentence"):
        captioner.load(entry(tmp_path), CPU)


@pytest.mark.parametrize("text", ["", "{"], ids=["missing", "no JSON"])
def test_a_file_that_is_missing_or_damaged_is_named(tmp_path: Path, text: str) -> None:
    make_tiny_clip(tmp_path)
    if text:
        (tmp_path / FILE).write_text(text)
    with pytest.raises(CheckpointMissing, match="The captioner cannot be loaded"):
        captioner.load(entry(tmp_path), CPU)
