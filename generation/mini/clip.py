"""The set's CLIP: an open_clip custom configuration with a small residual network and a text tower of two layers.

Trained on renders and captions (arXiv 2103.00020, figure 3), but with what a render's parameters allow: captions that
leave something out and captions with one word wrong are in each batch, and of each caption it is known which of the
batch's pictures it is true of, so that both directions of the loss have all right answers as their target.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordLevel
from tokenizers.processors import TemplateProcessing
from torch import Generator, Tensor, nn
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from generation.mini import augmenting, wording
from generation.mini.attributes import UNSAID, labels_of
from generation.mini.renders import Renders
from generation.mini.training import Numbers, Plan, batch_of
from generation.world.captions import MATERIAL_WORDS, PLACES
from generation.world.scenes import COLOURS, FAMILIES, LIGHTS, MARKS, OCCLUDERS, PATTERNS, PLAIN_PATTERNS

CONTEXT = 32  # tokens
EMBEDDING = 128
VISION: dict[str, Any] = {"image_size": 64, "layers": [1, 1, 1, 1], "width": 24, "head_width": 64}
TEXT: dict[str, Any] = {"context_length": CONTEXT, "width": 96, "heads": 4, "layers": 2}
PLAN = Plan(steps=1200, batch=64, rate=2e-3, warmup=100, decay_from=0.3, weight_decay=0.05, average=0.99)
WRONG = 2  # captions with a word wrong, for each picture
ALONE = 0.2  # share of products cut out, as the segmented metrics show them
HIDDEN = -2  # the place and light of a cut-out: no caption that says one is right
_TOKENIZER: Any = PreTrainedTokenizerFast  # its methods have no types
_SPECIAL = ("<pad>", "<unk>", "<s>")


def words() -> tuple[str, ...]:
    """Every word that a caption of the world may have, and the comma."""
    lists = (FAMILIES, COLOURS, PATTERNS, LIGHTS, MARKS, OCCLUDERS, PLACES.values(), MATERIAL_WORDS.values())
    told = " ".join(["a an photo of and with partly behind ,", *(" ".join(each) for each in lists)])
    return tuple(dict.fromkeys(told.split()))


def tokenizer() -> Any:
    """A token a word. The end has the highest number: open_clip looks for a text's row there."""
    names = [*_SPECIAL, *words(), "</s>"]
    made = Tokenizer(WordLevel({name: place for place, name in enumerate(names)}, unk_token=_SPECIAL[1]))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [(name, names.index(name)) for name in ("<s>", "</s>")]
    made.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    roles = dict(zip(("pad_token", "unk_token", "bos_token"), _SPECIAL, strict=True))
    return _TOKENIZER(tokenizer_object=made, model_max_length=CONTEXT, eos_token=names[-1], **roles)


def configuration() -> dict[str, Any]:
    """What `open_clip_config.json` says."""
    text = {**TEXT, "vocab_size": len(words()) + len(_SPECIAL) + 1, "hf_tokenizer_name": "mini"}
    preprocessing = {
        "mean": list(augmenting.MEAN), "std": list(augmenting.STD), "interpolation": "bicubic",
        "resize_mode": "shortest",
    }  # fmt: skip
    return {
        "model_cfg": {"embed_dim": EMBEDDING, "vision_cfg": dict(VISION), "text_cfg": text},
        "preprocess_cfg": preprocessing,
    }


def build_clip() -> Any:
    """Random weights."""
    return open_clip.CLIP(**configuration()["model_cfg"])


class ClipTask:
    """Renders with captions that say all or some of them; more with one word wrong."""

    def __init__(self, data: Renders) -> None:
        torch.manual_seed(0)
        self.model = build_clip()
        self.modules: Mapping[str, nn.Module] = {"clip": self.model}
        self.data, self.labels = data, labels_of(data.scenes)
        self.tokenizer = tokenizer()

    def loss(self, step: int, plan: Plan, generator: Generator) -> tuple[Tensor, Numbers]:
        places = batch_of(len(self.data), plan, step)
        alone = torch.rand(len(places), generator=generator) < ALONE
        labels = self.labels[places].clone()
        labels[alone, wording.CONTEXT :] = HIDDEN
        known, half = labels.clamp(min=UNSAID), len(places) // 2
        told = torch.cat([known[:half], wording.shortened(known[half:], generator)])
        wrong = [wording.falsified(known, generator) for _ in range(WRONG)]
        claims = torch.cat([told, *wrong])
        tokens = self._tokens(wording.written(claims, generator))
        with torch.autocast("cpu", torch.bfloat16):
            rows = self.model.encode_image(self._pictures(places, alone, generator))
            texts = self.model.encode_text(tokens)
        logits = _cosines(rows, texts) * self.model.logit_scale.exp().clamp(max=50)
        true = wording.true_of(claims, labels).T  # (pictures, captions)
        loss = _spread_loss(logits, true) + _spread_loss(logits.T, true.T)
        right = true.gather(1, logits.argmax(1, keepdim=True)).float().mean()
        return loss / 2, {"right": float(right)}

    def settings(self) -> dict[str, Any]:
        return {"clip": configuration()}

    def _pictures(self, places: Tensor, alone: Tensor, generator: Generator) -> Tensor:
        images = augmenting.normalised(self.data.images[places])
        cut = augmenting.cut_outs(images, augmenting.shares(self.data.masks[places]))
        moved = augmenting.seen(images, augmenting.frames(len(places), generator))
        return augmenting.spoilt(torch.where(alone.view(-1, 1, 1, 1), cut, moved), generator, blurred=0.4)

    def _tokens(self, texts: list[str]) -> Tensor:
        made = self.tokenizer(texts, return_tensors="pt", max_length=CONTEXT, padding="max_length", truncation=True)
        tokens: Tensor = made["input_ids"]
        return tokens


def write_clip(model: Any, folder: Path) -> None:
    """A folder as open_clip's on the hub are: configuration, tokenizer, weights in half precision; and the captioner's
    words."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer().save_pretrained(folder)
    (folder / "open_clip_config.json").write_text(json.dumps(configuration(), indent=2) + "\n")
    (folder / "captions.json").write_text(json.dumps(caption_words(), indent=2) + "\n")
    tensors = {
        key: value.half().contiguous() if value.is_floating_point() else value
        for key, value in model.state_dict().items()
    }
    save_file(tensors, folder / "open_clip_model.safetensors", metadata={"format": "pt"})


def caption_words() -> dict[str, Any]:
    """The captioner's sentence and the words that may stand in it (`checkpoints/word_captioner.py`)."""
    patterned = [
        f"{colour} and {second} {pattern}"
        for colour in COLOURS
        for second in COLOURS
        for pattern in PLAIN_PATTERNS[1:]
        if second != colour
    ]
    slots = {
        "family": list(FAMILIES),
        "look": [*COLOURS, *patterned],
        "place": list(PLACES.values()),
        "light": list(LIGHTS),
    }
    return {"sentence": "a photo of {a} {look} {family} {place}, {light}", "slots": slots}


def _cosines(rows: Tensor, texts: Tensor) -> Tensor:
    return functional.normalize(rows.float(), dim=-1) @ functional.normalize(texts.float(), dim=-1).T


def _spread_loss(logits: Tensor, true: Tensor) -> Tensor:
    """Cross-entropy of rows whose target is shared evenly by all that is true of them; others are left out."""
    share = true / true.sum(1, keepdim=True).clamp(min=1)
    each = -(share * logits.log_softmax(1)).sum(1)
    return each.sum() / true.any(1).sum().clamp(min=1)
