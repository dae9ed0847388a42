"""The campaign's order of images, by chance and seed: products shuffled, and within each its methods interleaved.

Raters see no method; with images of several methods dealt in turn, none is always seen first, and none is seen only
when raters are tired.
"""

import random
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def interleaved(items: Sequence[Item], places: Sequence[tuple[Hashable, Hashable]], seed: int) -> list[Item]:
    """The items in an order that depends on the seed alone; `places` are the (product, method) of each.

    Images of a product follow one another, in rounds: each round holds one image of every method that has any left,
    in an order by chance. So among the first n images of a product two methods of equal size differ by one at most.
    """
    chance = random.Random(seed)  # noqa: S311 - an order that can be repeated, no secret
    products: dict[Hashable, dict[Hashable, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for item, (product, method) in zip(items, places, strict=True):
        products[product][method].append(item)
    order = list(products)
    chance.shuffle(order)
    return [item for product in order for item in _rounds(products[product].values(), chance)]


def _rounds(methods: Iterable[list[Item]], chance: random.Random) -> list[Item]:
    piles = [chance.sample(pile, len(pile)) for pile in methods]
    dealt: list[Item] = []
    while piles:
        chance.shuffle(piles)
        dealt += [pile.pop() for pile in piles]
        piles = [pile for pile in piles if pile]
    return dealt


def is_gold_turn(number: int, share: float, seed: int, rater: int) -> bool:
    """Whether a rater's image of this number (from 0) is a gold item: one in each 1 / share images, anywhere in it.

    Which one differs per rater and block, so that no rhythm gives gold items away.
    """
    if share <= 0:
        return False
    block = int(number * share)
    first = _first_of(block, share)
    size = _first_of(block + 1, share) - first
    chance = random.Random(f"{seed}/{rater}/{block}")  # noqa: S311 - as above
    return number - first == chance.randrange(size)


def _first_of(block: int, share: float) -> int:
    """The first number whose int(number * share) is this block."""
    number = int(block / share)
    while int(number * share) < block:
        number += 1
    while number and int((number - 1) * share) >= block:
        number -= 1
    return number


def turn(rater: int, task: int) -> int:
    """A number by which each rater sorts equal tasks differently (Knuth's multiplicative hash)."""
    return ((task + 1) * (2 * rater + 1) * 2654435761) % 2**32
