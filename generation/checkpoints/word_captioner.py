"""Captions out of a list of words, by whichever CLIP knows them: role captioner, family `clip-words`.

For a small CLIP of a small world. Its folder is a CLIP's (`clip.py`) with one file more, `captions.json`: a `sentence`
with the names of `slots` in brackets, and each slot's words. The slots are filled one after the other with what makes
the sentence most like the picture, keeping the few best sentences on the way; what is not filled yet is left out.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image

from generation.checkpoints import clip
from generation.checkpoints.loading import loaded
from generation.checkpoints.roles import Clip, Embeddings
from generation.checkpoints.sets import Entry
from generation.exceptions import BadModelSet

FILE = "captions.json"
KEPT = 3  # sentences, from slot to slot
TEXTS_AT_ONCE = 256


@dataclass(frozen=True)
class Words:
    """A sentence such as "a photo of {a} {look} {noun} {place}", and by slot, in the order of filling, its words.

    `{a}` is the article that suits the word behind it.
    """

    sentence: str
    slots: dict[str, tuple[str, ...]]

    def said(self, filled: dict[str, str]) -> str:
        """The sentence with these slots filled and the others left out."""
        text = re.sub(r"\{(\w+)\}", lambda found: "{a}" if found[1] == "a" else filled.get(found[1], ""), self.sentence)
        tidy = re.sub(r" +(?=,|$)", "", re.sub(r" {2,}", " ", text)).rstrip(", ")
        return re.sub(r"\{a\} (\w)", lambda found: f"{'an' if found[1] in 'aeiou' else 'a'} {found[1]}", tidy)


@dataclass
class WordCaptioner:
    """A warm captioner. It knows no instructions."""

    clip: Clip
    words: Words
    rows: dict[str, Embeddings] = field(default_factory=dict)  # of texts that were compared before

    def describe(self, images: Sequence[Image.Image], instruction: str) -> list[str]:  # noqa: ARG002
        """One caption per image."""
        return [self._caption(row) for row in self.clip.images(images)] if images else []

    def _caption(self, row: Embeddings) -> str:
        kept: list[dict[str, str]] = [{}]
        for slot, choices in self.words.slots.items():
            tried = [{**filled, slot: choice} for filled in kept for choice in choices]
            likeness = self._rows([self.words.said(filled) for filled in tried]) @ row
            kept = [tried[place] for place in np.argsort(-likeness, kind="stable")[:KEPT]]
        return self.words.said(kept[0])

    def _rows(self, texts: Sequence[str]) -> Embeddings:
        new = [text for text in dict.fromkeys(texts) if text not in self.rows]
        for start in range(0, len(new), TEXTS_AT_ONCE):
            some = new[start : start + TEXTS_AT_ONCE]
            self.rows.update(zip(some, self.clip.texts(some), strict=True))
        return np.stack([self.rows[text] for text in texts])


def load(entry: Entry, device: torch.device) -> WordCaptioner:
    """The entry's captioner on a device. Raises CheckpointMissing or BadModelSet."""
    told: dict[str, Any] = loaded(entry, lambda: json.loads((entry.path / FILE).read_text("utf-8")))
    return WordCaptioner(clip.load(entry, device), _words(told, entry))


def _words(told: dict[str, Any], entry: Entry) -> Words:
    words = Words(str(told.get("sentence", "")), {name: tuple(some) for name, some in told.get("slots", {}).items()})
    named = set(re.findall(r"\{(\w+)\}", words.sentence)) - {"a"}
    if not named or named != set(words.slots) or not all(words.slots.values()):
        raise BadModelSet(
            f"{entry.path / FILE} has the sentence {words.sentence!r} and words for"
            f" {', '.join(words.slots) or 'nothing'}; it needs some words for each name in brackets, and no others."
        )
    return words
