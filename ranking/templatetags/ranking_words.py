"""Figures of rankers in words that a person reads at a glance."""

from typing import Literal

from django import template

NOTHING = "\N{EN DASH}"
register = template.Library()
Figure = float | Literal[""] | None  # what a template hands over; the empty text is a key that is not there


@register.filter
def percent(value: Figure) -> str:
    """A share of 1 in percent: whole from 10 % on, one decimal below."""
    if value is None or value == "":
        return NOTHING
    return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"


@register.filter
def decimals(value: Figure) -> str:
    """A coefficient with three decimals; a dash where there is none."""
    return NOTHING if value is None or value == "" else f"{value:.3f}"


@register.filter
def signed(value: Figure) -> str:
    """A relative change: "+16.7 %"."""
    return NOTHING if value is None or value == "" else f"{value:+.1%}"


@register.filter
def added(value: float) -> str:
    """What a feature adds to a logit, with its sign."""
    return f"{value:+.2f}"
