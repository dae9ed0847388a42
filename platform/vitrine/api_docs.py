"""The API described by itself: OpenAPI, and a page to read it on that needs no script."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView

from vitrine.access import allow_signed_in

METHODS = ("get", "post", "put", "patch", "delete")

openapi = allow_signed_in(SpectacularAPIView.as_view())


@allow_signed_in
@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    """Every call of the API on a page without a script."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return render(request, "api.html", {"groups": _groups(schema), "info": schema["info"]})


def _groups(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    components: dict[str, Any] = schema.get("components", {}).get("schemas", {})
    for path, calls in schema["paths"].items():
        for method in METHODS:
            if method in calls:
                call = calls[method]
                told = {
                    "method": method.upper(),
                    "path": path,
                    "description": call.get("description", ""),
                    "fields": _fields(call, components),
                }
                groups.setdefault(call["tags"][0], []).append(told)
    return dict(sorted(groups.items()))


def _fields(call: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    content: dict[str, Any] = call.get("requestBody", {}).get("content", {})
    first: dict[str, Any] = next(iter(content.values()), {})
    reference = first.get("schema", {}).get("$ref", "")
    described: dict[str, Any] = components.get(reference.rpartition("/")[2], {})
    needed = described.get("required", [])
    return [
        {
            "name": name,
            "needed": name in needed,
            "type": field.get("type", field.get("enum", "")),
            "about": field.get("description", ""),
        }
        for name, field in described.get("properties", {}).items()
    ]
