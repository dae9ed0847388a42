"""The autoencoder: its linear start, what settling leaves alone, and the figures that it is judged by."""

from pathlib import Path

import pytest
import torch

from generation.mini import autoencoder
from generation.mini.pictures import as_images, as_pixels, psnr
from generation.mini.training import Plan, averaged_weights, train
from tests.factories.mini import AUTOENCODER

PLAN = Plan(steps=6, batch=4, warmup=1, log_every=1)


def pictures(count: int, side: int = 16, seed: int = 0) -> torch.Tensor:
    """Smooth pictures by chance."""
    small = torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    large = torch.nn.functional.interpolate(small, (side, side), mode="bilinear")
    return as_images(large * 2 - 1)


def test_pixels_go_to_the_nets_range_and_back() -> None:
    images = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1).expand(1, 16, 16, 3)
    pixels = as_pixels(images)
    assert pixels.shape == (1, 3, 16, 16)
    assert (float(pixels.min()), float(pixels.max())) == (-1, 1)
    assert torch.equal(as_images(pixels), images)
    assert torch.equal(as_images(pixels * 3)[0, 0, 0], torch.zeros(3, dtype=torch.uint8))


@pytest.mark.parametrize(
    ("error", "expected"), [(0, 99.0), (1, 48.13), (16, 24.05), (255, 0.0)], ids=["equal", "one", "sixteen", "all"]
)
def test_psnr_is_in_decibels(error: int, expected: float) -> None:
    images = torch.zeros(2, 4, 4, 3, dtype=torch.uint8)
    assert psnr(images, images + error).tolist() == pytest.approx([expected] * 2, abs=0.01)


def test_the_linear_code_is_the_best_of_its_size() -> None:
    pixels = as_pixels(pictures(20))
    errors = []
    for channels in (1, 4, 48):
        code = autoencoder.linear_code(pixels, channels)
        codes = code.encode(pixels)
        assert codes.shape == (20, channels, 4, 4)
        errors.append(float((code.decode(codes) - pixels).square().mean()))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-8
    code = autoencoder.linear_code(pixels, 3)
    codes = code.encode(pixels).transpose(0, 1).flatten(1)
    assert torch.allclose(codes.mean(1), torch.zeros(3), atol=1e-4)
    assert torch.allclose(codes.cov(correction=0), torch.eye(3), atol=1e-3)


def test_the_encoder_is_taught_the_linear_code_first() -> None:
    task = autoencoder.AutoencoderTask(pictures(12), AUTOENCODER)
    _, starting = task.loss(0, PLAN, PLAN.generator(0))
    _, after = task.loss(AUTOENCODER.linear_steps, PLAN, PLAN.generator(2))
    assert starting["code_error"] > 0
    assert after["code_error"] == 0


def test_training_takes_the_error_down(tmp_path: Path) -> None:
    task = autoencoder.AutoencoderTask(pictures(8), AUTOENCODER)
    plan = Plan(steps=60, batch=8, rate=4e-3, warmup=5, log_every=5, average=0.9)
    before = autoencoder.evaluate(task.net, pictures(8)).psnr
    train(task, plan, tmp_path)
    net = autoencoder.from_weights(AUTOENCODER, averaged_weights(tmp_path)[0])
    after = autoencoder.evaluate(net, pictures(8))
    assert after.psnr > before + 3
    assert after.worst <= after.psnr
    assert after.pictures == 8


def test_settling_changes_latents_and_no_pixels(tmp_path: Path) -> None:
    images = pictures(16)
    task = autoencoder.AutoencoderTask(images, AUTOENCODER)
    train(task, PLAN, tmp_path)
    net = task.net.eval()
    before = autoencoder.drawn(net, autoencoder.encoded(net, images))
    autoencoder.settle(net, images)
    latents = autoencoder.encoded(net, images)
    flat = latents.transpose(0, 1).flatten(1)
    # bfloat16 has eight bits
    assert torch.allclose(flat.mean(1), torch.zeros(4), atol=0.05)
    assert torch.allclose(flat.std(1), torch.ones(4), atol=0.05)
    assert (autoencoder.drawn(net, latents).int() - before.int()).abs().float().mean() < 2
    with torch.no_grad():
        drawn = net.encode(as_pixels(images)).latent_dist
    assert float(drawn.std.max()) < 1, "the posterior stays narrow, in the new scale, too"


def test_a_saved_net_loads_in_float32(tmp_path: Path) -> None:
    net = autoencoder.build(AUTOENCODER)
    net.half().save_pretrained(tmp_path)
    loaded = autoencoder.load(tmp_path)
    assert loaded.dtype is torch.float32
    assert not loaded.training
    assert loaded.config.scaling_factor == 1.0
    assert autoencoder.encoded(loaded, pictures(2)).shape == (2, 4, 4, 4)
    shown, back = autoencoder.side_by_side(loaded, pictures(2))
    assert shown.shape == back.shape == (2, 16, 16, 3)
