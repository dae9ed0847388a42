"""Captions that say all, some or something wrong of a picture, with what they claim: what CLIP is trained on.

A claim is a row of places in `attributes.WORDS`, UNSAID where the caption is silent. What a caption is true of follows
from claims alone, so that a batch needs no guess which of its other captions fit a picture, too.
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from generation.mini.attributes import UNSAID, WORDS
from generation.world.captions import PLACES, article

NAMES = tuple(WORDS)
FAMILY, COLOUR, PATTERN, SECOND, CONTEXT, LIGHT = range(len(NAMES))
PLAIN = WORDS["pattern"].index("plain")
UNKNOWN_SHARE = 0.06  # of captions that say a word the set does not know: it learns to make nothing of it
STRANGE = ("wonderful", "handmade", "new", "old", "big", "sks")


def worded(claim: Sequence[int], *, photo: bool = True, extra: str = "") -> str:
    """The caption of a claim, as the world's own are written; `extra` is an adjective that claims nothing."""
    said = {name: WORDS[name][place] if place != UNSAID else "" for name, place in zip(NAMES, claim, strict=True)}
    words = [extra, said["colour"]]
    if said["second"]:
        words += ["and", said["second"], said["pattern"]]
    phrase = " ".join(word for word in (*words, said["family"]) if word)
    start = f"a photo of {article(phrase)} {phrase}" if photo else f"{article(phrase)} {phrase}"
    place = f" {PLACES[said['context']]}" if said["context"] else ""
    light = f", {said['light']}" if said["light"] else ""
    return f"{start}{place}{light}"


def true_of(claims: Tensor, labels: Tensor) -> Tensor:
    """(claims, pictures) of bool: which claims hold for which labels."""
    asked, shown = claims[:, None], labels[None]
    return ((asked == UNSAID) | (asked == shown)).all(-1)


def shortened(labels: Tensor, generator: Generator) -> Tensor:
    """Claims that leave out some of what the labels say: the family is always said, and a pattern with its colours."""
    draws = torch.rand(len(labels), 3, generator=generator)
    claims = labels.clone()
    look = draws[:, 0] < 0.35
    claims[look, COLOUR] = claims[look, PATTERN] = claims[look, SECOND] = UNSAID
    claims[draws[:, 1] < 0.4, CONTEXT] = UNSAID
    claims[draws[:, 2] < 0.5, LIGHT] = UNSAID
    return claims


def falsified(labels: Tensor, generator: Generator) -> Tensor:
    """Claims that say all, one word of it wrong."""
    claims = labels.clone()
    for row, number in enumerate(torch.randint(0, len(NAMES), (len(labels),), generator=generator).tolist()):
        # Where there is no second colour to be wrong about, the first one is.
        place = COLOUR if claims[row, number] == UNSAID else number
        count = len(WORDS[NAMES[place]])
        step = int(torch.randint(1, count, (1,), generator=generator))
        claims[row, place] = (claims[row, place] + step) % count
        if place == PATTERN:
            _mend_pattern(claims[row], generator)
        if claims[row, SECOND] == claims[row, COLOUR]:
            claims[row, COLOUR if place == SECOND else SECOND] = (claims[row, COLOUR] + 1) % len(WORDS["colour"])
    return claims


def written(claims: Tensor, generator: Generator) -> list[str]:
    """The captions of claims; some without "a photo of", some with a word that means nothing here."""
    draws = torch.rand(len(claims), 2, generator=generator)
    texts = []
    for claim, (photo, strange) in zip(claims.tolist(), draws.tolist(), strict=True):
        extra = STRANGE[int(strange / UNKNOWN_SHARE * len(STRANGE))] if strange < UNKNOWN_SHARE else ""
        texts.append(worded(claim, photo=photo < 0.8, extra=extra))
    return texts


def _mend_pattern(claim: Tensor, generator: Generator) -> None:
    """A pattern has a second colour, and none has none."""
    if claim[PATTERN] == PLAIN:
        claim[SECOND] = UNSAID
    elif claim[SECOND] == UNSAID:
        step = int(torch.randint(1, len(WORDS["colour"]), (1,), generator=generator))
        claim[SECOND] = (claim[COLOUR] + step) % len(WORDS["colour"])
