"""Samples as tensors: crops around the product, masks at the latents' size, an order that is the same each time."""

import numpy as np
import pytest
import torch

from generation.training.caches import TensorCache
from generation.training.lessons import Crop, Encoding, Lesson, Sample, derived, square
from tests.factories.training import SIDE, make_files, make_mask, make_picture, make_samples, make_trainer


def encoding(**changes: object) -> Encoding:
    trainer = make_trainer()
    return Encoding(trainer.denoiser, make_files(), TensorCache(), SIDE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "box", "wanted"),
    [
        ((64, 64), None, Crop(0, 0, 64)),
        ((100, 60), None, Crop(20, 0, 60)),
        ((60, 100), None, Crop(0, 20, 60)),
        ((100, 60), (0, 0, 20, 60), Crop(0, 0, 60)),
        ((100, 60), (80, 0, 100, 60), Crop(40, 0, 60)),
        ((100, 60), (40, 10, 80, 50), Crop(30, 0, 60)),
        ((60, 100), (0, 70, 60, 90), Crop(0, 40, 60)),
    ],
    ids=["square", "middle of a wide one", "middle of a high one", "left", "right", "between", "low"],
)
def test_the_square_follows_the_product(
    size: tuple[int, int], box: tuple[int, int, int, int] | None, wanted: Crop
) -> None:
    mask = None
    if box is not None:
        mask = np.zeros(size[::-1], dtype=bool)
        mask[box[1] : box[3], box[0] : box[2]] = True
    assert square(*size, mask) == wanted


def test_a_mask_of_another_size_than_its_picture_counts_by_shares() -> None:
    mask = np.zeros((30, 50), dtype=bool)
    mask[:, 40:] = True
    assert square(100, 60, mask) == Crop(40, 0, 60)


def test_a_mask_weighs_the_product_and_every_sample_alike() -> None:
    one = encoding(unmasked_weight=0.1)
    samples = (
        Sample(make_picture(one.files, 1), "a", make_mask(one.files, box=(0, 0, 32, 64))),
        Sample(make_picture(one.files, 2), "b"),
    )
    weights = one.lesson(samples).weights
    assert weights is not None
    assert weights.shape == (2, 1, 8, 8)
    assert weights.mean(dim=(1, 2, 3)).tolist() == pytest.approx([1, 1])
    assert float(weights[0, 0, 4, 1] / weights[0, 0, 4, 6]) == pytest.approx(10, rel=1e-3)
    assert weights[1].eq(1).all()


def test_without_a_masked_loss_there_are_no_weights() -> None:
    one = encoding()
    assert one.lesson(make_samples(one.files, mask=make_mask(one.files))).weights is None


def test_frames_tell_original_size_crop_and_target() -> None:
    one = encoding()
    samples = (Sample(make_picture(one.files, 1, 192, 128), "a"),)
    assert one.lesson(samples).frames.tolist() == [[128, 192, 0, 16, 64, 64]]


def test_a_prompt_is_kept_once_and_each_sample_finds_its_own() -> None:
    one = encoding()
    pictures = [make_picture(one.files, number) for number in range(4)]
    prompts = ["a mug", "a lamp", "a mug", "a mug"]
    lesson = one.lesson([Sample(p, text) for p, text in zip(pictures, prompts, strict=True)])
    assert lesson.prompts == ["a mug", "a lamp"]
    assert lesson.which.tolist() == [0, 1, 0, 0]
    assert len(lesson.words["hidden"]) == 2
    alone = one.denoiser.words(["a lamp"])["hidden"]
    assert torch.allclose(lesson.words["hidden"][1:], alone, atol=1e-5)


def test_the_same_picture_at_another_size_or_crop_is_encoded_anew() -> None:
    one = encoding()
    picture = make_picture(one.files, 1, 96, 64)
    left = make_mask(one.files, 96, 64, (0, 0, 10, 64))
    one.lesson([Sample(picture, "a")])
    made = one.cache.made
    one.lesson([Sample(picture, "a")])
    assert one.cache.made == made
    one.lesson([Sample(picture, "a", left)])
    assert one.cache.made == made + 1


def test_cancelling_is_looked_for_between_passes() -> None:
    class Enough(Exception):
        pass

    calls: list[int] = []

    def check() -> None:
        calls.append(1)
        if len(calls) > 1:
            raise Enough

    one = encoding(check=check)
    with pytest.raises(Enough):
        one.lesson(make_samples(one.files, count=9))


def lesson_of(count: int) -> Lesson:
    nothing = torch.zeros(count, 1, 1, 1)
    return Lesson(nothing, nothing, torch.zeros(count, 6), ["a"], torch.zeros(count, dtype=torch.long), {})


def test_each_epoch_has_all_samples_in_an_order_of_its_own() -> None:
    lesson = lesson_of(7)
    epochs = [[lesson.place(3, 7 * epoch + within) for within in range(7)] for epoch in range(4)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1
    assert [lesson.place(3, position) for position in range(7)] == epochs[0]
    assert [lesson.place(4, position) for position in range(7)] != epochs[0]


def test_seeds_are_told_apart_by_purpose() -> None:
    assert derived(1, "step", 2) == derived(1, "step", 2)
    assert len({derived(1, "step", 2), derived(1, "step", 3), derived(2, "step", 2), derived(1, "order", 2)}) == 4
