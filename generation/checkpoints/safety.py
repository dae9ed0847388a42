"""Image-safety filters: role safety, as SDXL, FLUX and Wan have none of their own.

`clip-concepts`: Stable Diffusion's own, 17 concepts and 3 special ones as CLIP embeddings with a cosine threshold each
(arXiv 2210.04610 describes it); the repo CompVis/stable-diffusion-safety-checker. 1.2 GB, states no licence of its own.
`image-classifier`: any transformers image classifier, such as Falconsai/nsfw_image_detection (ViT-B, 0.34 GB,
Apache-2.0): the one to take where the licence counts. Options: `unsafe` names its labels, `most` is their probability
above which an image is held back.
`closed-world`: passes everything, for a generator that has seen nothing but a rendered world of its own and so can draw
nothing else; its folder's `world.json` says `why`, and without that it does not load. Never for another generator.
"""

import json
from collections.abc import Sequence
from typing import Any

import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from transformers import AutoModelForImageClassification

from generation.checkpoints.loading import loaded
from generation.checkpoints.perceiving import Preprocessing, finite, loading_options, preprocessing_of
from generation.checkpoints.roles import SafetyVerdict
from generation.checkpoints.sets import Entry
from generation.checkpoints.weights import whole
from generation.exceptions import BadModelSet

SAFE = SafetyVerdict(True)
SPECIAL_CARE = 0.01  # by how much thresholds sink where a special concept was seen; diffusers' figure


class ClipConcepts:
    """A warm concept filter. `strictness` is added to each cosine: above 0 holds back more."""

    def __init__(self, model: Any, preprocessing: Preprocessing, strictness: float) -> None:
        self.model, self.preprocessing, self.strictness = model, preprocessing, strictness

    @torch.inference_mode()
    def check(self, images: Sequence[Image.Image]) -> list[SafetyVerdict]:
        """One verdict per image; the reason says by how much which concept's threshold was passed."""
        if not images:
            return []
        model = self.model
        pixels = self.preprocessing.tensor(images).to(model.concept_embeds.device, model.concept_embeds.dtype)
        rows = finite(model.visual_projection(model.vision_model(pixels).pooler_output))
        special = _cosines(rows, model.special_care_embeds) - model.special_care_embeds_weights.float()
        care = (special > -self.strictness).any(dim=1, keepdim=True) * SPECIAL_CARE
        over = _cosines(rows, model.concept_embeds) - model.concept_embeds_weights.float() + care + self.strictness
        worst, concept = over.max(dim=1)
        return [
            SafetyVerdict(False, f"unsafe content: concept {which} by {by:.3f} over its threshold") if by > 0 else SAFE
            for by, which in zip(worst.tolist(), concept.tolist(), strict=True)
        ]


class ImageClassifier:
    """A warm classifier, with the places of its unsafe labels."""

    def __init__(self, model: Any, preprocessing: Preprocessing, unsafe: Sequence[int], most: float) -> None:
        self.model, self.preprocessing, self.unsafe, self.most = model, preprocessing, list(unsafe), most

    @torch.inference_mode()
    def check(self, images: Sequence[Image.Image]) -> list[SafetyVerdict]:
        """One verdict per image; the reason has the unsafe labels' probability."""
        if not images:
            return []
        pixels = self.preprocessing.tensor(images).to(self.model.device, self.model.dtype)
        chances = finite(self.model(pixels).logits).float().softmax(dim=-1)[:, self.unsafe]
        labels = [str(self.model.config.id2label[index]) for index in self.unsafe]
        verdicts = []
        for row in chances.tolist():
            chance, label = max(zip(row, labels, strict=True))
            verdicts.append(
                SafetyVerdict(False, f"unsafe content: {label}, {chance:.0%} sure") if sum(row) > self.most else SAFE
            )
        return verdicts


class ClosedWorld:
    """What passes all, and why."""

    def __init__(self, why: str) -> None:
        self.why = why

    def check(self, images: Sequence[Image.Image]) -> list[SafetyVerdict]:
        """Safe, each of them."""
        return [SAFE for _ in images]


def load(entry: Entry, device: torch.device) -> ClipConcepts | ImageClassifier | ClosedWorld:
    """The entry's filter on a device. Raises CheckpointMissing or BadModelSet."""
    if entry.family == "closed-world":
        return _closed_world(entry)
    options = loading_options(entry)
    kind = StableDiffusionSafetyChecker if entry.family == "clip-concepts" else AutoModelForImageClassification
    model = loaded(entry, lambda: whole(kind, entry.path, **options))
    model.eval().requires_grad_(False).to(device)
    if entry.family == "clip-concepts":
        return ClipConcepts(model, preprocessing_of(entry), float(entry.options.get("strictness", 0.0)))
    unsafe = _places(model.config.label2id, entry.options.get("unsafe", ["nsfw"]))
    return ImageClassifier(model, preprocessing_of(entry), unsafe, float(entry.options.get("most", 0.5)))


def _closed_world(entry: Entry) -> ClosedWorld:
    told: dict[str, Any] = loaded(entry, lambda: json.loads((entry.path / "world.json").read_text("utf-8")))
    why = str(told.get("why", "")).strip()
    if not why:
        raise BadModelSet(
            f"{entry.path / 'world.json'} does not say why all that is drawn is safe; write it, or set a filter."
        )
    return ClosedWorld(why)


def _places(labels: dict[str, int], unsafe: Sequence[str]) -> list[int]:
    unknown = [label for label in unsafe if label not in labels]
    if unknown:
        raise BadModelSet(f"The safety classifier has no label {unknown[0]!r}; its labels are {', '.join(labels)}.")
    return [labels[label] for label in unsafe]


def _cosines(rows: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """(n, m) in float32."""
    normalise = torch.nn.functional.normalize
    return normalise(rows.float(), dim=-1) @ normalise(others.float(), dim=-1).T
