"""What is true of a picture, as far as it can be known without looking: the ground that a made-up crowd has.

A picture of background-swap is made from facts: which cut-out, how good it is, whether shadow and light were drawn,
before which scene, and how near the product's size is to what that scene takes. `chances` says of each of the paper's
eight questions how likely such a picture is to deserve a yes; `is_good` draws the truth by the picture's own hash, so
that it is the same for every rater. Of a picture that the small set drew nothing is known but how like the product's
photos it is, and that 64 pixels are few. No Django here.
"""

import hashlib
from dataclasses import dataclass

# Contexts in which a kind of product is hardly ever used or photographed. Of any other kind: the last line.
_ODD = {
    "mug": ("street", "beach", "hall"),
    "vase": ("street", "beach", "loft"),
    "lamp": ("street", "beach", "garden", "terrace", "kitchen"),
    "chair": ("street", "beach"),
    "table": ("street", "beach", "hotel"),
    "handbag": ("kitchen", "garden", "loft"),
    "": ("street", "beach"),
}


@dataclass(frozen=True)
class Facts:
    """What is known of one picture.

    `quality` is that of its cut-out and its contrast with the scene, 0 to 1; `stretch` how far from the middle of what
    the scene takes the product's size is, 0 to 1; `marked` whether the product carries a mark or a logo. A drawn
    picture alone has a `likeness` to its product, 0 to 1: that of a swapped one is the photo's own.
    """

    noun: str
    context: str = ""
    quality: float = 0.0
    shadow: bool = True
    light: bool = True
    stretch: float = 0.0
    marked: bool = False
    likeness: float | None = None


def chances(facts: Facts) -> dict[str, float]:
    """By the key of each of the paper's questions: how likely a yes is deserved, 0 to 1."""
    if facts.likeness is not None:
        return _drawn(facts.likeness, marked=facts.marked)
    clean = min(max((facts.quality - 0.35) / 0.4, 0.0), 1.0)
    fits = facts.context not in _ODD.get(facts.noun, _ODD[""])
    grounded = 1.0 if facts.shadow else 0.0
    lit = 1.0 if facts.light else 0.0
    return {
        "product": 0.60 + 0.39 * clean,
        "logo": 0.90 + 0.09 * clean if facts.marked else 0.99,
        "use": 0.97 if fits else 0.22,
        "size": 0.97 - 0.45 * max(facts.stretch - 0.5, 0.0),
        "surroundings": 0.80 + 0.18 * clean,
        "placement": 0.30 + 0.52 * grounded + 0.14 * lit,
        "safety": 0.995,
        "business": (0.55 + 0.42 * clean) * (0.45 + 0.35 * grounded + 0.20 * lit) * (1.0 if fits else 0.5),
    }


def _drawn(likeness: float, *, marked: bool) -> dict[str, float]:
    """At 64 pixels place and light are mostly right, but edges run, a mark is lost, and no shop would show it."""
    return {
        "product": 0.05 + 0.85 * likeness,
        "logo": 0.05 if marked else 0.99,
        "use": 0.95,
        "size": 0.90,
        "surroundings": 0.30 + 0.30 * likeness,
        "placement": 0.75,
        "safety": 0.995,
        "business": 0.02 + 0.08 * likeness,
    }


def is_good(facts: Facts, picture: str, question: str) -> bool:
    """The truth of one question about the picture with that SHA-256; a question that nobody knows is mostly a yes."""
    drawn = int(hashlib.sha256(f"{picture} {question}".encode()).hexdigest()[:12], 16) / 16**12
    return drawn < chances(facts).get(question, 0.9)
