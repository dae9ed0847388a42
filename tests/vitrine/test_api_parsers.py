"""What the API takes for JSON, and what it says of the rest."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User

JSON = "application/json"


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("lists without end", "[" * 100_000, "nested too deeply"),
        ("objects without end", '{"a":' * 100_000, "nested too deeply"),
        ("half of it", '{"name": ', "JSON parse error"),
        ("no JSON", "name", "JSON parse error"),
    ],
)
def test_what_cannot_be_read_is_the_callers_error(
    client_for: Callable[[User | None], Client], operator: User, name: str, body: str, said: str
) -> None:
    for address in ("/api/campaigns/", "/api/webhooks/"):
        answer = client_for(operator).post(address, body, content_type=JSON)
        assert answer.status_code == 400, name
        assert said in answer.json()["detail"]
        assert answer.json()["errors"] == {}
