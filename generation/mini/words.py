"""The set's words: a CLIPTokenizer of the world's captions, and how captions are varied in training.

Byte-pair merges are found until each word of the list is one token, so that a caption is short; any other word is
spelled in pieces, down to bytes. The rare tokens that fine-tuning may give to a product are words of the list, too,
and stand in captions now and then, so that they mean nothing yet.
"""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from generation.training.tokens import rare_tokens
from generation.world.captions import caption
from generation.world.scenes import COLOURS, CONTEXTS, FAMILIES, LIGHTS, MARKS, MATERIALS, OCCLUDERS, PATTERNS, Scene

LENGTH = 32  # tokens of a prompt, with those at both ends
_STARTS, _ENDS, _STOP = "<|startoftext|>", "<|endoftext|>", "</w>"
_JOINING = "a an and at behind by close front from in near of on partly photo picture product the under up view with"
_PIPES: Any = CLIPTokenizer  # its methods have no types
_TEXT: Any = CLIPTextModel


def world_words() -> list[str]:
    """Every word that a caption may have, sorted, and the rare tokens."""
    named = (*FAMILIES, *COLOURS, *PATTERNS, *MATERIALS, *MARKS, *CONTEXTS, *LIGHTS, *OCCLUDERS, _JOINING)
    return sorted({word for text in named for word in text.lower().split()} | set(rare_tokens()))


def merges_for(words: Sequence[str]) -> list[tuple[str, str]]:
    """The byte-pair merges, commonest pair first (then by letters), after which each of the words is one piece."""
    pieces = [[*word[:-1], word[-1] + _STOP] for word in words]
    merges: list[tuple[str, str]] = []
    while any(len(parts) > 1 for parts in pieces):
        pairs = Counter(pair for parts in pieces for pair in pairwise(parts))
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        pieces = [_merged(parts, best) for parts in pieces]
    return merges


def tokenizer_of(words: Sequence[str], length: int = LENGTH) -> Any:
    """A CLIPTokenizer that reads each of the words as one token, and all else in pieces."""
    merges = merges_for(words)
    symbols = _byte_letters()
    pieces = [*symbols, *(symbol + _STOP for symbol in symbols), *dict.fromkeys(a + b for a, b in merges)]
    vocabulary = {piece: number for number, piece in enumerate((*dict.fromkeys(pieces), _STARTS, _ENDS))}
    return _PIPES(vocab=vocabulary, merges=merges, model_max_length=length)


def text_encoder_of(tokenizer: Any, *, width: int, layers: int, heads: int = 4) -> Any:
    """A CLIPTextModel by chance, for that tokenizer."""
    return _TEXT(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            max_position_embeddings=tokenizer.model_max_length,
            projection_dim=width,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def numbers_of(tokenizer: Any, prompts: Sequence[str]) -> Tensor:
    """(n, length) token numbers, filled up and cut as Stable Diffusion's pipelines do it."""
    asked = tokenizer(
        list(prompts),
        padding="max_length",
        max_length=tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    )
    numbers: Tensor = asked.input_ids
    return numbers


def prompts_of(scenes: Sequence[Scene], generator: torch.Generator) -> list[str]:
    """A caption for each scene; some left empty (for guidance), shortened, or with a rare token for a name."""
    draws = torch.rand(len(scenes), 2, generator=generator).tolist()
    return [_varied(scene, kind, which) for scene, (kind, which) in zip(scenes, draws, strict=True)]


def _varied(scene: Scene, kind: float, which: float) -> str:
    whole = caption(scene)
    if kind < 0.10:
        return ""
    if kind < 0.20:
        return whole.rsplit(",", 1)[0]  # the light is left out
    if kind < 0.25:
        return caption(scene, scene.thing.family)
    if kind < 0.30:
        tokens = rare_tokens()
        return caption(scene, f"{tokens[int(which * len(tokens))]} {scene.thing.family}")
    return whole


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Writes the folder `tokenizer` of a pipeline, with the vocabulary and merges as files of their own, too."""
    tokenizer.save_pretrained(folder)
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))


def _merged(parts: list[str], pair: tuple[str, str]) -> list[str]:
    made: list[str] = []
    for part in parts:
        if made and (made[-1], part) == pair:
            made[-1] += part
        else:
            made.append(part)
    return made


def _byte_letters() -> list[str]:
    """A letter for each byte, as GPT-2's byte level has it: printable ones stand for themselves."""
    own = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in own]
    return [chr(byte) for byte in own] + [chr(256 + place) for place in range(len(others))]
