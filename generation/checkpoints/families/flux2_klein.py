"""FLUX.2-klein: one transformer that draws from words, fills masks, and draws products from reference photos.

Adapters are trained on *base* and served on the distilled checkpoint, which knows no guidance and needs 4 steps.
"""

from collections.abc import Sequence
from typing import Any

from diffusers import Flux2KleinInpaintPipeline, Flux2KleinPipeline

from generation.checkpoints.families.backbone import WarmBackbone, mask_image
from generation.checkpoints.families.warm import Pixels, load_pipeline, size_of
from generation.checkpoints.roles import Check, Edit, Filling, Sampling
from generation.checkpoints.sets import Entry
from generation.exceptions import NotPossible

TEXT_TOKENS = 512  # that prompts are padded to, unless the entry's option `text_tokens` says otherwise
LATENTS_A_SIDE = 128
_INPAINT: Any = Flux2KleinInpaintPipeline  # its methods have no types


class Flux2Klein(WarmBackbone):
    """One checkpoint, base or distilled, in all three roles."""

    components = ("transformer",)
    # Double blocks name their output `to_out.0`, single blocks `to_out`.
    standing = (
        "to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out",
        "to_qkv_mlp_proj", "to_out",
    )  # fmt: skip

    def __init__(self, entry: Entry, device: str) -> None:
        pipeline = load_pipeline(Flux2KleinPipeline, entry)
        self.multiple = 2 * pipeline.vae_scale_factor  # latents are packed two by two
        self.side = entry.side or LATENTS_A_SIDE * pipeline.vae_scale_factor
        self.text_tokens = int(entry.options.get("text_tokens", TEXT_TOKENS))
        super().__init__(pipeline, entry, device)
        self.distilled = bool(pipeline.config.is_distilled)
        self._inpaint = _INPAINT(**pipeline.components, is_distilled=self.distilled)
        self._inpaint.set_progress_bar_config(disable=True)
        self.token_limit = self.text_tokens - len(self._chat(""))

    def token_count(self, prompt: str) -> int:
        """Tokens of the prompt without those of the chat around it."""
        return len(self.pipeline.tokenizer(prompt, add_special_tokens=False).input_ids)

    def solver(self, name: str, current: Any) -> Any:
        """Its own flow-matching scheduler. Raises NotPossible for those of Stable Diffusion."""
        if name != "default":
            raise NotPossible(f"flux2-klein draws with its own scheduler, not {name}; set the scheduler to default.")
        return super().solver(name, current)

    def _edit(self, edits: Sequence[Edit], sampling: Sampling, check: Check) -> Pixels:
        width, height = size_of(sampling, self.side, self.multiple)
        words = [edit.prompt for edit in edits]
        seeds = [edit.seed for edit in edits]
        told = self._told(words, seeds, sampling)
        references = [reference.convert("RGB") for reference in edits[0].references]
        pixels: Pixels = self.call(
            self.pipeline, sampling, check, image=references, width=width, height=height, **told
        ).images
        return pixels

    def _fill(self, fillings: Sequence[Filling], sampling: Sampling, check: Check) -> Pixels:
        # The pipeline scales pictures above its native area down by itself; `fill` brings them back to their size.
        words = [filling.prompt for filling in fillings]
        seeds = [filling.seed for filling in fillings]
        width, height = fillings[0].image.size
        pixels: Pixels = self.call(
            self._inpaint,
            sampling,
            check,
            image=[filling.image for filling in fillings],
            mask_image=[mask_image(filling) for filling in fillings],
            strength=1.0,
            width=width,
            height=height,
            **self._told(words, seeds, sampling),
        ).images
        return pixels

    def _told(self, words: list[str], seeds: list[int], sampling: Sampling) -> dict[str, Any]:
        guidance = 1.0 if self.distilled else sampling.guidance
        told: dict[str, Any] = {
            "prompt": words,
            "guidance_scale": guidance,
            "generator": self.generators(seeds),
            "max_sequence_length": self.text_tokens,
        }
        if guidance > 1 and sampling.negative_prompt:
            told["negative_prompt_embeds"] = self.pipeline.encode_prompt(
                [sampling.negative_prompt] * len(words), max_sequence_length=self.text_tokens
            )[0]
        return told

    def _chat(self, prompt: str) -> list[int]:
        messages = [{"role": "user", "content": prompt}]
        text = self.pipeline.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        ids: list[int] = self.pipeline.tokenizer(text).input_ids
        return ids


def load_backbone(entry: Entry, device: str) -> Flux2Klein:
    """Base or distilled, warm."""
    return Flux2Klein(entry, device)


def load_inpainter(entry: Entry, device: str) -> Flux2Klein:
    """The same model: it fills masks as well."""
    return Flux2Klein(entry, device)
