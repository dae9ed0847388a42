"""generation.records: what a stage gives is stored as JSON and comes back equal."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from generation import records
from generation.records import Picture, from_plain, to_plain

PICTURE = Picture("generated/ab/abc.png", "abc", 64, 48)
OTHER = Picture("generated/cd/cde.png", "cde", 64, 48)
CASES: dict[str, Any] = {
    "segment": records.SegmentResult(
        (
            records.PhotoMask(PICTURE, OTHER, (1, 2, 30, 40), 0.3, 0.9, "automatic"),
            records.PhotoMask(PICTURE, None, None, 0.0, 0.1, "automatic", "Nothing stands out from the ground."),
        )
    ),
    "caption": records.CaptionResult((records.Caption(PICTURE, "a photo of {product}", "person"),)),
    "novel views": records.NovelViewsResult(
        (records.NovelView(PICTURE, 4, 7, OTHER, None, 0.91, 0.88, 1.1, False, "no product found"),)
    ),
    "filter": records.FilterResult(
        (records.TrainingImage("photo", PICTURE, PICTURE, OTHER, "{product} here", {"iou": 0.9}, True),)
    ),
    "finetune": records.FinetuneResult(
        "generated-data/ab/ab.safetensors", "ab", 10, "sks", 64, 1800, 0, 12, ((10, 0.5), (20, 0.25)),
        validation=(records.ValidationImage(600, "a mug", PICTURE),),
        sweep=(records.TokenScore("sks", None, 0, "is a word"),), looks=(records.QualityLook(200, 0.9, 0.2, 0.3),),
    ),
    "generate": records.GenerateResult(
        (records.GeneratedImage("{product} x", "sks mug x", 3, PICTURE, "not safe"),), "ddim", {"steps": 30}
    ),
    "measure": records.MeasureResult((records.Metrics(PICTURE, 0.8, 0.2, 0.9, None, None, None, None),), "k"),
    "select": records.SelectResult((records.Choice(PICTURE, 1.9, 1, True), records.Choice(OTHER, 1.2, 2, False))),
}  # fmt: skip


@pytest.mark.parametrize("record", CASES.values(), ids=CASES)
def test_a_record_survives_json(record: Any) -> None:
    assert from_plain(type(record), json.loads(json.dumps(to_plain(record)))) == record


def test_a_record_of_another_shape_is_refused() -> None:
    with pytest.raises(ValidationError):
        from_plain(records.SelectResult, {"choices": [{"picture": "none"}]})


def test_only_found_masks_go_on() -> None:
    assert [mask.box for mask in CASES["segment"].found] == [(1, 2, 30, 40)]


def test_what_was_dropped_is_no_candidate() -> None:
    assert CASES["generate"].candidates == ()


def test_the_score_is_the_papers_sum() -> None:
    assert CASES["measure"].metrics[0].total == pytest.approx(0.2 + 0.8 + 0.9)


@pytest.mark.parametrize(
    ("kind", "positive"),
    [("photo", True), ("novel-view", True), ("new-context", True), ("in-class", False), ("counterfactual", False)],
)
def test_which_images_are_the_product(kind: Any, positive: bool) -> None:
    assert records.TrainingImage(kind, PICTURE, PICTURE, None, "", {}, True).positive is positive
