"""Image-safety filters: the concept filter decides as diffusers' own, the classifier by its labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from generation.checkpoints import safety
from generation.exceptions import BadModelSet, CheckpointMissing
from tests.factories.checkpoints.perceivers import CPU
from tests.factories.checkpoints.safety import make_tiny_classifier, make_tiny_safety, safety_entry

IMAGES = [
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 60, 3), dtype=np.uint8)) for seed in range(3)
]


def concepts(folder: Path, threshold: float, **options: Any) -> safety.ClipConcepts:
    make_tiny_safety(folder, threshold)
    found = safety.load(safety_entry(folder, **options), CPU)
    assert isinstance(found, safety.ClipConcepts)
    return found


@pytest.mark.parametrize(
    ("threshold", "strictness", "safe"),
    [(1.0, 0.0, True), (-1.0, 0.0, False), (1.0, 2.5, False)],
    ids=["above any cosine", "below any cosine", "made stricter"],
)
def test_concepts_hold_back_what_passes_their_threshold(
    tmp_path: Path, threshold: float, strictness: float, safe: bool
) -> None:
    verdicts = concepts(tmp_path, threshold, strictness=strictness).check(IMAGES)
    assert [verdict.safe for verdict in verdicts] == [safe] * 3
    assert all(("concept" in verdict.reason) is not safe for verdict in verdicts)


@pytest.mark.parametrize("threshold", [0.0, 0.15, 0.25, 0.4])
def test_decides_as_diffusers_does(tmp_path: Path, threshold: float) -> None:
    ours = concepts(tmp_path, threshold)
    # One special concept that is always seen, so that the stricter thresholds are taken.
    ours.model.special_care_embeds_weights.data.fill_(-1.0)
    pixels = ours.preprocessing.tensor(IMAGES)
    with torch.inference_mode():
        _, theirs = ours.model(pixels, [np.zeros((4, 4, 3)) for _ in IMAGES])
    assert [not verdict.safe for verdict in ours.check(IMAGES)] == list(theirs)


@pytest.mark.parametrize(
    ("nsfw", "safe"), [(20.0, False), (-20.0, True)], ids=["sure that it is", "sure that it is not"]
)
def test_a_classifier_goes_by_its_unsafe_labels(tmp_path: Path, nsfw: float, safe: bool) -> None:
    make_tiny_classifier(tmp_path, nsfw)
    verdicts = safety.load(safety_entry(tmp_path, "image-classifier"), CPU).check(IMAGES)
    assert [verdict.safe for verdict in verdicts] == [safe] * 3
    assert {verdict.reason for verdict in verdicts} == ({""} if safe else {"unsafe content: nsfw, 100% sure"})


def test_the_probability_that_is_too_much_is_the_sets(tmp_path: Path) -> None:
    make_tiny_classifier(tmp_path, 20.0)
    entry = safety_entry(tmp_path, "image-classifier", most=1.0)
    assert all(verdict.safe for verdict in safety.load(entry, CPU).check(IMAGES))


def test_a_label_that_the_classifier_lacks_is_a_fault_of_the_set(tmp_path: Path) -> None:
    make_tiny_classifier(tmp_path)
    with pytest.raises(BadModelSet, match="no label 'gore'; its labels are normal, nsfw"):
        safety.load(safety_entry(tmp_path, "image-classifier", unsafe=["gore"]), CPU)


def test_a_closed_world_passes_all_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"why": "It has seen mugs only."}')
    found = safety.load(safety_entry(tmp_path, "closed-world"), CPU)
    assert isinstance(found, safety.ClosedWorld)
    assert found.why == "It has seen mugs only."
    assert [verdict.safe for verdict in found.check(IMAGES)] == [True] * 3
    assert found.check([]) == []


@pytest.mark.parametrize("told", ["{}", '{"why": " "}'], ids=["nothing", "blank"])
def test_a_closed_world_without_a_reason_does_not_load(tmp_path: Path, told: str) -> None:
    with pytest.raises(CheckpointMissing, match="The safety cannot be loaded"):
        safety.load(safety_entry(tmp_path, "closed-world"), CPU)
    (tmp_path / "world.json").write_text(told)
    with pytest.raises(BadModelSet, match="does not say why all that is drawn is safe"):
        safety.load(safety_entry(tmp_path, "closed-world"), CPU)


@pytest.mark.parametrize("family", ["clip-concepts", "image-classifier"])
def test_no_pictures_no_verdicts_and_no_files_no_filter(tmp_path: Path, family: str) -> None:
    with pytest.raises(CheckpointMissing, match="The safety cannot be loaded"):
        safety.load(safety_entry(tmp_path, family), CPU)
    (make_tiny_safety if family == "clip-concepts" else make_tiny_classifier)(tmp_path)
    assert safety.load(safety_entry(tmp_path, family), CPU).check([]) == []
