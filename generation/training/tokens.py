"""Tokens that stand for a product: rare ones that mean nothing, and why another will not do. No torch here.

`rare_tokens.txt` is made by `meaningless`: words of three or four letters that CLIP reads as one token, that are rare
(their number in its vocabulary, which is ordered by frequency, is 30,000 or more), that have no vowel and so are no
words of English, and that are not in `known_names.txt`: abbreviations, brands, teams, units and formats among them.
The rarest come first.
"""

import gzip
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from re import findall, search

from generation.exceptions import NotPossible
from generation.records import TokenScore

_HERE = Path(__file__).parent
RARE_FROM = 30_000  # number of a token: below it, whatever CLIP knows as one token is common enough to mean something
_WORDS = 49_152 - 256 - 2  # merges in CLIP's file; what follows them there is not used
_FIRST_MERGE = 512  # the number of the first merged token: before it are the bytes, alone and as ends of words
_VOWELS = "aeiouy"


@cache
def clip_numbers() -> dict[str, int]:
    """CLIP's whole words by their number, from the file that open_clip brings along; rarer ones have higher numbers."""
    found = find_spec("open_clip")
    if found is None or found.origin is None:
        raise NotPossible("open_clip is not installed, whose vocabulary says which words are rare; install it.")
    packed = (Path(found.origin).parent / "bpe_simple_vocab_16e6.txt.gz").read_bytes()
    merges = gzip.decompress(packed).decode().split("\n")[1 : _WORDS + 1]
    whole = {line.replace(" ", ""): _FIRST_MERGE + place for place, line in enumerate(merges)}
    return {word.removesuffix("</w>"): number for word, number in whole.items() if word.endswith("</w>")}


@cache
def known_names() -> frozenset[str]:
    """Short names that are rare in CLIP's vocabulary and still mean something."""
    return frozenset((_HERE / "known_names.txt").read_text().split())


def meaningless() -> list[str]:
    """The tokens of `rare_tokens.txt`, found anew from CLIP's vocabulary by the rule above."""
    found = [
        (number, word)
        for word, number in clip_numbers().items()
        if number >= RARE_FROM and 3 <= len(word) <= 4 and word.isascii() and word.isalpha()
        if not set(word) & set(_VOWELS) and len(set(word)) > 1 and word not in known_names()
    ]
    return [word for _, word in sorted(found, reverse=True)]


@cache
def rare_tokens() -> tuple[str, ...]:
    """The shipped list, rarest first."""
    return tuple((_HERE / "rare_tokens.txt").read_text().split())


def refusal(token: str, *, noun: str = "", title: str = "", nouns: Sequence[str] = ()) -> str:
    """Why a token cannot stand for this product, in one sentence; empty when it can.

    `nouns` are those of all product types. A word is what CLIP knows as one common token: its training captions are
    the dictionary, in whatever language. It reads rarer words in parts ("decanter"), or knows them as a rare token
    ("tumbler"), so what can be read aloud is no token either.
    """
    if not token.isascii() or not token.isalpha() or not 2 <= len(token) <= 12:
        return f"The token {token!r} is not 2 to 12 plain letters; use one such as {rare_tokens()[0]}."
    word = token.lower()
    reasons = {
        "is the name of a product type": word in _words_of(noun, *nouns),
        "is a word of the product's title": word in _words_of(title),
        "is a word that the model knows": clip_numbers().get(word, RARE_FROM) < RARE_FROM,
        "is a known name or abbreviation": word in known_names(),
        "can be read as a word": _readable(word),
    }
    reason = next((reason for reason, holds in reasons.items() if holds), "")
    return f"The token {token} {reason}; use one such as {rare_tokens()[0]}." if reason else ""


def candidates(count: int, seed: int, refuse: Callable[[str], str]) -> tuple[list[str], list[TokenScore]]:
    """`count` tokens to try, from the place in the list that the seed says, and those refused on the way.

    Products begin at different places, so that two of a catalogue seldom share a token.
    """
    tokens = rare_tokens()
    chosen: list[str] = []
    refused: list[TokenScore] = []
    for place in range(len(tokens)):
        token = tokens[(seed + place) % len(tokens)]
        reason = refuse(token)
        if reason:
            refused.append(TokenScore(token, None, 0, reason))
        else:
            chosen.append(token)
        if len(chosen) == count:
            break
    return chosen, refused


def _readable(word: str) -> bool:
    """Whether it has a vowel and, where it is short, no three consonants together: "vase" is, "ohwx" and "sks" not."""
    return bool(set(word) & set(_VOWELS)) and (len(word) > 4 or not search(rf"[^{_VOWELS}]{{3}}", word))


def _words_of(*texts: str) -> set[str]:
    return {word for text in texts for word in findall(r"[a-z]+", text.lower())}
