"""Pictures by their address, and figures in words that a person reads at a glance."""

from pathlib import PurePosixPath
from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse

from generation.models.results import small_key
from generation.pipeline import BY_NAME
from generation.selectors.pictures import METRICS

LABELS = METRICS | {
    "iou": "IoU", "similarity": "DINO-I", "seg_similarity": "Seg DINO-I", "growth": "Growth", "share": "Area",
    "score": "Sureness",
}  # fmt: skip
NOTHING = "\N{EN DASH}"
register = template.Library()


@register.filter
def media_url(key: str) -> str:
    """The address of a file in storage; empty without one."""
    return reverse("catalog:media", args=[key]) if key else ""


@register.filter
def small_url(key: str) -> str:
    """The address of the thumbnail of a picture: its file is named by its hash."""
    return reverse("catalog:media", args=[small_key(key, PurePosixPath(key).stem)]) if key else ""


@register.filter
def figure(value: float | None) -> str:
    """A cosine, a score or a loss with three decimals; a dash where there is none."""
    return NOTHING if value is None else f"{value:.3f}"


@register.filter
def share(value: float | None) -> str:
    """A share of 1 in percent."""
    return NOTHING if value is None else f"{100 * value:.0f} %"


@register.filter
def memory(count: int | None) -> str:
    """Bytes in the unit that keeps them readable: "640 MB", "5.2 GB"."""
    if not count:
        return NOTHING
    size, unit = (count / 1e9, "GB") if count >= 1e9 else (count / 1e6, "MB")
    return f"{size:.1f} {unit}" if size < 10 else f"{size:.0f} {unit}"


@register.filter
def money(amount: float | None) -> str:
    """An amount in the currency of the settings; small ones with as many digits as tell them apart."""
    if amount is None:
        return NOTHING
    return f"{amount:.4f} {settings.CURRENCY}" if 0 < amount < 0.1 else f"{amount:,.2f} {settings.CURRENCY}"


@register.filter
def stage_title(name: str) -> str:
    """What people call a stage."""
    return BY_NAME[name].title


@register.filter
def plain(value: Any) -> str:
    """A parameter as a person writes it: "off" for a stage that is off, "none" for what is not set."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "empty" if value == "" else str(value)


@register.filter
def at(mapping: dict[str, Any], name: str) -> Any:
    """An entry of a dictionary by a name that stands in a variable; None where there is none."""
    return mapping.get(name)


@register.filter
def metric(candidate: Any, name: str) -> float | None:
    """A metric of a candidate by its name."""
    value: float | None = getattr(candidate, name)
    return value


@register.filter
def score_items(scores: dict[str, float | None]) -> list[tuple[str, float | None]]:
    """The figures of a picture, named as people name them."""
    return [(LABELS.get(name, name.replace("_", " ").capitalize()), value) for name, value in scores.items()]
