"""Plots on pages: `{% plot_scripts %}` in the head, `{% plot found %}` where it stands."""

from typing import Any

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

from review.plotting import Kind, Plot
from review.templatetags.review_words import DASH, number, points, share

register = template.Library()
_TOLD = {"share": share, "points": points, "number": number}


@register.inclusion_tag("review/_plot_scripts.html")
def plot_scripts() -> dict[str, Any]:
    """What draws plots; only pages that have some load it."""
    return {}


@register.inclusion_tag("review/_plot.html")
def plot(found: Plot) -> dict[str, Any]:
    """A plot with its table and its files, or the sentence why there is none."""
    return {"plot": found}


@register.simple_tag
def plot_spec(found: Plot) -> SafeString:
    """The specification as JSON that no browser runs, for plots.js to read."""
    return json_script(found.spec, f"plot-{found.name}")


@register.filter
def plot_cell(value: Any, kind: Kind) -> str:
    """A value of a plot's table as its column tells it."""
    if value is None or value == "":
        return DASH
    tell = _TOLD.get(kind)
    return str(value) if tell is None else tell(value)
