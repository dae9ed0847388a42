"""Figures by the adapters that a run uses: every one in its range, kept beside the weights, gates told in the table."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import Dinov2Config, Dinov2Model

from generation.checkpoints.segmenter import build
from generation.mini import evaluating, wording
from generation.mini.attributes import UNSAID, WORDS, labels_of
from generation.mini.classifier import Judge, write_judge
from generation.mini.clip import build_clip, write_clip
from generation.mini.dino import SIZES, write_dino
from generation.mini.evaluating import EVALUATIONS, GATES, evaluate, keep, table, two_views
from generation.mini.sam import SHAPE, write_sam
from tests.factories.painted import painted


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    write_judge(Judge(), folder / "judge")
    write_sam(build(SHAPE), folder / "sam")
    write_clip(build_clip(), folder / "clip")
    write_dino(Dinov2Model(Dinov2Config(**SIZES)), folder / "dino")
    return folder


def test_every_part_has_figures_in_range_and_they_are_kept(weights: Path) -> None:
    found = evaluate(weights, painted(3, 2))
    assert set(found) == set(EVALUATIONS)
    for part, figures in found.items():
        shares = {name: value for name, value in figures.items() if name != "products"}
        assert shares, part
        assert all(0 <= value <= 1 or np.isnan(value) for value in shares.values()), part
    assert {f"{part}.{name}" for part, figures in found.items() for name in figures} >= set(GATES)
    kept = json.loads((weights / "figures.json").read_text())
    assert kept["sam"]["pictures"] == 6
    assert kept["dino"]["figures"]["products"] == 3


def test_parts_without_weights_are_left_out(tmp_path: Path) -> None:
    assert evaluate(tmp_path, painted(1)) == {}


def test_what_is_kept_adds_to_what_was(tmp_path: Path) -> None:
    keep(tmp_path, "sam", {"figures": {"iou": 0.5}})
    keep(tmp_path, "sam", {"hours": 1})
    keep(tmp_path, "clip", {"hours": 2})
    assert json.loads((tmp_path / "figures.json").read_text()) == {
        "clip": {"hours": 2},
        "sam": {"figures": {"iou": 0.5}, "hours": 1},
    }


def test_the_table_says_which_gates_hold() -> None:
    lines = table({"sam": {"iou_box": 0.95, "iou_point": 0.5}, "clip": {"right_of_16": 0.3}}).splitlines()
    assert lines[2:] == [
        "| sam | iou box | 0.950 | holds: ≥ 0.90 |",
        "| sam | iou point | 0.500 |  |",
        "| clip | right of 16 | 0.300 | missed: ≥ 0.90 |",
    ]


def test_two_views_are_of_one_product_each() -> None:
    data = painted(5, 3)
    asked, shown = two_views(data, 4)
    assert len(asked) == len(shown) == 4
    assert [data.scenes[place].thing for place in asked] == [data.scenes[place].thing for place in shown]
    assert not set(asked) & set(shown)


def test_an_encoder_that_knows_products_finds_them_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The measure itself: rows that are the product's number are found, equal rows for all are not."""
    data = painted(4, 2)
    numbers = {image.tobytes(): place // 2 for place, image in enumerate(data.images.numpy())}

    class Knowing:
        def images(self, images: list[object]) -> np.ndarray:
            return np.eye(8, dtype=np.float32)[[numbers.get(np.asarray(image).tobytes(), 7) for image in images]]

    monkeypatch.setattr(evaluating.dino, "load", lambda *_: Knowing())
    figures = evaluating.dino_figures(tmp_path, data)
    assert figures["top1_of_100"] == 1.0
    assert figures["top1_of_100_cut_out"] == 0.25  # all alike: the first is taken for every one


def test_a_caption_is_read_back_to_its_words() -> None:
    labels = labels_of(painted(40, 1).scenes).tolist()
    assert len({row[1] for row in labels}) > 5
    for claim in labels:
        words = {name: WORDS[name][place] if place != UNSAID else "" for name, place in zip(WORDS, claim, strict=True)}
        assert evaluating._parsed(wording.worded(claim)) == words
    assert set(evaluating._parsed("anything else").values()) == {"", "plain"}
