"""Small worlds for tests: metrics that see a quality through noise, embeddings that hold a little of it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ranking.learning import trees
from ranking.learning.labels import Labels
from ranking.learning.table import FeatureTable

METRICS = ("clip_i", "clip_t", "dino_i", "seg_clip_i", "seg_clip_t", "seg_dino_i")
SEEN = np.array([0.6, 0.2, 0.8, 0.7, 0.1, 0.0])  # of the quality, by each metric


def make_world(
    products: int = 30, each: int = 8, seed: int = 0, *, first: int = 0, noise: float = 0.7
) -> tuple[FeatureTable, Labels]:
    """A table and its labels: three raters, eight questions, about a third of the images pass."""
    drawn = np.random.default_rng(seed)
    count = products * each
    product = np.repeat(np.arange(products), each)
    hardness = drawn.normal(size=products)[product] * 0.7
    quality = hardness + drawn.normal(size=count)
    metrics = quality[:, None] * SEEN + noise * drawn.normal(size=(count, 6))
    photos = drawn.normal(size=(products, 12))[product]
    candidate = photos + 0.4 * drawn.normal(size=(count, 12))
    candidate[:, 0] += quality
    said = quality[:, None, None] + 1.1 + 0.4 * drawn.normal(size=(count, 3, 8)) > 0
    table = FeatureTable.build(
        {
            "metrics": (METRICS, 0.7 + 0.05 * metrics),
            "types": (("mug", "chair"), np.eye(2)[product % 2]),
            "emb.clip.candidate": (12, candidate),
            "emb.clip.photos": (12, photos),
        },
        product + first,
        np.arange(count) + first * 1_000,
    )
    passed = (said.mean(axis=1) > 0.5).all(axis=1)
    labels = Labels.build(
        table.candidates, table.products, passed, share=said.all(axis=2).mean(axis=1), questions=said.mean(axis=1)
    )
    return table, labels


def make_wide_world() -> tuple[FeatureTable, Labels]:
    """Of 50 products, with embeddings wide enough that linear algebra would share its sums out among threads."""
    table, labels = make_world(50, 8)
    spread = np.random.default_rng(1).normal(size=(12, 300))
    photos, candidate = (table.part(f"emb.clip.{what}") @ spread for what in ("photos", "candidate"))
    blocks = {
        "metrics": (METRICS, table.part("metrics")),
        "emb.clip.candidate": (300, candidate + 0.1 * np.sin(np.arange(candidate.size)).reshape(candidate.shape)),
        "emb.clip.photos": (300, np.repeat(photos[::8], 8, axis=0)),
    }
    return FeatureTable.build(blocks, table.products, table.candidates), labels


def with_block(table: FeatureTable, name: str, columns: tuple[str, ...], values: np.ndarray) -> FeatureTable:
    """The table with one more block."""
    blocks = {block.name: (block.columns, table.parts[block.name]) for block in table.definition.blocks}
    numbered = {
        name: (len(columns) if columns[0] == "0" else columns, part) for name, (columns, part) in blocks.items()
    }
    return FeatureTable.build({**numbered, name: (columns, values)}, table.products, table.candidates)


def few_rounds(change: Callable[[object, str, Any], None]) -> None:
    """Bounds the training of trees to what a test has time for."""
    change(trees, "TRIALS", 1)
    change(trees, "MOST_ROUNDS", 25)
    change(trees, "HEAD_ROUNDS", (15, 15))
