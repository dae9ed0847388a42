"""Product types in plain words: how a photo of one is asked for, and which others are truly others."""

from collections.abc import Iterable

# For counterfactuals where a catalogue has one type only: small things and large, soft and hard.
EVERYDAY = (
    "teapot", "pillow", "potted plant", "wooden box", "glass vase", "leather bag", "stack of books", "desk lamp",
    "wicker basket", "ceramic bowl", "toy car", "folded blanket",
)  # fmt: skip


def photo_of(noun: str) -> str:
    """The plain prompt of DreamBooth: "a photo of a mug", "a photo of an armchair"."""
    return f"a photo of {'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def others_than(noun: str, nouns: Iterable[str]) -> tuple[str, ...]:
    """Those that name another kind of thing, in order, each once; everyday things where none does.

    "office chair" is a chair, and so no other kind than "chair" or "dining chair".
    """
    own = _head(noun)
    others = tuple(dict.fromkeys(other for other in nouns if other.strip() and _head(other) != own))
    return others or tuple(thing for thing in EVERYDAY if _head(thing) != own)


def _head(noun: str) -> str:
    words = noun.lower().split()
    last = words[-1] if words else ""
    return last.removesuffix("s") if len(last) > 3 and not last.endswith("ss") else last
