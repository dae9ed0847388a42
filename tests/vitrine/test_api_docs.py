"""The API's description: every call under /api/ is in it, it is valid, and its page runs no script."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.views import APIView

from accounts.models import User

ClientFor = Callable[[User | None], Client]


@pytest.fixture(scope="module")
def schema() -> dict:  # type: ignore[type-arg]
    found: dict = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[type-arg, no-untyped-call]
    return found


def test_it_is_valid_openapi(schema: dict) -> None:  # type: ignore[type-arg]
    validate_schema(schema)  # type: ignore[no-untyped-call]


def test_every_call_is_in_it_with_a_sentence(schema: dict) -> None:  # type: ignore[type-arg]
    views = {
        pattern.callback.cls
        for resolver in get_resolver().url_patterns
        for pattern in getattr(resolver, "url_patterns", [])
        if issubclass(getattr(getattr(pattern, "callback", None), "cls", object), APIView)
    }
    calls = [call for path in schema["paths"].values() for call in path.values() if isinstance(call, dict)]
    named = {call["operationId"].rpartition("_")[0] for call in calls}
    assert {view.__name__.removesuffix("Api") for view in views} <= named
    assert all(call["description"] and "For " in call["description"] for call in calls)
    assert len({call["operationId"] for call in calls}) == len(calls)


def test_what_is_sent_is_described(schema: dict) -> None:  # type: ignore[type-arg]
    submit = schema["components"]["schemas"]["SubmitApiInput"]
    assert set(submit["properties"]) == {"assignment", "request_id", "answers", "times", "active_ms"}
    assert set(submit["required"]) == {"assignment", "request_id", "answers"}


def test_the_page_has_every_path_and_no_script(client_for: ClientFor, rater: User, schema: dict) -> None:  # type: ignore[type-arg]
    answer = client_for(rater).get("/api/docs/")
    page = answer.content.decode()
    assert all(path in page for path in schema["paths"])
    assert "style=" not in page
    assert page.count("<script") == page.count("<script src=") + page.count("<script defer src=")


def test_the_schema_is_served(client_for: ClientFor, rater: User) -> None:
    answer = client_for(rater).get("/api/schema/?format=json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.")
