"""Recipes as TOML files and as the fields of a form; both lead back to `recipe_from`, which checks them."""

import json
from collections.abc import Mapping
from typing import Any

from generation.recipe import Recipe, as_plain
from generation.recipe_fields import OPTIONS, Parameter, Section, sections

ON = ".on"  # a field of that ending says whether a stage, or a part of one, is on


def as_toml(recipe: Recipe) -> str:
    """The recipe as a TOML file with every parameter spelled out; `recipe_from_toml` takes it back, equal."""
    plain = as_plain(recipe)
    # A table takes all that follows it, so what belongs to none comes first.
    heads = [f"{name} = {_value(value)}" for name, value in plain.items() if not isinstance(value, dict)]
    tables = [_table(name, value) for name, value in plain.items() if isinstance(value, dict)]
    return "\n\n".join(["\n".join(heads), *tables]).strip() + "\n"


def form_values(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a form shows it: by path each value, and for what can be off whether it is on.

    A stage that is off shows its defaults, ready to be turned on.
    """
    return _shown(sections(), as_plain(recipe)) | {"next_tier": recipe.next_tier}


def from_form(posted: Mapping[str, str]) -> dict[str, Any]:
    """Posted fields as plain values for `recipe_from`; numbers stay texts, which it reads."""
    return _plain(sections(), posted) | {"next_tier": posted.get("next_tier", "").strip()}


def _table(name: str, values: dict[str, Any]) -> str:
    inner = {key: value for key, value in values.items() if isinstance(value, dict)}
    # TOML knows no null: what is None is left out, and is None again by default; but an option is off.
    lines = [
        f"{key} = {_value(False if value is None else value)}"
        for key, value in values.items()
        if key not in inner and (value is not None or key in OPTIONS)
    ]
    tables = [_table(f"{name}.{key}", value) for key, value in inner.items()]
    return "\n\n".join(["\n".join([f"[{name}]", *lines]), *tables])


def _value(value: Any) -> str:
    # JSON's texts, numbers and booleans are TOML's, but for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(of: tuple[Section, ...], plain: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for section in of:
        values = plain.get(section.path.rpartition(".")[2]) or {}
        if section.optional:
            shown[section.path + ON] = bool(values)
        for parameter in section.parameters:
            shown[parameter.path] = values.get(parameter.path.rpartition(".")[2], parameter.default)
        shown |= _shown(section.parts, values)
    return shown


def _plain(of: tuple[Section, ...], posted: Mapping[str, str]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for section in of:
        name = section.path.rpartition(".")[2]
        if section.optional and section.path + ON not in posted:
            plain[name] = False
            continue
        own = {one.path.rpartition(".")[2]: _read(one, posted) for one in section.parameters}
        plain[name] = own | _plain(section.parts, posted)
    return plain


def _read(parameter: Parameter, posted: Mapping[str, str]) -> Any:
    if parameter.kind == "switch":
        return parameter.path in posted
    text = posted.get(parameter.path, "").replace("\r\n", "\n")
    if parameter.kind == "text":
        return text
    return None if parameter.optional and not text.strip() else text.strip()
