"""Text to image: a UNet2DConditionModel on the autoencoder's latents, and the CLIPTextModel that tells it the caption.

Both are trained together, to predict velocity (v, arXiv 2202.00512) on a cosine schedule that ends in pure noise. The
caption reaches the UNet twice: by cross-attention, and pooled, beside the time (`addition_embed_type="text"`), which
settles family, colour and place long before attention does. All noise levels weigh the same: min-SNR weights would
take away from those at which the picture's layout is decided, and few steps must learn that first.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn

from generation.mini import words
from generation.mini.training import Numbers, Plan, batch_of
from generation.world.scenes import Scene

TIMES = 1000
_UNET: Any = UNet2DConditionModel  # their methods have no types
_SCHEDULER: Any = DDIMScheduler
_ATTENTION: Any = AttnProcessor


@dataclass(frozen=True)
class Sizes:
    """Channels at full, half and a quarter of the latents' side; attention is at the last and on the way up.

    Channels in groups of 16 at least: smaller groups make channels-last bfloat16 ten times slower.
    """

    channels: tuple[int, ...] = (32, 96, 192)
    layers: int = 1
    heads: int = 4
    groups: int = 2
    side: int = 16
    latents: int = 4
    text_width: int = 128
    text_layers: int = 2
    length: int = words.LENGTH


def scheduler() -> Any:
    """The noise schedule, as a pipeline's scheduler. Any solver that knows v prediction can be made from its config."""
    return _SCHEDULER(
        num_train_timesteps=TIMES,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,  # no meaning with trailing spacing; pipelines warn of another number
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
    )


def build_unet(sizes: Sizes, channels_in: int | None = None) -> Any:
    """The UNet by chance."""
    return _UNET(
        sample_size=sizes.side,
        in_channels=channels_in or sizes.latents,
        out_channels=sizes.latents,
        down_block_types=(*("DownBlock2D",) * (len(sizes.channels) - 1), "CrossAttnDownBlock2D"),
        up_block_types=(*("CrossAttnUpBlock2D",) * (len(sizes.channels) - 1), "UpBlock2D"),
        mid_block_type=None,
        block_out_channels=sizes.channels,
        layers_per_block=sizes.layers,
        attention_head_dim=sizes.heads,  # diffusers means the number of heads by it
        cross_attention_dim=sizes.text_width,
        norm_num_groups=sizes.groups,
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=sizes.heads,
    ).to(memory_format=torch.channels_last)


def plain_attention() -> Any:
    """For training on a CPU: the fused attention's way back takes longer than plain matrix products."""
    return _ATTENTION()


@dataclass(frozen=True)
class Lessons:
    """What is trained on: latents (n, 4, side, side) as pipelines scale them, and the scene of each."""

    latents: Tensor
    scenes: Sequence[Scene]


class DiffusionTask:
    """Trains the UNet and the text encoder on latents and captions."""

    def __init__(self, lessons: Lessons, sizes: Sizes, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.tokenizer = words.tokenizer_of(words.world_words(), sizes.length)
        self.text_encoder = words.text_encoder_of(self.tokenizer, width=sizes.text_width, layers=sizes.text_layers)
        self.unet = build_unet(sizes)
        self.unet.set_attn_processor(plain_attention())
        self.modules: dict[str, nn.Module] = {"unet": self.unet, "text_encoder": self.text_encoder}
        self.sizes = sizes
        self._lessons = lessons
        self._kept: Tensor = scheduler().alphas_cumprod

    def settings(self) -> dict[str, Any]:
        return asdict(self.sizes)

    def loss(self, step: int, plan: Plan, generator: torch.Generator) -> tuple[Tensor, Numbers]:
        places = batch_of(len(self._lessons.scenes), plan, step)
        clean = self._lessons.latents[places].float()
        prompts = words.prompts_of([self._lessons.scenes[place] for place in places.tolist()], generator)
        times = spread_times(len(places), generator)
        noisy, target = noised(clean, times, self._kept, generator)
        with torch.autocast("cpu", torch.bfloat16):
            told = self.text_encoder(words.numbers_of(self.tokenizer, prompts)).last_hidden_state
            said = self.unet(noisy, times, told, return_dict=False)[0]
        errors = (said.float() - target).square().flatten(1).mean(1)
        return errors.mean(), by_noise(errors.detach(), times)


def spread_times(count: int, generator: torch.Generator) -> Tensor:
    """(count,) noise levels, one from each of as many equal parts of the schedule: the loss is less noisy so."""
    order = torch.randperm(count, generator=generator)
    return ((order + torch.rand(count, generator=generator)) * (TIMES / count)).long().clamp(max=TIMES - 1)


def noised(clean: Tensor, times: Tensor, kept: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The noisy latents, and the velocity that is to be predicted from them."""
    noise = torch.randn(clean.shape, generator=generator)
    signal = kept[times].sqrt().view(-1, 1, 1, 1)
    noisy = (1 - kept[times]).sqrt().view(-1, 1, 1, 1)
    mixed = (signal * clean + noisy * noise).contiguous(memory_format=torch.channels_last)
    return mixed, signal * noise - noisy * clean


def by_noise(errors: Tensor, times: Tensor) -> Numbers:
    """The mean error in each third of the schedule: `loss_low` is of little noise."""
    names = ("loss_low", "loss_mid", "loss_high")
    parts = times * len(names) // TIMES
    return {name: float(errors[parts == part].mean()) for part, name in enumerate(names) if (parts == part).any()}
