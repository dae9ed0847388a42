"""What calls of several rooms are sent: the body with its sentences, and fields."""

import json
import math
import re
from typing import Any, cast

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from vitrine.paging import LARGEST_ID

_LONGEST = 60  # characters that a sentence repeats of what was sent


class Body(serializers.Serializer[Any]):
    """What a call is sent. Where DRF would say that a value is invalid, this says which, and what to send instead."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as error:
            told = cast(dict[str, Any], error.detail)
            raise serializers.ValidationError(
                {
                    name: _retold(self.fields[name], self.fields[name].get_value(data), problems)
                    if name in self.fields
                    else [f"{_shown(data)} will not do: send a table of names and values."]
                    for name, problems in told.items()
                }
            ) from None


class Number(serializers.FloatField):
    """A number that has a place among others: the texts "nan" and "inf", which Python reads as numbers, are none."""

    def to_internal_value(self, data: Any) -> float:
        try:
            value: float = super().to_internal_value(data)
        except serializers.ValidationError:
            value = math.nan
        if not math.isfinite(value):
            raise serializers.ValidationError(
                f"{str(data)[:_LONGEST]!r} is no number: say one such as 0.25.", code="invalid"
            )
        return value


def _retold(field: Any, value: Any, problems: Any) -> Any:
    """The problems of a field with that value in our words; those that our own code tells stay as they are."""
    if isinstance(problems, dict):
        if isinstance(field, serializers.Serializer):
            return problems  # told by its own Body
        return {
            key: _retold(field, value, inner)
            if isinstance(field, serializers.ListSerializer) and not isinstance(key, int)
            else _retold(field.child, _item(value, key), inner)
            for key, inner in problems.items()
        }
    return [_words(field, value, one) if _is_of_drf(field, one) else one for one in problems]


def _item(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (LookupError, TypeError):
        return value


def _is_of_drf(field: Any, problem: ErrorDetail) -> bool:
    """Whether the text is the one that DRF has for such a field, with anything in the places of its variables."""
    kinds: list[Any] = [kind for kind in type(field).__mro__ if kind.__module__.startswith("rest_framework.")]
    plain = next((kind.default_error_messages[problem.code] for kind in kinds if problem.code in _own(kind)), None)
    if plain is None or field.error_messages.get(problem.code) != plain:
        return False
    text = re.sub(r"\\{\w+\\}", ".*", re.escape(str(plain)))
    return re.fullmatch(text, str(problem), re.DOTALL) is not None


def _own(kind: Any) -> dict[str, Any]:
    found: dict[str, Any] = kind.__dict__.get("default_error_messages", {})
    return found


def _words(field: Any, value: Any, problem: ErrorDetail) -> str:
    code = problem.code or "invalid"
    wanted = _wanted(field, code)
    if code == "required":
        return f"It is missing; send {wanted}."
    if code == "null":
        return f"null will not do: send {wanted}{'' if field.required else ', or leave it out'}."
    if code == "blank":
        return f"It is empty; send {wanted}{'' if field.required else ', or leave it out'}."
    if code == "max_length":
        return f"It has {_length(field, value)}, and {field.max_length:,} are the most; send fewer."
    if code == "min_length":
        return f"It has {_length(field, value)}, and {field.min_length:,} are the fewest; send more."
    return f"{_shown(value)} will not do: send {wanted}."


def _length(field: Any, value: Any) -> str:
    one = "character" if isinstance(field, serializers.CharField | serializers.FileField) else "item"
    if getattr(field, "trim_whitespace", False):
        value = str(value).strip()
    number = len(value if one == "item" else str(value))
    return f"{number:,} {one}{'s' * (number != 1)}"


def _shown(value: Any) -> str:
    plain = value is None or isinstance(value, bool | int | float | list | dict)
    text = json.dumps(value, ensure_ascii=False, default=str) if plain else repr(str(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _wanted(field: Any, code: str) -> str:
    """What such a field takes, for the end of a sentence."""
    if isinstance(field, serializers.ChoiceField):
        names = ", ".join(str(choice) for choice in field.choices)
        return f"{'some' if isinstance(field, serializers.MultipleChoiceField) else 'one'} of {names}"
    if isinstance(field, serializers.RegexField):
        return f"a text that fits {cast(Any, field.validators[-1]).regex.pattern}"
    if isinstance(field, serializers.IntegerField | serializers.FloatField):
        return _number(field, code)
    return next((words for kind, words in _WANTED.items() if isinstance(field, kind)), "another value")


def _number(field: Any, code: str) -> str:
    whole = isinstance(field, serializers.IntegerField)
    what = "a whole number" if whole else "a number"
    least, most = field.min_value, field.max_value
    if least is None and most is None:
        return f"{what} such as {'3' if whole else '0.25'}"
    if least is None:
        return f"{what} of at most {most:,}"
    if most is None or (most == LARGEST_ID and code != "max_value"):
        return f"{what} of at least {least:,}"
    return f"{what} from {least:,} to {most:,}"


_WANTED: dict[type[Any], str] = {
    serializers.BooleanField: "true or false",
    serializers.DateTimeField: "a time such as 2026-11-22T09:00:00Z",
    serializers.UUIDField: "a UUID, as an answer named it",
    serializers.SlugField: "letters, digits, hyphens and underscores",
    serializers.FileField: "a file that is not empty, as a form field of that name",
    serializers.ListField: "a list",
    serializers.ListSerializer: "a list",
    serializers.Serializer: "a table of names and values",
    serializers.DictField: "a table of names and values",
    serializers.PrimaryKeyRelatedField: "the id of one that there is",
    serializers.CharField: "a text",
}
