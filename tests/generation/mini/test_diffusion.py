"""Text to image: the schedule, the target, the noise levels of a batch, and that captions reach the UNet."""

import math
from pathlib import Path

import pytest
import torch
from diffusers import DDIMScheduler

from generation.mini import autoencoder, diffusion, words
from generation.mini.drawing import asked_scenes, captions_of, draw, pipeline_of, sheet
from generation.mini.training import Plan, train
from generation.world.scenes import CONTEXTS, FAMILIES, HELD_OUT
from tests.factories.mini import AUTOENCODER, DIFFUSION

PLAN = Plan(steps=10, batch=8, warmup=2, log_every=5)


def lessons(count: int = 12) -> diffusion.Lessons:
    generator = torch.Generator().manual_seed(1)
    return diffusion.Lessons(torch.randn(count, 4, 4, 4, generator=generator).half(), asked_scenes(count))


def test_the_schedule_goes_from_all_signal_to_pure_noise() -> None:
    kept = diffusion.scheduler().alphas_cumprod
    assert len(kept) == diffusion.TIMES
    assert float(kept[0]) > 0.999
    assert float(kept[-1]) < 1e-6
    assert (kept.diff() < 0).all()


def test_the_target_is_what_the_scheduler_calls_velocity() -> None:
    clean = torch.randn(4, 4, 4, 4)
    times = torch.tensor([0, 300, 700, 999])
    kept = diffusion.scheduler().alphas_cumprod
    noisy, target = diffusion.noised(clean, times, kept, torch.Generator().manual_seed(9))
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(9))
    known = diffusion.scheduler()
    assert torch.allclose(noisy, known.add_noise(clean, noise, times), atol=1e-5)
    assert torch.allclose(target, known.get_velocity(clean, noise, times), atol=1e-5)
    assert isinstance(known, DDIMScheduler)


def test_a_batch_has_a_noise_level_of_each_part() -> None:
    times = diffusion.spread_times(8, torch.Generator().manual_seed(0))
    assert sorted((times // 125).tolist()) == list(range(8))
    assert times.tolist() != sorted(times.tolist())
    numbers = diffusion.by_noise(torch.tensor([1.0, 3.0, 5.0]), torch.tensor([10, 20, 990]))
    assert numbers == {"loss_low": 2.0, "loss_high": 5.0}


@pytest.mark.parametrize("kill", [1, 4])
def test_ten_steps_run_and_resume_bit_for_bit(tmp_path: Path, kill: int) -> None:
    whole = diffusion.DiffusionTask(lessons(), DIFFUSION)
    assert train(whole, PLAN, tmp_path / "whole").samples == 80
    counted = iter(range(100))
    first = diffusion.DiffusionTask(lessons(), DIFFUSION)
    train(first, PLAN, tmp_path / "parts", stop=lambda: next(counted) >= kill)
    second = diffusion.DiffusionTask(lessons(), DIFFUSION)
    train(second, PLAN, tmp_path / "parts")
    for name, module in whole.modules.items():
        for key, value in module.state_dict().items():
            assert torch.equal(value, second.modules[name].state_dict()[key]), key


def test_words_change_what_is_predicted() -> None:
    task = diffusion.DiffusionTask(lessons(), DIFFUSION)
    numbers = words.numbers_of(task.tokenizer, ["a photo of a red mug", "a photo of a blue mug", ""])
    noisy, times = torch.randn(1, 4, 4, 4).expand(3, 4, 4, 4), torch.tensor([500] * 3)
    with torch.no_grad():
        said = task.unet(noisy, times, task.text_encoder(numbers).last_hidden_state, return_dict=False)[0]
    assert said.shape == (3, 4, 4, 4)
    assert not torch.allclose(said[0], said[1])
    assert not torch.allclose(said[0], said[2])


def test_an_untrained_loss_is_that_of_saying_nothing_at_most() -> None:
    task = diffusion.DiffusionTask(lessons(), DIFFUSION)
    loss, numbers = task.loss(0, PLAN, PLAN.generator(0))
    assert 0.5 < float(loss.detach()) < 4
    assert set(numbers) == {"loss_low", "loss_mid", "loss_high"}
    assert math.isclose(float(task.loss(0, PLAN, PLAN.generator(0))[0].detach()), float(loss.detach()))


def test_what_is_asked_for_covers_families_and_contexts_and_is_held_out() -> None:
    scenes = asked_scenes(96)
    assert {scene.thing.family for scene in scenes[:48]} == set(FAMILIES)
    assert {(scene.thing.family, scene.context) for scene in scenes[:48]} == {
        (scene.thing.family, scene.context) for scene in scenes[48:]
    }
    assert [scene.context for scene in scenes[:8]] == list(CONTEXTS)
    assert all(scene.seed >= HELD_OUT for scene in scenes)
    assert len(set(captions_of(scenes))) > 80


def test_sheets_have_their_pictures_in_rows() -> None:
    images = torch.arange(5, dtype=torch.uint8)[:, None, None, None].expand(5, 4, 4, 3) * 50
    picture = sheet(images, columns=3, enlarged=2)
    assert picture.size == (24, 16)
    assert [picture.getpixel((column * 8 + 3, 3)) for column in range(3)] == [(value,) * 3 for value in (0, 50, 100)]
    assert picture.getpixel((20, 12)) == (128, 128, 128)


def test_one_prompt_and_seed_is_one_picture_in_any_batch() -> None:
    task = diffusion.DiffusionTask(lessons(), DIFFUSION)
    pipeline = pipeline_of(autoencoder.build(AUTOENCODER), task.text_encoder, task.tokenizer, task.unet)
    prompts = captions_of(asked_scenes(3))
    together = draw(pipeline, prompts, steps=2)
    apart = draw(pipeline, prompts, steps=2, batch=1)
    assert together.shape == (3, 16, 16, 3)
    assert (together.int() - apart.int()).abs().max() <= 1
    assert not torch.equal(together, draw(pipeline, prompts, steps=2, seed=8))
