"""Figures of ratings in words."""

from django import template

register = template.Library()


@register.filter
def percent(value: float | None) -> str:
    """0.256 as "26 %"; nothing as a dash."""
    return "–" if value is None else f"{value * 100:.0f} %"  # noqa: RUF001 - a dash, as everywhere on the site


@register.filter
def coefficient(value: float | None) -> str:
    """0.4556 as "0.46"; nothing as a dash. A minus is a real one."""
    return "–" if value is None else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")  # noqa: RUF001


@register.filter
def flag_words(code: str) -> str:
    """A flag's code as a label: "too_fast" as "too fast"."""
    return code.replace("_", " ").replace("straight lining", "straight-lining")
