"""One pass of the shared base over K products: draw each one's rows, predict, and the loss of each on its own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import torch
from torch import Tensor

from generation.checkpoints.devices import sent
from generation.recipe import FinetuneConfig
from generation.training.attention import narrow_heads
from generation.training.denoisers import Denoiser
from generation.training.grouped import AdapterGroup
from generation.training.lessons import Lesson, derived
from generation.training.moments import Words, stacked

# float16 gradients of a mean over many pixels would vanish; undone before anyone sees them.
FLOAT16_SCALE = 1024.0


@dataclass(frozen=True)
class Draw:
    """The rows of one product for one pass: its own images first, then those of its class."""

    clean: Tensor
    noise: Tensor
    times: Tensor
    words: Words
    prompts: list[str]
    frames: Tensor
    shares: Tensor  # (rows,) weight of each in the product's loss
    pixels: Tensor | None  # (rows, 1, height, width) weight of each latent pixel


def draw(denoiser: Denoiser, config: FinetuneConfig, lesson: Lesson, prior: Lesson | None, at: tuple[int, int]) -> Draw:
    """The rows of step `at[1]` with seed `at[0]`: the same whatever came before and whoever is beside it."""
    seed, step = at
    generator = torch.Generator().manual_seed(derived(seed, "step", step))
    parts = [_part(lesson, derived(seed, "own"), step, config.batch, generator)]
    shares = [1 / config.batch] * config.batch
    if prior is not None:
        parts.append(_part(prior, derived(seed, "class"), step, config.batch, generator))
        shares += [config.prior_weight / config.batch] * config.batch
    clean = torch.cat([part.clean for part in parts])
    times = denoiser.times(len(clean), generator)
    pixels = None
    if any(part.pixels is not None for part in parts):
        pixels = torch.cat([_ones(part.clean) if part.pixels is None else part.pixels for part in parts])
    return Draw(
        clean=clean,
        noise=sent(torch.randn(clean.shape, generator=generator), clean.device),
        times=times,
        words=stacked([part.words for part in parts]) if parts[0].words else {},
        prompts=[prompt for part in parts for prompt in part.prompts],
        frames=torch.cat([part.frames for part in parts]),
        shares=torch.tensor(shares) * denoiser.weights(times, config.snr_gamma),
        pixels=pixels,
    )


@dataclass(frozen=True)
class _Part:
    clean: Tensor
    words: Words
    prompts: list[str]
    frames: Tensor
    pixels: Tensor | None


def _part(lesson: Lesson, seed: int, step: int, batch: int, generator: torch.Generator) -> _Part:
    places = torch.tensor([lesson.place(seed, step * batch + row) for row in range(batch)])
    which = lesson.which[places]
    device = lesson.means.device
    there, said = sent(places, device), sent(which, device)
    mean = lesson.means[there]
    spread = sent(torch.randn(mean.shape, generator=generator), device)
    return _Part(
        clean=mean + lesson.deviations[there] * spread,
        words={part: value[said] for part, value in lesson.words.items()},
        prompts=[lesson.prompts[row] for row in which.tolist()],
        frames=lesson.frames[places],
        pixels=None if lesson.weights is None else lesson.weights[there],
    )


def losses(denoiser: Denoiser, draws: Sequence[Draw]) -> Tensor:
    """(K,) each product's loss, weighted squared error in float32; with gradients where they are on."""
    device, dtype = denoiser.device, denoiser.dtype
    clean, noise = torch.cat([one.clean for one in draws]), torch.cat([one.noise for one in draws])
    times = torch.cat([one.times for one in draws])
    noisy, target = denoiser.noised(clean, noise, times)
    # What is on the CPU still goes before the long work, and without waiting for that of the step before.
    frames = sent(torch.cat([one.frames for one in draws]), device)
    shares = sent(torch.cat([one.shares for one in draws]), device)
    words = stacked([one.words for one in draws]) if draws[0].words else _read(denoiser, draws)
    said = denoiser.predict(noisy.to(dtype), sent(times, device), words, frames)
    errors = (said.float() - target.float()).square()
    if draws[0].pixels is not None:
        errors = errors * torch.cat([_ones(one.clean) if one.pixels is None else one.pixels for one in draws])
    rows = errors.mean(dim=(1, 2, 3)) * shares
    return rows.view(len(draws), -1).sum(1)


def backward(denoiser: Denoiser, group: AdapterGroup, draws: Sequence[Draw], passes: int = 1) -> Tensor:
    """Leave each product's gradients in the group and return their losses, (K,), detached.

    Products share no row, so that the gradient of the sum is each one's own. In several passes, each of some rows of
    every product, gradients add up to the same with less memory.
    """
    scale = FLOAT16_SCALE if denoiser.dtype is torch.float16 else 1.0
    total = len(draws[0].clean)
    rows = ceil(total / passes)
    told = []
    with torch.enable_grad():
        for first in range(0, total, rows):
            each = losses(denoiser, [_some(one, slice(first, first + rows)) for one in draws] if passes > 1 else draws)
            (each.sum() * scale).backward()  # type: ignore[no-untyped-call]
            told.append(each.detach())
    if scale != 1.0:
        group.gradients.div_(scale)
    return torch.stack(told).sum(0)


@contextmanager
def ready(denoiser: Denoiser, group: AdapterGroup, config: FinetuneConfig) -> Iterator[None]:
    """Inside, the base is frozen and computes with the group's adapters, as the config asks; then it is as before."""
    denoising: Any = next(iter(denoiser.roots.values()))
    with ExitStack() as stack:
        for model in denoiser.roots.values():
            model.requires_grad_(False)
        if config.gradient_checkpointing and not denoising.is_gradient_checkpointing:
            denoising.enable_gradient_checkpointing()
            stack.callback(denoising.disable_gradient_checkpointing)
        stack.enter_context(narrow_heads(denoising))
        stack.enter_context(group.attached())
        yield


def _some(one: Draw, rows: slice) -> Draw:
    return replace(
        one,
        clean=one.clean[rows],
        noise=one.noise[rows],
        times=one.times[rows],
        words={part: value[rows] for part, value in one.words.items()},
        prompts=one.prompts[rows],
        frames=one.frames[rows],
        shares=one.shares[rows],
        pixels=None if one.pixels is None else one.pixels[rows],
    )


def _read(denoiser: Denoiser, draws: Sequence[Draw]) -> Words:
    return denoiser.words([prompt for one in draws for prompt in one.prompts])


def _ones(clean: Tensor) -> Tensor:
    return torch.ones(len(clean), 1, *clean.shape[2:], device=clean.device)
