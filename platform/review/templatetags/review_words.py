"""Figures of review in words, each with its definition beside it."""

from typing import Any

from django import template

from review.definitions import DEFINITIONS, Definition

register = template.Library()
DASH = "\N{EN DASH}"


@register.filter
def share(value: float | None) -> str:
    """0.1742 as "17.4 %"; nothing as a dash."""
    return DASH if value is None else f"{value * 100:.1f} %"


@register.filter
def number(value: float | None) -> str:
    """12345 as "12,345", 2.974 as "2.97"; nothing as a dash."""
    if value is None:
        return DASH
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


@register.filter
def points(value: float | None) -> str:
    """A difference of shares, 0.0741 as "+7.4 points"; nothing as a dash. A minus is a real one."""
    return DASH if value is None else f"{value * 100:+.1f} points".replace("-", "\N{MINUS SIGN}")


@register.filter
def p_value(value: float | None) -> str:
    """0.0312 as "p = 0.031", 0.0498 as "p < 0.050", as rounding would hide on which side it lies; nothing as a dash."""
    if value is None:
        return DASH
    if value < 0.001:
        return "p < 0.001"
    told = f"{value:.3f}"
    return f"p < {told}" if told == "0.050" and value < 0.05 else f"p = {told}"


@register.filter
def place(value: float | None) -> str:
    """A share as a place on a line from 0 to 100, for SVG."""
    return f"{(value or 0) * 100:.2f}"


@register.inclusion_tag("review/_term.html")
def term(key: str, at: str, label: str = "") -> dict[str, Any]:
    """A figure's name with its definition on hover and focus; `at` makes its id unique on the page."""
    found = DEFINITIONS[key]
    return {"title": label or found.title, "words": found.words, "id": f"term-{at}-{key}"}


@register.simple_tag
def definitions(*keys: str) -> list[Definition]:
    """Definitions to list below a table, where a header is out of reach."""
    return [DEFINITIONS[key] for key in keys]
