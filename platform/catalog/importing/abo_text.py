"""What an ABO listing says, in the language that our readers know best: en_US, else any English, else the first."""

from collections.abc import Mapping
from typing import Any

from catalog.exceptions import RowRefused

# ABO's field → our attribute
_WORDS = {
    "brand": "brand",
    "color": "color",
    "material": "material",
    "fabric_type": "fabric",
    "finish_type": "finish",
    "style": "style",
    "pattern": "pattern",
    "item_shape": "shape",
    "model_name": "model name",
    "model_number": "model number",
    "model_year": "model year",
}
_BULLETS = 8
_BULLET_LENGTH = 500
_SIDES = ("length", "width", "height")


def title_of(listing: Mapping[str, Any]) -> str:
    """The item's name, at most 500 characters. Raises RowRefused when it has none."""
    title = preferred(listing.get("item_name"))
    if not title:
        raise RowRefused("The listing has no item_name.")
    return title if len(title) <= 500 else title[:499] + "…"


def preferred(values: Any) -> str:
    """The text in the best language of a list of {language_tag, value}; "" when there is none.

    Anything else in the list is passed over. This runs a dozen times a row: one plain loop.
    """
    best, best_rank = "", 3
    for entry in values if isinstance(values, list) else ():
        if isinstance(entry, dict):
            rank = _rank(entry.get("language_tag"))
            if rank < best_rank and (text := _text(entry)):
                best, best_rank = text, rank
    return best


def attributes_of(listing: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a listing besides its title and type: words in one language, bullet points, sizes, places."""
    kept: dict[str, Any] = {}
    for field, name in _WORDS.items():
        if field in listing and (text := preferred(listing[field])):
            kept[name] = text[:_BULLET_LENGTH]
    bullets = _bullets(listing.get("bullet_point"))
    if bullets:
        kept["bullet points"] = bullets
    dimensions = _dimensions(listing.get("item_dimensions"))
    if dimensions:
        kept["dimensions"] = dimensions
    node = listing.get("node")
    if isinstance(node, list) and node and isinstance(node[0], dict) and isinstance(node[0].get("node_name"), str):
        kept["category"] = node[0]["node_name"]
    for field in ("country", "domain_name"):
        if isinstance(listing.get(field), str):
            kept[field.replace("_name", "")] = listing[field]
    return kept


def _bullets(values: Any) -> list[str]:
    """The points of the best language only: the same points come again in each language."""
    entries = [entry for entry in values if isinstance(entry, dict)] if isinstance(values, list) else []
    if not entries:
        return []
    best = min(list(dict.fromkeys(str(entry.get("language_tag")) for entry in entries)), key=_rank)
    points = [_text(entry)[:_BULLET_LENGTH] for entry in entries if str(entry.get("language_tag")) == best]
    return [point for point in points if point][:_BULLETS]


def _dimensions(sizes: Any) -> str:
    """Length, width and height with their unit, as "9.21 x 8.31 x 2.99 inches"; "" unless all three are there."""
    if not isinstance(sizes, dict):
        return ""
    sides = [side.get("normalized_value") or side for side in map(sizes.get, _SIDES) if isinstance(side, dict)]
    values = [side.get("value") for side in sides if isinstance(side, dict)]
    units = {str(side.get("unit")) for side in sides if isinstance(side, dict)}
    if len(values) != len(_SIDES) or len(units) != 1 or not all(isinstance(value, int | float) for value in values):
        return ""
    return " x ".join(f"{value:g}" for value in values) + f" {units.pop()}"


def _rank(tag: Any) -> int:
    if tag == "en_US":
        return 0
    return 1 if isinstance(tag, str) and tag.startswith("en") else 2


def _text(entry: Mapping[str, Any]) -> str:
    value = entry.get("value")
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
