"""Every family draws, fills and edits; batches equal single images; nothing leaks from one call into the next."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from generation.checkpoints.families import sd
from generation.checkpoints.roles import Drawing, Edit, Filling, Sampling
from generation.exceptions import BadModelSet, NotPossible
from tests.factories.checkpoints.makers import entry_of, folder_of, load, warm

SAMPLING = Sampling(steps=2, guidance=3.0)
DRAWINGS = [Drawing("a red mug", 1), Drawing("a lamp on a table", 2), Drawing("a chair", 3)]
SD_LIKE = [("sd", "default"), ("sd", "ddim"), ("sd", "dpm++"), ("sdxl", "default"), ("sdxl", "ddim"), ("sdxl", "dpm++")]
FILLERS = ["sd-inpainter", "sd-inpainter-4", "sd", "sdxl-inpainter", "sdxl", "klein"]


def noise(width: int = 64, height: int = 64, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def left_half(width: int = 64, height: int = 64) -> Any:
    mask = np.zeros((height, width), bool)
    mask[:, : width // 2] = True
    return mask


def bytes_of(images: list[Image.Image]) -> list[bytes]:
    return [image.tobytes() for image in images]


@pytest.mark.parametrize(("kind", "scheduler"), [*SD_LIKE, ("klein", "default"), ("klein-distilled", "default")])
def test_a_batch_equals_its_images_drawn_alone(kind: str, scheduler: Any) -> None:
    sampling = Sampling(steps=3, guidance=2.0, negative_prompt="blurred", scheduler=scheduler)
    together = warm(kind).pixels(DRAWINGS, sampling)
    alone = np.concatenate([warm(kind).pixels([drawing], sampling) for drawing in DRAWINGS])
    assert together.shape == (3, 64, 64, 3)
    assert np.abs(together - alone).max() < 1e-5
    assert np.abs(together[0] - together[1]).max() > 0.01


@pytest.mark.parametrize("kind", ["sd", "sdxl", "klein"])
def test_nothing_leaks_between_calls(kind: str) -> None:
    backbone = warm(kind)
    scheduler = backbone.pipeline.scheduler
    first = bytes_of(backbone.draw(DRAWINGS[:1], SAMPLING))
    backbone.draw(DRAWINGS, Sampling(steps=3, guidance=1.0, width=128, height=64))
    assert bytes_of(backbone.draw(DRAWINGS[:1], SAMPLING)) == first
    assert backbone.pipeline.scheduler is scheduler


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (kind, change)
        for kind in ("sd", "sdxl", "klein")
        for change in ({"guidance": 1.0}, {"negative_prompt": "blurred"}, {"steps": 3})
    ]
    + [("sd", {"scheduler": "ddim"}), ("sd", {"scheduler": "dpm++"}), ("sdxl", {"scheduler": "dpm++"})],
)
def test_each_setting_counts(kind: str, change: dict[str, Any]) -> None:
    plain = Sampling(steps=2, guidance=3.0)
    changed = Sampling(**{"steps": 2, "guidance": 3.0, **change})
    backbone = warm(kind)
    assert np.abs(backbone.pixels(DRAWINGS[:1], plain) - backbone.pixels(DRAWINGS[:1], changed)).max() > 1e-3


def test_the_distilled_model_knows_no_guidance() -> None:
    backbone = warm("klein-distilled")
    one, other = (backbone.draw(DRAWINGS[:1], Sampling(steps=2, guidance=guidance)) for guidance in (1.0, 7.0))
    assert bytes_of(one) == bytes_of(other)


@pytest.mark.parametrize("kind", ["sd", "sdxl", "klein"])
def test_sizes_are_as_asked_and_refused_where_they_do_not_divide(kind: str) -> None:
    backbone = warm(kind)
    images = backbone.draw(DRAWINGS[:1], Sampling(steps=1, guidance=1.0, width=96, height=64))
    assert images[0].size == (96, 64)
    with pytest.raises(NotPossible, match=rf"100 x 64 pixels .* divide by {backbone.multiple}"):
        backbone.draw(DRAWINGS[:1], Sampling(steps=1, guidance=1.0, width=100))


@pytest.mark.parametrize("kind", FILLERS)
def test_masks_of_any_size_are_filled_in_batches_that_equal_single_ones(kind: str) -> None:
    inpainter = warm(kind)
    fillings = [
        Filling(noise(72, 50, 1), left_half(72, 50), "a red mug", 1),
        Filling(noise(64, 64, 2), left_half(), "a lamp", 2),
        Filling(noise(72, 50, 3), ~left_half(72, 50), "a chair", 3),
    ]
    together = inpainter.fill(fillings, SAMPLING)
    assert [image.size for image in together] == [(72, 50), (64, 64), (72, 50)]
    for filling, image in zip(fillings, together, strict=True):
        alone = inpainter.fill([filling], SAMPLING)[0]
        assert np.abs(np.asarray(image).astype(int) - np.asarray(alone)).max() <= 1


@pytest.mark.parametrize("kind", ["sd-inpainter", "sd-inpainter-4", "sdxl-inpainter", "klein"])
def test_what_is_filled_depends_on_mask_picture_and_words(kind: str) -> None:
    inpainter = warm(kind)
    image, mask = noise(), left_half()
    plain = Filling(image, mask, "a red mug", 1)
    others = [
        Filling(image, ~mask, "a red mug", 1),
        Filling(noise(seed=9), mask, "a red mug", 1),
        Filling(image, mask, "a lamp", 1),
        Filling(image, mask, "a red mug", 2),
    ]
    shown = bytes_of(inpainter.fill([plain, *others], SAMPLING))
    assert len(set(shown)) == 5


def test_the_size_of_the_sampling_wins_over_the_pictures() -> None:
    sampling = Sampling(steps=1, guidance=1.0, width=96, height=80)
    assert warm("sd").fill([Filling(noise(), left_half(), "a mug", 1)], sampling)[0].size == (96, 80)


def test_a_mask_of_another_size_than_its_picture_is_refused() -> None:
    with pytest.raises(NotPossible, match=r"mask of \(64, 64\) pixels is not for a picture of \(72, 50\)"):
        warm("sd").fill([Filling(noise(72, 50), left_half(), "a mug", 1)], SAMPLING)


def test_a_control_net_is_used_where_there_is_a_picture_for_it() -> None:
    inpainter = load("sd-inpainter-4", controlnet=str(folder_of("controlnet")))
    plain = Filling(noise(), left_half(), "a mug", 1)
    controlled = [Filling(noise(), left_half(), "a mug", 1, control=noise(32, 32, seed)) for seed in (5, 6)]
    images = bytes_of(inpainter.fill([plain, *controlled], SAMPLING))
    assert images[0] == bytes_of(warm("sd-inpainter-4").fill([plain], SAMPLING))[0]
    assert len(set(images)) == 3


def test_klein_edits_from_references_and_batches_equal_ones() -> None:
    backbone = warm("klein")
    photo, other = noise(80, 64, 1), noise(64, 64, 2)
    edits = [Edit((photo,), "a mug on a beach", 1), Edit((photo,), "a mug", 2), Edit((photo, other), "a mug", 2)]
    together = backbone.edit(edits, SAMPLING)
    assert [image.size for image in together] == [(64, 64)] * 3
    for edit, image in zip(edits, together, strict=True):
        assert np.abs(np.asarray(image).astype(int) - np.asarray(backbone.edit([edit], SAMPLING)[0])).max() <= 1
    assert len(set(bytes_of(together))) == 3


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: warm("sd").edit([Edit((noise(),), "a mug", 1)], SAMPLING), "reference-edit needs a family"),
        (lambda: warm("sd-inpainter").draw(DRAWINGS[:1], SAMPLING), "drawing from words needs a base"),
        (
            lambda: warm("klein").draw(DRAWINGS[:1], Sampling(steps=1, guidance=1.0, scheduler="ddim")),
            "its own scheduler, not ddim",
        ),
    ],
    ids=["sd edits", "inpainter draws", "klein with ddim"],
)
def test_what_a_family_cannot_is_refused(act: Any, said: str) -> None:
    with pytest.raises(NotPossible, match=said):
        act()


@pytest.mark.parametrize(
    ("load_it", "said"),
    [
        (lambda: sd.load_backbone(entry_of("sd-inpainter"), "cpu"), "is an inpainter: its UNet has 9 channels"),
        (lambda: sd.load_backbone(entry_of("sd", dtype="int3"), "cpu"), "dtype 'int3'; choose from float32"),
    ],
    ids=["an inpainter as a base", "an unknown dtype"],
)
def test_entries_that_do_not_fit_are_refused(load_it: Any, said: str) -> None:
    with pytest.raises(BadModelSet, match=said):
        load_it()


@pytest.mark.parametrize("kind", ["sd", "sdxl", "klein"])
def test_a_stop_is_heard_after_every_step(kind: str) -> None:
    class Stop(Exception):
        pass

    calls: list[int] = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise Stop

    before = bytes_of(warm(kind).draw(DRAWINGS[:1], SAMPLING))
    with pytest.raises(Stop):
        warm(kind).draw(DRAWINGS, Sampling(steps=9, guidance=2.0), check=check)
    assert len(calls) == 2
    assert bytes_of(warm(kind).draw(DRAWINGS[:1], SAMPLING)) == before


@pytest.mark.parametrize("kind", ["sd", "sdxl", "klein"])
def test_saving_memory_keeps_the_image_and_is_taken_back(kind: str) -> None:
    backbone = load(kind)
    before = backbone.pixels(DRAWINGS[:1], SAMPLING)
    assert backbone.save_memory(1)
    assert backbone.pipeline.vae.use_tiling
    assert np.abs(backbone.pixels(DRAWINGS[:1], SAMPLING) - before).max() < 1e-4
    assert not backbone.save_memory(2), "parts cannot wait on the CPU that is at work"
    assert backbone.save_memory(0)
    assert not backbone.pipeline.vae.use_tiling
    assert np.array_equal(backbone.pixels(DRAWINGS[:1], SAMPLING), before)


@pytest.mark.parametrize(
    ("kind", "prompt", "count", "limit"),
    [("sd", "a red mug", 3, 75), ("sdxl", "a red mug", 3, 75), ("sd", "", 0, 75), ("klein", "a red mug", 9, 45)],
)
def test_tokens_are_counted_without_those_around_them(kind: str, prompt: str, count: int, limit: int) -> None:
    assert (warm(kind).token_count(prompt), warm(kind).token_limit) == (count, limit)


@pytest.mark.parametrize(("kind", "multiple"), [("sd", 8), ("sdxl", 8), ("klein", 16)])
def test_a_backbone_says_its_sizes(kind: str, multiple: int) -> None:
    assert (warm(kind).side, warm(kind).multiple) == (64, multiple)


def test_channels_last_draws_the_same() -> None:
    laid_out = load("sd", channels_last=True)
    assert laid_out.denoiser.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    assert np.abs(laid_out.pixels(DRAWINGS, SAMPLING) - warm("sd").pixels(DRAWINGS, SAMPLING)).max() < 1e-4


def test_half_precision_draws_finite_images() -> None:
    pixels = load("sdxl", dtype="bfloat16").pixels(DRAWINGS, SAMPLING)
    assert np.isfinite(pixels).all()
    assert pixels.dtype == np.float32
