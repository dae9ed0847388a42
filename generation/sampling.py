"""Choose prompts, seeds and other nouns for a product: the same choice whenever product and seed are the same.

Everything is drawn by hash, never by order or time, so that one more prompt in the bank changes few choices. Targets
come from one end of a product's own order of the bank and training contexts from the other: the two meet only in a
bank that is too small for both.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from generation.recipe import GenerateConfig, NewContextsConfig, NovelViewsConfig
from generation.records import Backdrop, TargetPrompt

LARGEST_SEED = 2**31 - 1
OTHER_NOUNS = 12


@dataclass(frozen=True)
class Draw:
    """Who draws: a product by its name in the world ("shop/4711"), the run's seed, and the tier of its method."""

    product: str
    seed: int
    tier: int = 0

    def order(self, texts: Iterable[str], purpose: str) -> list[str]:
        """The texts, each once, in an order of this draw's own; tiers share it."""
        return sorted(set(texts), key=lambda text: _hash(self.product, self.seed, purpose, text))


def targets(bank: Iterable[str], config: GenerateConfig, draw: Draw) -> tuple[TargetPrompt, ...]:
    """As many targets as the config has candidates, over at most `config.prompts` different prompts, each its seed.

    A prompt comes again, with another seed, only when all others had their turn. Empty for an empty bank.
    """
    chosen = draw.order(bank, "prompts")[: config.prompts]
    if not chosen:
        return ()
    rounds = [(index // len(chosen), chosen[index % len(chosen)]) for index in range(config.candidates)]
    return tuple(TargetPrompt(text, seed_of(draw, text, number)) for number, text in rounds)


def swap_targets(backdrops: Iterable[Backdrop], config: GenerateConfig, draw: Draw) -> tuple[TargetPrompt, ...]:
    """As many targets as the config has candidates, over at most `config.prompts` backgrounds; empty without any."""
    by_name = {backdrop.name: backdrop for backdrop in backdrops}
    chosen = draw.order(by_name, "backgrounds")[: config.prompts]
    if not chosen:
        return ()
    rounds = [(index // len(chosen), by_name[chosen[index % len(chosen)]]) for index in range(config.candidates)]
    return tuple(
        TargetPrompt(one.words, seed_of(draw, f"{one.name} {one.sha256}", number), one.name) for number, one in rounds
    )


def seed_of(draw: Draw, text: str, number: int) -> int:
    """The seed of a prompt's image; another for each number and tier."""
    return int(_hash(draw.product, draw.seed, "seed", str(draw.tier), str(number), text)[:15], 16) % (LARGEST_SEED + 1)


def contexts(bank: Iterable[str], most: int, draw: Draw) -> tuple[str, ...]:
    """At most that many different prompts for training images, and at most the half that targets are not drawn from."""
    order = draw.order(bank, "prompts")
    half = (len(order) + 1) // 2
    return tuple(reversed(order[len(order) - min(most, half) :]))


def contexts_wanted(config: NewContextsConfig, views: NovelViewsConfig | None, photos: int) -> int:
    """How many context images a product of so many photos may get: one prompt for each would be best."""
    return photos * (config.per_photo + (views.views * config.per_view if views else 0))


def other_nouns(nouns: Iterable[str], own: str, draw: Draw) -> tuple[str, ...]:
    """Some other product types, for counterfactuals: never the product's own."""
    return tuple(draw.order((noun for noun in nouns if noun != own), "nouns")[:OTHER_NOUNS])


def _hash(*parts: str | int) -> str:
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
