"""What makers share: sizes, runs of equal keys, schedulers by name, moving, options of the entry."""

from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, PNDMScheduler

from generation.checkpoints.families.warm import part_config, runs, size_of, to_images
from generation.checkpoints.roles import Drawing, Sampling
from generation.exceptions import NotPossible
from tests.factories.checkpoints.loras import lora_bytes
from tests.factories.checkpoints.makers import folder_of, load, warm

SAMPLING = Sampling(steps=1, guidance=1.0)
MUG = [Drawing("a mug", 1)]


@pytest.mark.parametrize(
    ("width", "height", "multiple", "size"),
    [(0, 0, 8, (64, 64)), (96, 0, 8, (96, 64)), (0, 80, 16, (64, 80)), (128, 96, 32, (128, 96))],
)
def test_a_size_that_is_not_asked_is_the_native_one(width: int, height: int, multiple: int, size: Any) -> None:
    assert size_of(Sampling(1, 1.0, width, height), 64, multiple) == size


@pytest.mark.parametrize(("width", "height", "multiple"), [(100, 64, 8), (64, 100, 8), (72, 64, 16)])
def test_a_size_that_does_not_divide_is_refused(width: int, height: int, multiple: int) -> None:
    with pytest.raises(NotPossible, match=f"{width} x {height} pixels cannot be drawn: both must divide by {multiple}"):
        size_of(Sampling(1, 1.0, width, height), 64, multiple)


@pytest.mark.parametrize(
    ("keys", "places"), [("", []), ("aaa", [[0, 1, 2]]), ("abab", [[0, 2], [1, 3]]), ("cba", [[0], [1], [2]])]
)
def test_equal_keys_are_one_pass(keys: str, places: list[list[int]]) -> None:
    assert runs(keys) == places


def test_images_are_rounded_and_not_cut() -> None:
    pixels = np.array([[[[0.0, 0.5, 1.0]]], [[[0.001, 0.4999, 0.9999]]]], np.float32)
    assert [image.getpixel((0, 0)) for image in to_images(pixels)] == [(0, 128, 255), (0, 127, 255)]


def test_pixels_that_are_no_numbers_are_told_and_not_made_black() -> None:
    with pytest.raises(NotPossible, match=r"no numbers \(NaN\).* dtype to bfloat16 or float32 in the model set"):
        to_images(np.array([[[[0.0, np.nan, 1.0]]]], np.float32))


@pytest.mark.parametrize(
    ("kind", "name", "solver"),
    [
        ("sd", "default", PNDMScheduler),
        ("sd", "ddim", DDIMScheduler),
        ("sd", "dpm++", DPMSolverMultistepScheduler),
        ("sdxl", "default", EulerDiscreteScheduler),
    ],
)
def test_a_named_scheduler_is_new_and_knows_the_checkpoints_noise(kind: str, name: str, solver: type) -> None:
    backbone = warm(kind)
    own = backbone.pipeline.scheduler
    made = backbone.solver(name, own)
    assert type(made) is solver
    assert made is not own
    assert made.config.beta_start == own.config.beta_start
    assert made.config.beta_schedule == "scaled_linear"


def test_generators_are_one_an_image_and_on_the_cpu() -> None:
    made = warm("sd").generators([1, 2, 1])
    drawn = [torch.rand(3, generator=generator).tolist() for generator in made]
    assert drawn[0] == drawn[2] != drawn[1]
    assert {generator.device.type for generator in made} == {"cpu"}


@pytest.mark.parametrize("kind", ["sd", "klein"])
def test_after_a_move_it_draws_the_same(kind: str) -> None:
    backbone = load(kind)
    before = backbone.pixels(MUG, SAMPLING)
    backbone.save_memory(1)
    backbone.to("cpu")
    assert not backbone.pipeline.vae.use_tiling, "what is moved away is as fast as before when it comes back"
    assert np.array_equal(backbone.pixels(MUG, SAMPLING), before)


def test_standing_adapters_move_along() -> None:
    backbone = load("sd", compile="eager", adapter_rank=2)
    backbone.to("cpu")
    layer = backbone.denoiser.get_submodule("mid_block.attentions.0.transformer_blocks.0.attn1.to_q")
    hook = next(iter(layer._forward_hooks.values()))
    assert hook.factors[0].down.device == layer.weight.device
    with backbone.adapted(lora_bytes(backbone, rank=2)):
        assert hook.factors[0].up.abs().max() > 0
    assert hook.factors[0].up.abs().max() == 0


def test_a_cpu_decodes_image_by_image_and_attention_is_whole_unless_memory_is_saved() -> None:
    backbone = load("sd")
    processors = dict(backbone.denoiser.attn_processors)
    assert backbone.pipeline.vae.use_slicing
    assert backbone.save_memory(0)
    assert dict(backbone.denoiser.attn_processors) == processors, "torch.compile would begin anew"
    backbone.save_memory(1)
    assert {type(one).__name__ for one in backbone.denoiser.attn_processors.values()} == {"SlicedAttnProcessor"}
    backbone.save_memory(0)
    assert {type(one) for one in backbone.denoiser.attn_processors.values()} == {type(p) for p in processors.values()}


@pytest.mark.parametrize("level", [-1, 2, 3])
def test_levels_that_there_are_not_on_a_cpu(level: int) -> None:
    assert not warm("sd").save_memory(level)


@pytest.mark.parametrize(("kind", "channels"), [("sd", 4), ("sd-inpainter", 9), ("sd-inpainter-4", 4)])
def test_a_parts_configuration_is_read_without_loading_it(kind: str, channels: int) -> None:
    assert part_config(folder_of(kind), "unet")["in_channels"] == channels


@pytest.mark.parametrize("kind", ["sd", "sdxl", "klein"])
def test_models_are_set_to_work_and_no_checker_is_loaded(kind: str) -> None:
    backbone = warm(kind)
    assert getattr(backbone.pipeline, "safety_checker", None) is None
    assert not any(module.training for module in (backbone.denoiser, backbone.pipeline.vae))
