"""Stable Diffusion 1.5 and XL: bases, and inpainters with 4 or 9 channels, with a ControlNet where one is named.

Nothing here is pulled from the hub, and the pipelines' own safety checker is left out: XL has none, so that safety is
a role of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diffusers import (
    ControlNetModel,
    StableDiffusionControlNetInpaintPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLControlNetInpaintPipeline,
    StableDiffusionXLInpaintPipeline,
    StableDiffusionXLPipeline,
)

from generation.checkpoints.devices import DTYPES
from generation.checkpoints.families.backbone import WarmBackbone, mask_image
from generation.checkpoints.families.warm import Pixels, load_pipeline, part_config
from generation.checkpoints.roles import Check, Drawing, Edit, Filling, Sampling
from generation.checkpoints.sets import Entry
from generation.checkpoints.weights import whole
from generation.exceptions import BadModelSet, NotPossible

_INPAINT_CHANNELS = 9  # latents, mask, latents of the masked picture
_CLASSES: dict[str, tuple[Any, Any, Any]] = {
    "sd": (StableDiffusionPipeline, StableDiffusionInpaintPipeline, StableDiffusionControlNetInpaintPipeline),
    "sdxl": (StableDiffusionXLPipeline, StableDiffusionXLInpaintPipeline, StableDiffusionXLControlNetInpaintPipeline),
}
# What the constructors want told, or they would look for what is not there.
_QUIET: dict[str, dict[str, Any]] = {
    "sd": {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False},
    "sdxl": {"add_watermarker": False},
}


class StableDiffusion(WarmBackbone):
    """One checkpoint of SD 1.5's or XL's shape."""

    standing = ("to_q", "to_k", "to_v", "to_out.0")

    def __init__(self, entry: Entry, device: str) -> None:
        text_to_image, inpaint, controlled = _CLASSES[entry.family]
        self.components = ("unet", "text_encoder", *(("text_encoder_2",) if entry.family == "sdxl" else ()))
        self.inpaints_only = part_config(entry.path, "unet")["in_channels"] == _INPAINT_CHANNELS
        pipeline = load_pipeline(inpaint if self.inpaints_only else text_to_image, entry, **_QUIET[entry.family])
        self.multiple = pipeline.vae_scale_factor
        self.side = entry.side or pipeline.unet.config.sample_size * pipeline.vae_scale_factor
        self.token_limit = pipeline.tokenizer.model_max_length - 2
        super().__init__(pipeline, entry, device)
        parts = {**pipeline.components, **_QUIET[entry.family]}
        self._inpaint = pipeline if self.inpaints_only else _sibling(inpaint, parts)
        self._controlled = None
        if named := entry.options.get("controlnet"):
            how: dict[str, Any] = {"dtype": DTYPES[entry.dtype], "local_files_only": True, "use_safetensors": True}
            controlnet = whole(ControlNetModel, Path(named), **how)
            self._controlled = _sibling(controlled, {**parts, "controlnet": controlnet.to(self.device)})

    def token_count(self, prompt: str) -> int:
        """Tokens of the prompt without those at both ends; XL's two tokenizers agree."""
        return len(self.pipeline.tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids)

    def to(self, device: str) -> None:
        super().to(device)
        if self._controlled is not None:
            self._controlled.controlnet.to(self.device)

    def _draw(self, drawings: Sequence[Drawing], sampling: Sampling, check: Check) -> Pixels:
        if self.inpaints_only:
            raise NotPossible("This checkpoint is an inpainter with 9 channels; drawing from words needs a base.")
        return super()._draw(drawings, sampling, check)

    def _fill(self, fillings: Sequence[Filling], sampling: Sampling, check: Check) -> Pixels:
        pipeline, more = self._inpaint, {}
        controls = [filling.control for filling in fillings if filling.control is not None]
        if self._controlled is not None and controls:
            pipeline = self._controlled
            size = fillings[0].image.size
            more = {"control_image": [control.convert("RGB").resize(size) for control in controls]}
        width, height = fillings[0].image.size
        words = [filling.prompt for filling in fillings]
        seeds = [filling.seed for filling in fillings]
        pixels: Pixels = self.call(
            pipeline,
            sampling,
            check,
            image=[filling.image for filling in fillings],
            mask_image=[mask_image(filling) for filling in fillings],
            strength=1.0,  # less would leave traces of what was there
            width=width,
            height=height,
            **more,
            **self._told(words, seeds, sampling),
        ).images
        return pixels

    def _edit(self, edits: Sequence[Edit], _sampling: Sampling, _check: Check) -> Pixels:
        raise NotPossible(
            f"{self.family} draws from words alone, not from {len(edits[0].references)} reference photos;"
            " reference-edit needs a family that takes photos, such as flux2-klein."
        )

    def _told(self, words: list[str], seeds: list[int], sampling: Sampling) -> dict[str, Any]:
        guided = sampling.guidance > 1
        return {
            "prompt": words,
            "negative_prompt": [sampling.negative_prompt] * len(words) if guided else None,
            "guidance_scale": sampling.guidance,
            "generator": self.generators(seeds),
        }


def load_backbone(entry: Entry, device: str) -> StableDiffusion:
    """The base, warm. Raises BadModelSet for an inpainter's checkpoint."""
    backbone = load_inpainter(entry, device)
    if backbone.inpaints_only:
        raise BadModelSet(
            f"The {entry.role} {entry.repo or entry.path} is an inpainter: its UNet has {_INPAINT_CHANNELS} channels."
            " Name it as the inpainter, and a base as this role."
        )
    return backbone


def load_inpainter(entry: Entry, device: str) -> StableDiffusion:
    """An inpainter of 9 channels, or any base: with 4 channels what is kept is blended in at each step."""
    return StableDiffusion(entry, device)


def _sibling(kind: Any, parts: dict[str, Any]) -> Any:
    """Another pipeline over the same parts."""
    pipeline = kind(**parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
