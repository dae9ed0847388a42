"""One pass: which rows each product brings, what each counts for, and the base as it was afterwards."""

from typing import Any

import pytest
import torch

from generation.recipe import FinetuneConfig
from generation.training.denoisers import denoiser_of
from generation.training.grouped import AdapterGroup
from generation.training.lessons import Encoding, Lesson, Sample, derived
from generation.training.loop import Trainer, resident
from generation.training.passes import FLOAT16_SCALE, Draw, backward, draw, losses, ready
from tests.factories.checkpoints.makers import load
from tests.factories.training import (
    make_config,
    make_mask,
    make_picture,
    make_samples,
    make_task,
    make_trainer,
    trained,
)


def lesson_of(trainer: Trainer, config: FinetuneConfig, *samples: Sample) -> Lesson:
    weight = config.unmasked_weight if config.masked_loss else None
    encoding = Encoding(
        trainer.denoiser,
        trainer.files,
        trainer.cache,
        trainer.side,
        unmasked_weight=weight,
        keep_words=not config.text_encoder,
    )
    return encoding.lesson(samples or make_samples(trainer.files, count=5))


def drawn(trainer: Trainer, at: tuple[int, int] = (1, 0), prior: int = 0, **changes: Any) -> Draw:
    config = make_config(**changes)
    own = lesson_of(trainer, config)
    pictures = [make_picture(trainer.files, 70 + number) for number in range(prior)]
    others = lesson_of(trainer, config, *(Sample(p, "a photo of a mug") for p in pictures)) if prior else None
    return draw(trainer.denoiser, config, own, others, at)


@pytest.mark.parametrize(
    ("changes", "shares"),
    [
        ({}, [1.0]),
        ({"batch": 4}, [0.25] * 4),
        ({"prior": 2, "prior_weight": 0.5, "class_images": 2}, [1.0, 0.5]),
        ({"prior": 3, "batch": 2, "prior_weight": 1.0, "class_images": 3}, [0.5, 0.5, 0.5, 0.5]),
    ],
    ids=["one row", "a batch", "with a class image", "a batch of both"],
)
def test_rows_and_what_they_count(changes: dict[str, Any], shares: list[float]) -> None:
    one = drawn(make_trainer(), **changes)
    assert one.shares.tolist() == shares
    assert len(one.clean) == len(one.times) == len(one.noise) == len(one.prompts) == len(one.frames) == len(shares)
    assert len(one.words["hidden"]) == len(shares)
    assert [prompt == "a photo of a mug" for prompt in one.prompts].count(True) == (
        len(shares) // 2 if "prior" in changes else 0
    )


def test_a_step_draws_the_same_again_and_another_step_or_seed_does_not() -> None:
    trainer = make_trainer()
    first, again = drawn(trainer, (1, 5)), drawn(trainer, (1, 5))
    assert torch.equal(first.clean, again.clean)
    assert torch.equal(first.noise, again.noise)
    assert torch.equal(first.times, again.times)
    for other in (drawn(trainer, (1, 6)), drawn(trainer, (2, 5))):
        assert not torch.equal(first.noise, other.noise)


def test_latents_are_drawn_from_their_distribution_anew_each_step() -> None:
    trainer, config = make_trainer(), make_config()
    lesson = lesson_of(trainer, config, make_samples(trainer.files, count=1)[0])
    wide = Lesson(**(vars(lesson) | {"deviations": torch.full_like(lesson.deviations, 2.0)}))
    clean = torch.cat([draw(trainer.denoiser, config, wide, None, (1, step)).clean for step in range(40)])
    assert float((clean - lesson.means).std()) == pytest.approx(2.0, rel=0.05)


def test_class_images_are_never_masked_and_own_ones_are() -> None:
    trainer, config = make_trainer(), make_config(masked_loss=True, prior_weight=1.0, class_images=1)
    own = lesson_of(trainer, config, Sample(make_picture(trainer.files), "a", make_mask(trainer.files)))
    plain = make_config()
    prior = lesson_of(trainer, plain, Sample(make_picture(trainer.files, 2), "b"))
    one = draw(trainer.denoiser, config, own, prior, (1, 0))
    assert one.pixels is not None
    assert not one.pixels[0].eq(1).all()
    assert one.pixels[1].eq(1).all()


def test_a_loss_is_the_weighted_mean_square_of_what_the_model_says() -> None:
    trainer, config = make_trainer(), make_config(batch=2, snr_gamma=5.0)
    one = draw(trainer.denoiser, config, lesson_of(trainer, config), None, (3, 0))
    noisy, target = trainer.denoiser.noised(one.clean, one.noise, one.times)
    with torch.no_grad():
        said = trainer.denoiser.predict(noisy, one.times, one.words, one.frames)
        got = losses(trainer.denoiser, [one])
    weights = trainer.denoiser.weights(one.times, 5.0)
    wanted = sum(float(weights[row] * (said[row] - target[row]).square().mean()) / 2 for row in range(2))
    assert got.tolist() == pytest.approx([wanted], rel=1e-5)


