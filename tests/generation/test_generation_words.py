"""Figures in words, and pictures by their address."""

from typing import Any

import pytest

from generation.templatetags import generation_words as words

DASH = "\N{EN DASH}"
HASH = "ab" + "0" * 62


@pytest.mark.parametrize(
    ("filter_name", "value", "expected"),
    [
        ("figure", 0.12345, "0.123"),
        ("figure", -1.0, "-1.000"),
        ("figure", None, DASH),
        ("share", 0.256, "26 %"),
        ("share", None, DASH),
        ("memory", 0, DASH),
        ("memory", 640_000_000, "640 MB"),
        ("memory", 5_200_000_000, "5.2 GB"),
        ("memory", 1_500_000, "1.5 MB"),
        ("money", None, DASH),
        ("money", 0.0, "0.00 USD"),
        ("money", 0.0302, "0.0302 USD"),
        ("money", 1234.5, "1,234.50 USD"),
        ("plain", None, "none"),
        ("plain", True, "on"),
        ("plain", False, "off"),
        ("plain", "", "empty"),
        ("plain", 64, "64"),
        ("stage_title", "novel_views", "New views"),
        ("media_url", "", ""),
        ("media_url", f"generated/ab/{HASH}.png", f"/media/generated/ab/{HASH}.png"),
        ("small_url", "", ""),
        ("small_url", f"generated/ab/{HASH}.png", f"/media/generated-thumbnails/ab/{HASH}.webp"),
        ("small_url", f"photos/ab/{HASH}.jpg", f"/media/thumbnails/ab/{HASH}.webp"),
    ],
)
def test_a_value_in_words(filter_name: str, value: Any, expected: str) -> None:
    assert getattr(words, filter_name)(value) == expected


def test_scores_are_named_as_people_name_them() -> None:
    scores = {"clip_i": 0.5, "iou": None, "seg_similarity": 0.25, "something_else": 1.0}
    assert words.score_items(scores) == [
        ("CLIP-I", 0.5), ("IoU", None), ("Seg DINO-I", 0.25), ("Something else", 1.0),
    ]  # fmt: skip
