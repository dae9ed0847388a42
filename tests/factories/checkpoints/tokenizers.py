"""Tokenizers that are built offline: CLIP's own, from the vocabulary that open_clip ships, and byte-level ones."""

import gzip
from functools import cache
from pathlib import Path

from open_clip.tokenizer import bytes_to_unicode, default_bpe
from transformers import CLIPTokenizer, Qwen2Tokenizer, T5Tokenizer

CLIP_START, CLIP_END = 49406, 49407
CLIP_WORDS = 49408
# Roles in turn, and an assistant's empty thoughts, as the real template writes them.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@cache
def clip_words() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """CLIP's vocabulary and merges, equal to those of every Stable Diffusion."""
    lines = gzip.decompress(Path(default_bpe()).read_bytes()).decode().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : CLIP_WORDS - 2 * 256 - 2 + 1]]
    letters = list(bytes_to_unicode().values())
    words = [*letters, *(letter + "</w>" for letter in letters), *("".join(merge) for merge in merges)]
    return {word: place for place, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}, merges


def clip_tokenizer(pad: str = "<|endoftext|>") -> CLIPTokenizer:
    """As of SD; SDXL's second one pads with "!"."""
    vocabulary, merges = clip_words()
    return CLIPTokenizer(vocab=vocabulary, merges=merges, pad_token=pad, model_max_length=77)


def byte_words(specials: list[str]) -> dict[str, int]:
    """A byte-level vocabulary: every text has tokens, one a byte."""
    return {word: place for place, word in enumerate([*bytes_to_unicode().values(), *specials])}


def qwen_tokenizer() -> Qwen2Tokenizer:
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Qwen2Tokenizer(vocab=byte_words(specials), merges=[], model_max_length=512)
    tokenizer.add_special_tokens({"additional_special_tokens": specials[1:]})
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def t5_tokenizer() -> T5Tokenizer:
    """A unigram one over single letters."""
    letters = [(chr(code), -3.0) for code in range(33, 127)]
    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *letters]
    return T5Tokenizer(vocab=words, extra_ids=0, model_max_length=128)
