"""What there is to know of a picture, as numbers: the place of each word in the world's lists."""

from collections.abc import Sequence

import torch
from torch import Tensor

from generation.world.scenes import COLOURS, CONTEXTS, FAMILIES, LIGHTS, PLAIN_PATTERNS, Scene, shown

# By attribute, its words. "second" is the second colour, which only a pattern shows for certain.
WORDS: dict[str, tuple[str, ...]] = {
    "family": FAMILIES,
    "colour": tuple(COLOURS),
    "pattern": PLAIN_PATTERNS,
    "second": tuple(COLOURS),
    "context": CONTEXTS,
    "light": LIGHTS,
}
UNSAID = -1  # no word: nothing is asked of the attribute, and nothing learnt


def words_of(scene: Scene) -> dict[str, str]:
    """The scene's word for each attribute, "" where its picture does not show one."""
    thing = shown(scene)
    return {
        "family": thing.family,
        "colour": thing.colour,
        "pattern": thing.pattern if thing.pattern in PLAIN_PATTERNS else "",
        "second": thing.second_colour if thing.pattern != "plain" else "",
        "context": scene.context,
        "light": scene.light,
    }


def places_of(words: dict[str, str]) -> list[int]:
    """The words' places in `WORDS`, attribute by attribute; UNSAID where there is none."""
    return [WORDS[name].index(words[name]) if words.get(name) else UNSAID for name in WORDS]


def labels_of(scenes: Sequence[Scene]) -> Tensor:
    """(n, attributes) of int64, in the order of `WORDS`."""
    return torch.tensor([places_of(words_of(scene)) for scene in scenes], dtype=torch.long).reshape(-1, len(WORDS))
