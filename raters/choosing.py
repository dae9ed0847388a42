"""Which generated images a campaign is made of: a filter, and a sample of what it finds, by chance and seed."""

import random
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from django.db.models import QuerySet

from generation.models import Candidate
from raters.exceptions import BadCampaign

Key = TypeVar("Key")
AT_ONCE = 500  # ids in one query: SQLite takes no more than some thousands of parameters


class Strata(StrEnum):
    """Within what a sample is spread evenly."""

    NONE = ""
    METHOD = "method"
    TYPE = "type"
    PRODUCT = "product"


_COLUMNS = {Strata.METHOD: "run__method", Strata.TYPE: "run__product__type", Strata.PRODUCT: "run__product"}


@dataclass(frozen=True)
class Choice:
    """Ids are alternatives; all that is set must hold. `sample` is how many are drawn of what is found; None: all.

    `score_from` and `score_to` are ranker scores, both ends included; `places` keeps each run's best so many.
    """

    runs: tuple[int, ...] = ()
    batches: tuple[int, ...] = ()
    methods: tuple[int, ...] = ()
    types: tuple[int, ...] = ()
    products: tuple[int, ...] = ()
    picked: bool = False
    places: int | None = None
    score_from: float | None = None
    score_to: float | None = None
    sample: int | None = None
    strata: Strata = Strata.NONE
    seed: int = 0


def found(choice: Choice) -> QuerySet[Candidate]:
    """The candidates that the filter finds, without those that the safety filter held back; nothing is sampled yet."""
    rows = Candidate.objects.filter(dropped="")
    alternatives = {
        "run__in": choice.runs, "run__batch__in": choice.batches, "run__method__in": choice.methods,
        "run__product__type__in": choice.types, "run__product__in": choice.products,
    }  # fmt: skip
    for lookup, ids in alternatives.items():
        if ids:
            rows = rows.filter(**{lookup: ids})
    if choice.picked:
        rows = rows.filter(picked=True)
    limits = {"place__lte": choice.places, "score__gte": choice.score_from, "score__lte": choice.score_to}
    return rows.filter(**{lookup: value for lookup, value in limits.items() if value is not None})


def count(choice: Choice) -> int:
    """How many `chosen` would find, without reading them. Raises as it does."""
    _check(choice)
    there = found(choice).count()
    return there if choice.sample is None else min(there, choice.sample)


def chosen(choice: Choice) -> list[int]:
    """The ids of the candidates: all found, or a sample of them; the same seed draws the same from the same images.

    Raises BadCampaign for a sample of none, and for a score range that holds nothing.
    """
    _check(choice)
    column = _COLUMNS.get(choice.strata)
    pairs = list(found(choice).order_by("pk").values_list("pk", column or "dropped"))
    ids, strata = [pk for pk, _ in pairs], [stratum for _, stratum in pairs]
    return ids if choice.sample is None else sample(ids, strata, choice.sample, choice.seed)


def _check(choice: Choice) -> None:
    if choice.sample is not None and choice.sample < 1:
        raise BadCampaign(f"A sample of {choice.sample} images is none: ask for at least 1, or for all.")
    if choice.score_from is not None and choice.score_to is not None and choice.score_from > choice.score_to:
        raise BadCampaign(f"No score is at least {choice.score_from} and at most {choice.score_to}.")


def sample(ids: Sequence[int], strata: Sequence[Hashable], size: int, seed: int) -> list[int]:
    """At most `size` ids by chance, as evenly as can be over the strata: one short of images leaves its part to others.

    In rising order. All strata equal: a plain random sample.
    """
    chance = random.Random(seed)  # noqa: S311 - a draw that can be repeated, no secret
    piles: dict[Hashable, list[int]] = defaultdict(list)
    for pk, stratum in zip(ids, strata, strict=True):
        piles[stratum].append(pk)
    for pile in piles.values():
        chance.shuffle(pile)
    order = list(piles.values())
    chance.shuffle(order)
    drawn: list[int] = []
    while order and len(drawn) < size:
        drawn += [pile.pop() for pile in order[: size - len(drawn)]]
        order = [pile for pile in order if pile]
    return sorted(drawn)


def in_batches(ids: Sequence[Key]) -> Iterator[list[Key]]:
    """The ids or keys, so many at a time as one query takes."""
    for start in range(0, len(ids), AT_ONCE):
        yield list(ids[start : start + AT_ONCE])
