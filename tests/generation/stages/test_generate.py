"""Candidates: by an adapter or from reference photos, filtered, with provenance, pixel by pixel the same again."""

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.checkpoints.roles import SafetyVerdict
from generation.context import LocalContext
from generation.exceptions import NotPossible
from generation.files import Files
from generation.recipe import GenerateConfig
from generation.records import GenerateResult, TargetPrompt
from generation.stages import generate
from generation.stages.generate import Inputs, subject_for
from tests.factories.pipeline import files_in, make_finetuned, make_product, tiny_models

CONFIG = GenerateConfig(steps=2, guidance=2.0, batch=2)
EDIT = replace(CONFIG, way="reference-edit")
TARGETS = tuple(TargetPrompt(f"a {{product}} on table {number}", 10 + number) for number in range(3))


def inputs_for(files: Files, family: str = "sd", **change: Any) -> Inputs:
    product, segment, _ = make_product(files)
    tuned = None if family == "flux2-klein" else make_finetuned(files, tiny_models(family))
    return Inputs(**{"product": product, "targets": TARGETS, "segment": segment, "finetune": tuned, **change})


def run(files: Files, inputs: Inputs, config: Any = CONFIG, family: str = "sd", models: Any = None) -> GenerateResult:
    return generate.run(inputs, config, models or tiny_models(family), LocalContext(), files)


class SafetyOf:
    """The models of a set, with a filter that holds back every second image."""

    def __init__(self, models: Any) -> None:
        self._models = models
        self.seen = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._models, name)

    @contextmanager
    def safety(self) -> Any:
        yield self

    def check(self, images: Any) -> list[SafetyVerdict]:
        self.seen += len(images)
        return [SafetyVerdict(number % 2 == 0, "nudity 0.93" if number % 2 else "") for number in range(len(images))]


@pytest.mark.parametrize("family", ["sd", "sdxl"])
def test_an_adapter_draws_one_candidate_per_target(family: str, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files, family)
    result = run(files, inputs, family=family)
    assert [image.seed for image in result.images] == [10, 11, 12]
    assert [image.prompt for image in result.images] == [f"a sks mug on table {number}" for number in range(3)]
    assert [image.template for image in result.images] == [target.template for target in TARGETS]
    assert len({image.picture.sha256 for image in result.images}) == 3
    assert result.scheduler == "default"
    assert result.settings["adapter"] == inputs.finetune.sha256
    assert (result.settings["token"], result.settings["steps"]) == ("sks", 2)


@pytest.mark.parametrize(
    "change",
    [{}, {"scheduler": "ddim"}, {"scheduler": "dpm++"}, {"negative_prompt": "blurred"}],
    ids=["default", "ddim", "dpm++", "negative"],
)
def test_drawn_again_every_pixel_is_the_same(change: dict[str, Any], tmp_path: Path) -> None:
    files = files_in(tmp_path)
    config = replace(CONFIG, **change)
    assert run(files, inputs_for(files), config) == run(files, inputs_for(files), config)