def test_a_masked_loss_looks_at_the_product_only() -> None:
    trainer = make_trainer()
    config = make_config(masked_loss=True, unmasked_weight=0.0)
    mask = make_mask(trainer.files, box=(0, 0, 32, 64))
    one = draw(
        trainer.denoiser,
        config,
        lesson_of(trainer, config, Sample(make_picture(trainer.files), "a", mask)),
        None,
        (1, 0),
    )
    with torch.no_grad():
        before = losses(trainer.denoiser, [one])
        seen = trainer.denoiser.predict

        def predict(*told: Any) -> torch.Tensor:
            said = seen(*told).clone()
            said[..., 5:] += 100.0  # far outside the product
            return said

        trainer.denoiser.predict = predict  # type: ignore[method-assign]
        assert losses(trainer.denoiser, [one]).tolist() == pytest.approx(before.tolist())


def gradients(trainer: Trainer, group: AdapterGroup, config: FinetuneConfig) -> torch.Tensor:
    lesson = lesson_of(trainer, config)
    group.fill([torch.randn(group.size, generator=torch.Generator().manual_seed(1)) * 0.1])
    with ready(trainer.denoiser, group, config):
        backward(trainer.denoiser, group, [draw(trainer.denoiser, config, lesson, None, (1, 0))])
    return group.gradients.clone()


def test_gradient_checkpointing_gives_the_same_gradients_and_is_off_again() -> None:
    trainer = make_trainer()
    model: Any = next(iter(trainer.denoiser.roots.values()))
    group = resident(trainer.denoiser, make_config())
    plain = gradients(trainer, group, make_config())
    saved = gradients(trainer, group, make_config(gradient_checkpointing=True))
    assert torch.allclose(plain, saved, atol=1e-7)
    assert not model.is_gradient_checkpointing


@pytest.mark.parametrize("changes", [{}, {"masked_loss": True}, {"text_encoder": True}], ids=str)
def test_a_batch_in_several_passes_gives_the_same_gradients_and_losses(changes: dict[str, Any]) -> None:
    trainer, config = make_trainer(), make_config(batch=3, prior_weight=0.5, class_images=2, **changes)
    own = lesson_of(trainer, config)
    others = lesson_of(trainer, config, *(Sample(make_picture(trainer.files, 70 + n), "a mug") for n in range(2)))
    group = resident(trainer.denoiser, config)
    told = []
    for passes in (1, 2, 4, 6, 99):
        group.fill([torch.randn(group.size, generator=torch.Generator().manual_seed(k)) * 0.1 for k in range(2)])
        with ready(trainer.denoiser, group, config):
            draws = [draw(trainer.denoiser, config, own, others, (seed, 0)) for seed in range(2)]
            each = backward(trainer.denoiser, group, draws, passes)
        told.append((each, group.gradients.clone()))
    whole, gradient = told[0]
    for each, parts in told[1:]:
        assert torch.allclose(each, whole, rtol=1e-5)
        assert float((parts - gradient).norm() / gradient.norm()) < 1e-5


def test_gradients_in_float16_are_scaled_up_and_back() -> None:
    half = denoiser_of(load("sd", dtype="float16"))
    files = make_trainer().files
    trainer = Trainer(half, files, 64)
    group = resident(half, make_config())
    got = gradients(trainer, group, make_config())
    exact = make_trainer(files=files)
    wanted = gradients(exact, resident(exact.denoiser, make_config()), make_config())
    assert FLOAT16_SCALE > 1
    assert got.dtype is torch.float32
    assert float((got - wanted).norm() / wanted.norm()) < 0.1


def test_the_base_needs_no_gradients_while_adapters_train() -> None:
    trainer, config = make_trainer(), make_config(text_encoder=True)
    group = resident(trainer.denoiser, config)
    group.fill([group.initial_row(1)])
    with ready(trainer.denoiser, group, config):
        wanted = {id(p) for layer in group._layers for p in (layer.a, layer.b)}
        learning = {id(p) for m in trainer.denoiser.roots.values() for p in m.parameters() if p.requires_grad}
    assert learning == wanted


def test_a_bfloat16_base_learns_nearly_the_same_adapter() -> None:
    exact = make_trainer()
    half = Trainer(denoiser_of(load("sd", dtype="bfloat16")), exact.files, 64)
    config = make_config(steps=8)
    rows = [trained(each, config, make_task(exact.files, 1))[0].row for each in (exact, half)]
    start = resident(exact.denoiser, config).initial_row(derived(1, "adapter"))
    assert rows[1].dtype is torch.float32
    moved = [row - start for row in rows]
    assert float(torch.cosine_similarity(moved[0], moved[1], dim=0)) > 0.8
