"""Contributions in words and bars."""

import pytest

from ranking.models import Explanation
from ranking.selectors.picks import bars, words_of


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("metrics.clip_i", "CLIP-I"),
        ("metrics.seg_dino_i", "Seg DINO-I"),
        ("emb.clip-1a2b3c4d.candidate", "CLIP embedding, candidate"),
        ("emb.dino-1a2b3c4d.photo_crop 3", "DINO embedding, photo crop"),
        ("statistics.edge contact", "Edge contact"),
        ("relative.clip_i rank", "CLIP-I, rank in the product"),
        ("relative.seg_dino_i difference", "Seg DINO-I, less the product's mean"),
        ("relative.clip_t mean", "CLIP-T, mean of the product"),
        ("relative.vlm would use mean", "vlm would use, mean of the product"),
        ("z-sum of metrics", "Z-sum of metrics"),
        ("base", "base"),
    ],
)
def test_features_have_words(feature: str, words: str) -> None:
    assert words_of(feature) == words


def explanation(*told: tuple[str, float | None, float]) -> Explanation:
    return Explanation(
        contributions=[{"feature": name, "value": value, "contribution": added} for name, value, added in told]
    )


def test_the_longest_bar_is_full_and_the_rest_together_at_the_end() -> None:
    made = bars(
        explanation(
            ("metrics.clip_i", 0.8, -0.5), ("metrics.clip_t", 0.3, 1.0), ("statistics.area", 0.2, 0.1), ("base", 1, -2)
        ),
        2,
    )
    assert [(bar.feature, bar.added, bar.length) for bar in made] == [
        ("CLIP-T", 1.0, 100.0), ("CLIP-I", -0.5, 50.0), ("1 others", 0.1, 10.0), ("To begin with", -2, 0.0),
    ]  # fmt: skip
    assert made[0].value == 0.3


def test_numbers_of_one_embedding_are_one_bar() -> None:
    made = bars(explanation(("emb.clip-1.candidate 0", 0.1, 0.4), ("emb.clip-1.candidate 1", 0.7, -0.1)), 5)
    assert [(bar.feature, bar.value, round(bar.added, 6)) for bar in made] == [("CLIP embedding, candidate", None, 0.3)]


def test_nothing_told_is_nothing_drawn() -> None:
    assert bars(explanation(), 5) == []
