"""Class images: of the type alone, as many as asked, shared by its products."""

from pathlib import Path

import pytest

from generation.context import LocalContext
from generation.recipe import FinetuneConfig
from generation.stages import class_images
from generation.stages.class_images import Inputs
from tests.factories.pipeline import files_in, tiny_models

CONFIG = FinetuneConfig(class_images=3)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_images, "STEPS", 2)


@pytest.mark.parametrize("family", ["sd", "sdxl", "flux2-klein"])
def test_there_are_as_many_as_asked_and_all_differ(family: str, tmp_path: Path) -> None:
    result = class_images.run(Inputs("armchair", 1), CONFIG, tiny_models(family), LocalContext(), files_in(tmp_path))
    assert {image.prompt for image in result.images} == {"a photo of an armchair"}
    assert len({image.picture.sha256 for image in result.images}) == 3
    assert {(image.picture.width, image.picture.height) for image in result.images} == {(64, 64)}


def test_more_of_them_begin_with_the_same(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    few, more = (
        class_images.run(Inputs("mug", 1), FinetuneConfig(class_images=count), tiny_models(), LocalContext(), files)
        for count in (2, 3)
    )
    assert [image.seed for image in more.images[:2]] == [image.seed for image in few.images]


@pytest.mark.parametrize(("noun", "seed"), [("mug", 2), ("lamp", 1)])
def test_type_and_seed_decide(noun: str, seed: int, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    plain = class_images.run(Inputs("mug", 1), CONFIG, tiny_models(), LocalContext(), files)
    other = class_images.run(Inputs(noun, seed), CONFIG, tiny_models(), LocalContext(), files)
    assert not {image.picture.sha256 for image in plain.images} & {image.picture.sha256 for image in other.images}


def test_the_size_that_is_trained_at_wins(tmp_path: Path) -> None:
    config = FinetuneConfig(class_images=1, size=96)
    result = class_images.run(Inputs("mug", 1), config, tiny_models(), LocalContext(), files_in(tmp_path))
    assert (result.images[0].picture.width, result.images[0].picture.height) == (96, 96)
