"""Pictures in words: role captioner.

Family `blip` (arXiv 2201.12086, CPU-friendly, describes plainly) and `qwen-vl` (any vision-language model with a chat
template that transformers loads, Qwen3-VL's class first; does as the instruction says). Decoding is greedy or by
beams, so that the same picture gives the same words. Options: `tokens` (new ones at most), `beams` of BLIP, and
`pixels`, the picture's largest area for a VLM: its cost grows with it. Family `clip-words` is in `word_captioner.py`.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor, BlipForConditionalGeneration

from generation.checkpoints import word_captioner
from generation.checkpoints.loading import loaded
from generation.checkpoints.perceiving import loading_options
from generation.checkpoints.sets import Entry
from generation.checkpoints.weights import whole


class Blip:
    """A warm BLIP. It knows no instructions."""

    def __init__(self, model: Any, processor: Any, decoding: dict[str, Any]) -> None:
        self.model, self.processor, self.decoding = model, processor, decoding

    @torch.inference_mode()
    def describe(self, images: Sequence[Image.Image], instruction: str) -> list[str]:  # noqa: ARG002
        """One plain description per image."""
        if not images:
            return []
        pictures = [image.convert("RGB") for image in images]
        pixels = self.processor(images=pictures, return_tensors="pt")["pixel_values"]
        written = self.model.generate(pixels.to(self.model.device, self.model.dtype), **self.decoding)
        return [text.strip() for text in self.processor.batch_decode(written, skip_special_tokens=True)]


class VisionLanguage:
    """A warm vision-language model that answers instructions."""

    def __init__(self, model: Any, processor: Any, decoding: dict[str, Any], pixels: int) -> None:
        self.model, self.processor, self.decoding, self.pixels = model, processor, decoding, pixels

    @torch.inference_mode()
    def describe(self, images: Sequence[Image.Image], instruction: str) -> list[str]:
        """One answer per image."""
        if not images:
            return []
        talks = [
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image", "image": self._within(image)},
                        {"type": "text", "text": instruction},
                    ],
                }
            ]
            for image in images
        ]
        inputs = self.processor.apply_chat_template(
            talks,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True, "padding_side": "left"},  # answers begin where prompts end
        ).to(self.model.device, self.model.dtype)
        written = self.model.generate(**inputs, **self.decoding)[:, inputs["input_ids"].shape[1] :]
        return [text.strip() for text in self.processor.batch_decode(written, skip_special_tokens=True)]

    def _within(self, image: Image.Image) -> Image.Image:
        scale = sqrt(self.pixels / (image.width * image.height))
        picture = image.convert("RGB")
        if scale >= 1:
            return picture
        return picture.resize((max(int(image.width * scale), 1), max(int(image.height * scale), 1)))


def load(entry: Entry, device: torch.device) -> Blip | VisionLanguage | word_captioner.WordCaptioner:
    """The entry's captioner on a device. Raises CheckpointMissing, or BadModelSet for words that do not fit."""
    if entry.family == "clip-words":
        return word_captioner.load(entry, device)
    options = loading_options(entry)
    blip = entry.family == "blip"
    kind = BlipForConditionalGeneration if blip else AutoModelForImageTextToText
    model = loaded(entry, lambda: whole(kind, entry.path, **options))
    model.eval().requires_grad_(False).to(device)
    # BLIP has a Pillow processor; those of video-minded models need torchvision. Either way it is not left to chance.
    backend = "pil" if blip else "torchvision"
    processors: Any = AutoProcessor
    processor = loaded(entry, lambda: processors.from_pretrained(entry.path, local_files_only=True, backend=backend))
    decoding: dict[str, Any] = {"max_new_tokens": int(entry.options.get("tokens", 96)), "do_sample": False}
    if blip:
        return Blip(model, processor, {**decoding, "num_beams": int(entry.options.get("beams", 3))})
    return VisionLanguage(model, processor, decoding, int(entry.options.get("pixels", 768 * 768)))
