"""Why a rater deserves a look: each flag is a rule on figures that the page shows, said with those figures.

A flag excludes nobody. All rules wait for MIN_RATINGS, and compare intervals, not bare numbers.
"""

from collections.abc import Iterator
from typing import NamedTuple

from raters.statistics.people import RaterFigures

MIN_RATINGS = 20
MIN_GOLD_ANSWERS = 20
LOW_AGREEMENT = 0.5
LOW_GOLD = 0.7
OFTEN_FAST = 0.2
MORE_STRAIGHT = 0.25
LEANING = 0.2
LONG_RUN = 15


class Flag(NamedTuple):
    """`code` is for programs and filters, `reason` for people."""

    code: str
    reason: str


def flags(rater: RaterFigures, usual_agreement: float | None) -> list[Flag]:
    """What is odd about a rater. `usual_agreement` is the median over the campaign's raters."""
    if rater.ratings < MIN_RATINGS:
        return []
    return [*_agreement(rater, usual_agreement), *_gold(rater), *_speed(rater), *_habits(rater), *_drift(rater)]


def _agreement(rater: RaterFigures, usual: float | None) -> Iterator[Flag]:
    share = rater.agreement
    if share.high is None or usual is None:
        return
    # Hard questions lower everybody's agreement: so the bound lies halfway between chance-like and usual.
    bound = max(LOW_AGREEMENT * usual, usual - 0.25)
    if share.high < bound:
        yield Flag(
            "low_agreement",
            f"Answers as most of the others do {share.value:.0%} of the time ({share.low:.0%} to {share.high:.0%});"
            f" usual here is {usual:.0%}.",
        )


def _gold(rater: RaterFigures) -> Iterator[Flag]:
    gold = rater.gold
    if gold.high is not None and gold.of >= MIN_GOLD_ANSWERS and gold.high < LOW_GOLD:
        yield Flag(
            "low_gold",
            f"Gives the expected answer to gold items {gold.value:.0%} of the time ({gold.low:.0%} to {gold.high:.0%}"
            f" of {gold.of}); {LOW_GOLD:.0%} is asked.",
        )


def _speed(rater: RaterFigures) -> Iterator[Flag]:
    if rater.fast.low is not None and rater.fast.low > OFTEN_FAST:
        yield Flag(
            "too_fast",
            f"{rater.fast.value:.0%} of the ratings took less than a third of the usual time; the median here is"
            f" {rater.seconds:.1f} s.",
        )


def _habits(rater: RaterFigures) -> Iterator[Flag]:
    straight, others = rater.straight, rater.straight_of_others
    if straight.low is not None and others is not None and straight.low > others + MORE_STRAIGHT:
        yield Flag(
            "straight_lining",
            f"Gives all questions the same answer in {straight.value:.0%} of the ratings; the others do so for"
            f" {others:.0%} of the same images.",
        )
    if rater.longest_run >= LONG_RUN and rater.longest_run > rater.ratings / 4:
        yield Flag("long_run", f"Gave {rater.longest_run} images in a row exactly the same answers.")
    if rater.passing_of_others is not None and abs(rater.passing - rater.passing_of_others) > LEANING:
        kind = "generous" if rater.passing > rater.passing_of_others else "strict"
        yield Flag(
            kind,
            f"Lets {rater.passing:.0%} of the answers pass; the others let {rater.passing_of_others:.0%} pass on the"
            " same images.",
        )


def _drift(rater: RaterFigures) -> Iterator[Flag]:
    first, last = rater.quarters[0], rater.quarters[-1]
    if None not in (first.agreement.low, last.agreement.high) and last.agreement.high < first.agreement.low:  # type: ignore[operator]
        yield Flag(
            "drift",
            f"Agreed with the others {first.agreement.value:.0%} of the time in the first quarter of the ratings,"
            f" {last.agreement.value:.0%} in the last.",
        )