def test_the_adapter_counts_and_leaves_nothing_behind(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    models = tiny_models()
    from generation.checkpoints.roles import Drawing, Sampling  # noqa: PLC0415

    with models.served() as served:
        before = served.draw([Drawing("a sks mug on table 0", 10)], Sampling(2, 2.0))[0]
    made = run(files, inputs_for(files)).images[0]
    with models.served() as served:
        after = served.draw([Drawing("a sks mug on table 0", 10)], Sampling(2, 2.0))[0]
    assert before.tobytes() == after.tobytes() != files.image(made.picture).tobytes()


def test_klein_edits_from_the_photos_in_which_the_product_was_found(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files, "flux2-klein")
    result = run(files, inputs, EDIT, "flux2-klein")
    assert [image.prompt for image in result.images] == [f"a mug on table {number}" for number in range(3)]
    assert (result.settings["way"], result.settings["adapter"]) == ("reference-edit", "")
    only_second = replace(inputs.segment, masks=inputs.segment.masks[1:])
    found_second = run(files, replace(inputs, segment=only_second), EDIT, "flux2-klein")
    both = run(files, inputs, replace(EDIT, references=2), "flux2-klein")
    shown = {one.images[0].picture.sha256 for one in (result, found_second, both)}
    assert len(shown) == 3


def test_what_the_filter_holds_back_is_kept_with_its_reason(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    models = SafetyOf(tiny_models())
    result = run(files, inputs_for(files), models=models)
    assert models.seen == 3
    assert [image.dropped for image in result.images] == ["", "nudity 0.93", ""]
    assert [image.seed for image in result.candidates] == [10, 12]


@pytest.mark.parametrize(
    ("change", "config", "said"),
    [
        ({"targets": ()}, CONFIG, "no approved prompt for mug"),
        ({"finetune": None}, CONFIG, "Acme mug has no adapter; run the stage finetune"),
        ({}, EDIT, "reference-edit needs a family"),
    ],
    ids=["no target", "no adapter", "a family that cannot"],
)
def test_what_cannot_be_drawn_is_refused(change: dict[str, Any], config: Any, said: str, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    with pytest.raises(NotPossible, match=said):
        run(files, inputs_for(files, **change), config)


def test_a_product_without_photos_cannot_be_edited(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files, "flux2-klein")
    bare = replace(inputs, product=replace(inputs.product, photos=()), segment=None)
    with pytest.raises(NotPossible, match="Acme mug has no photo"):
        run(files, bare, EDIT, "flux2-klein")


def test_the_token_stands_before_the_noun_only_with_an_adapter(tmp_path: Path) -> None:
    inputs = inputs_for(files_in(tmp_path))
    assert subject_for(inputs, CONFIG) == "sks mug"
    assert subject_for(inputs, EDIT) == "mug"
    assert subject_for(replace(inputs, finetune=None), CONFIG) == "mug"


LONG = "on a wooden table in a bright kitchen, with a bowl of ripe lemons and a folded linen cloth, " * 4


@pytest.mark.parametrize("template", [f"{LONG}a {{product}}", f"a {{product}} {LONG}"], ids=["last", "first"])
@pytest.mark.parametrize("family", ["sd", "sdxl"])
def test_a_prompt_longer_than_is_read_keeps_the_product(template: str, family: str, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files, family, targets=(TargetPrompt(template, 1),))
    image = run(files, inputs, family=family).images[0]
    assert image.template == template
    assert "a sks mug" in image.prompt
    with tiny_models(family).served() as served:
        assert served.token_limit - 30 < served.token_count(image.prompt) <= served.token_limit


@pytest.mark.parametrize("encoding", ["png", "webp"])
def test_files_say_what_they_are(tmp_path: Path, encoding: str) -> None:
    files = files_in(tmp_path)
    config = replace(CONFIG, batch=1, format=encoding)
    picture = run(files, inputs_for(files, model_set="tiny", method="paper"), config).images[0].picture
    assert picture.key.endswith(f".{encoding}")
    with Image.open(tmp_path / picture.key) as opened:
        opened.load()
        packet = opened.info["XML:com.adobe.xmp"] if encoding == "png" else opened.info["xmp"].decode()
    for told in ("digitalsourcetype/trainedAlgorithmicMedia", "a sks mug on table 0", ">10<", ">tiny<", ">paper<"):
        assert told in packet


def test_sizes_and_batches_are_as_asked(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    context = LocalContext()
    config = replace(CONFIG, size=96, batch=1)
    result = generate.run(inputs_for(files), config, tiny_models(), context, files)
    assert {(image.picture.width, image.picture.height) for image in result.images} == {(96, 96)}
    assert len(context.done) == 3
    wide = run(files, inputs_for(files), replace(config, batch=3))
    for one, other in zip(result.images, wide.images, strict=True):
        pixels = [np.asarray(files.image(image.picture)).astype(int) for image in (one, other)]
        assert np.abs(pixels[0] - pixels[1]).max() <= 1
