"""The one shape of every error of the API: {"detail": a sentence, "errors": {field: [sentences]}}.

`errors` is empty where the whole call is meant. Settings name `handle` as DRF's exception handler.
"""

from typing import Any

from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler


class Refused(exceptions.APIException):
    """A rule of the house was broken; the text is the sentence for the person. Answers 400."""

    status_code = 400
    default_code = "refused"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Give DRF's answer to an error our shape; None, for what is no error of the caller, lets Django answer."""
    response = exception_handler(error, context)
    if response is None:
        return None
    errors: dict[str, list[str]] = {}
    if isinstance(error, exceptions.ValidationError):
        errors = _by_field(error.detail)
        detail = next((f"{field}: {found[0]}" if field else found[0] for field, found in errors.items() if found), "")
    else:
        detail = str(response.data.get("detail", error))
    errors.pop("", None)
    response.data = {"detail": detail, "errors": errors}
    return response


def _by_field(detail: Any, name: str = "") -> dict[str, list[str]]:
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for key, value in detail.items():
            inner = "" if key == "non_field_errors" else _printable(key)
            found.update(_by_field(value, ".".join(filter(None, (name, inner)))))
        return found
    return {name: [_printable(part) for part in (detail if isinstance(detail, list) else [detail])]}


def _printable(said: Any) -> str:
    """JSON can name half a character ("\\ud800"); a sentence that repeats it could not be sent."""
    return str(said).encode(errors="backslashreplace").decode()
