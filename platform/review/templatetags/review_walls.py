"""Addresses of the pictures behind a figure."""

from typing import Any

from django import template
from django.urls import reverse

from review.filters import Filters
from review.walls import Wall

register = template.Library()


@register.simple_tag
def wall_url(filters: Filters, *, questions: int | None = None, **fields: Any) -> str:
    """The wall of the images that a figure is counted from: the same filters, and which of them, as a Wall has it."""
    chosen = filters if questions is None else filters.but(questions=questions)
    return Wall(chosen.but(least=1), **fields).address


@register.simple_tag
def type_wall_url(filters: Filters, kind: int) -> str:
    """The wall of the passing images of a type: what a product's own rate is held against."""
    return Wall(filters.but(product=None, type=kind, least=1), verdict="passed").address


@register.simple_tag
def products_url(filters: Filters, passing: str = "") -> str:
    """The list of the products that a figure is counted from; `passing` is "yes", "no" or empty for all."""
    query = "&".join(part for part in (filters.query, f"passing={passing}" if passing else "") if part)
    page = reverse("review:products")
    return f"{page}?{query}" if query else page
