"""New views: a UNet that draws a picture's product turned on its spot, trained on renders of orbits.

It begins with the text-to-image model's weights, with room for the picture's latents beside the noisy ones; what was
told of words is told of the turn (`generation.checkpoints.turntable`).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from generation.checkpoints.turntable import turn_tokens
from generation.mini import diffusion
from generation.mini.diffusion import Sizes
from generation.mini.training import Numbers, Plan, Weights, batch_of


@dataclass(frozen=True)
class Orbits:
    """Latents (n, 4, side, side) and azimuths (n,) in radians; so many in a row show one scene from all around."""

    latents: Tensor
    azimuths: Tensor
    group: int


class NovelViewTask:
    """Trains the UNet to draw any side of a scene from any other."""

    def __init__(self, orbits: Orbits, sizes: Sizes, start: Weights | None = None, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.unet = diffusion.build_unet(sizes, channels_in=2 * sizes.latents)
        self.unet.set_attn_processor(diffusion.plain_attention())
        if start is not None:
            begin_with(self.unet, start)
        self.modules: dict[str, nn.Module] = {"unet": self.unet}
        self.sizes = sizes
        self._orbits = orbits
        self._kept: Tensor = diffusion.scheduler().alphas_cumprod

    def settings(self) -> dict[str, Any]:
        return asdict(self.sizes)

    def loss(self, step: int, plan: Plan, generator: torch.Generator) -> tuple[Tensor, Numbers]:
        orbits, places = self._orbits, batch_of(len(self._orbits.latents), plan, step)
        others = other_sides(places, orbits.group, generator)
        clean, source = orbits.latents[places].float(), orbits.latents[others].float()
        times = diffusion.spread_times(len(places), generator)
        noisy, target = diffusion.noised(clean, times, self._kept, generator)
        told = turn_tokens(orbits.azimuths[places] - orbits.azimuths[others], self.sizes.text_width)
        mixed = torch.cat([noisy, source], dim=1).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            said = self.unet(mixed, times, told, return_dict=False)[0]
        errors = (said.float() - target).square().flatten(1).mean(1)
        return errors.mean(), diffusion.by_noise(errors.detach(), times)


def other_sides(places: Tensor, group: int, generator: torch.Generator) -> Tensor:
    """For each place another one of its own group."""
    steps = torch.randint(1, group, places.shape, generator=generator)
    return places // group * group + (places % group + steps) % group


@torch.no_grad()
def begin_with(unet: nn.Module, start: Weights) -> None:
    """Takes over a text-to-image UNet's weights; what the picture's latents go through begins at zero."""
    first = "conv_in.weight"
    own = unet.state_dict()
    widened = torch.zeros_like(own[first])
    widened[:, : start[first].shape[1]] = start[first]
    unet.load_state_dict({**start, first: widened})


def pairs_across(groups: int, group: int, step: int) -> Sequence[tuple[int, int]]:
    """For each of so many scenes the place of its first side, and of the side so many steps on."""
    return [(number * group, number * group + step % group) for number in range(groups)]
