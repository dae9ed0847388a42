"""In-class negatives of a type: one round of its prompts after the other, the same whoever asks, never over-long."""

from dataclasses import replace
from pathlib import Path

import pytest

from generation.context import LocalContext
from generation.recipe import NegativesConfig
from generation.records import InClassResult
from generation.stages import in_class
from generation.stages.in_class import Inputs
from tests.factories.pipeline import files_in, tiny_models

CONFIG = NegativesConfig(steps=1, guidance=2.0, shared_per_prompt=2)
PROMPTS = ("a {product} in snow", "a {product} on sand")
INPUTS = Inputs("armchair", PROMPTS, 0)


def run(folder: Path, inputs: Inputs = INPUTS, config: NegativesConfig = CONFIG, family: str = "sd") -> InClassResult:
    return in_class.run(inputs, config, tiny_models(family), LocalContext(), files_in(folder))


@pytest.mark.parametrize("family", ["sd", "sdxl", "flux2-klein"])
def test_each_prompt_has_its_images_with_the_plain_noun(family: str, tmp_path: Path) -> None:
    made = run(tmp_path, family=family).images
    assert [image.template for image in made] == [*PROMPTS, *PROMPTS]
    assert [image.prompt for image in made] == ["a armchair in snow", "a armchair on sand"] * 2
    assert len({image.picture.sha256 for image in made}) == len({image.seed for image in made}) == 4


def test_one_more_prompt_or_round_changes_no_other_image(tmp_path: Path) -> None:
    few = set(run(tmp_path).images)
    assert few < set(run(tmp_path, replace(INPUTS, prompts=("a {product} at sea", *PROMPTS))).images)
    assert few < set(run(tmp_path, config=replace(CONFIG, shared_per_prompt=3)).images)


def test_another_type_has_other_images(tmp_path: Path) -> None:
    other = run(tmp_path, replace(INPUTS, noun="lamp"))
    assert not {image.seed for image in other.images} & {image.seed for image in run(tmp_path).images}


def test_a_prompt_that_is_longer_than_the_encoder_reads_keeps_its_noun(tmp_path: Path) -> None:
    long = "far behind the hills and " * 30 + "there stands a {product}, in snow"
    image = run(tmp_path, replace(INPUTS, prompts=(long,)), replace(CONFIG, shared_per_prompt=1)).images[0]
    assert image.template == long
    assert "armchair" in image.prompt
    with tiny_models().base() as base:
        assert base.token_count(image.prompt) <= base.token_limit


def test_what_was_drawn_before_a_crash_is_not_drawn_again(tmp_path: Path) -> None:
    files, context = files_in(tmp_path), LocalContext()
    first = in_class.run(INPUTS, CONFIG, tiny_models(), context, files)
    assert len(context.done) == 4
    lost = list(context.done)[1:3]
    for name in lost:
        del context.done[name]
    assert in_class.run(INPUTS, CONFIG, tiny_models(), context, files) == first
