"""The catalogue's JSON calls."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from catalog.models import ContextPrompt, Photo, Product
from tests.factories.accounts import make_user
from tests.factories.catalog import image_bytes, make_photo, make_product, make_prompt, make_type
from vitrine.access import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, operator: User) -> Client:
    return client_for(operator)


def send(client: Client, method: str, url: str, data: Any) -> Any:
    return getattr(client, method)(url, data, content_type="application/json")


def test_lists_products_with_the_lists_filters_and_cursors(client: Client) -> None:
    for number in range(50):
        make_product(f"Mug {number}", type="mug")
    make_product("Chair")
    first = client.get("/api/products/?q=mug").json()
    assert [item["title"] for item in first["items"][:2]] == ["Mug 49", "Mug 48"]
    assert (len(first["items"]), first["previous"]) == (48, None)
    rest = client.get(f"/api/products/?q=mug&after={first['next']}").json()
    assert ([item["title"] for item in rest["items"]], rest["next"]) == (["Mug 1", "Mug 0"], None)
    assert set(first["items"][0]) == {
        "id", "source", "external_id", "title", "type", "photo_count", "cover_url", "url", "created_at",
    }  # fmt: skip


def test_shows_one_product_with_its_photos(client: Client) -> None:
    photo = make_photo(make_product("Mug", type="mug", attributes={"colour": "blue"}))
    shown = client.get(f"/api/products/{photo.product_id}/").json()
    assert (shown["type"], shown["attributes"]) == ("mug", {"colour": "blue"})
    assert [item["url"] for item in shown["photos"]] == [photo.url]
    assert shown["cover_url"] == photo.thumbnail_url


def test_makes_and_changes_a_product(client: Client) -> None:
    made = send(client, "post", "/api/products/", {"title": "Mug", "type": "mug", "external_id": "1", "source": "own"})
    assert made.status_code == 201
    url = f"/api/products/{made.json()['id']}/"
    changed = send(client, "patch", url, {"title": "Cup"}).json()
    assert (changed["title"], changed["type"]) == ("Cup", "mug")
    assert send(client, "patch", url, {"type": ""}).json()["type"] is None


def test_uploads_a_photo_once_and_deletes_it(client: Client) -> None:
    product, data = make_product(), image_bytes()
    url = f"/api/products/{product.pk}/photos/"
    made = client.post(url, {"file": SimpleUploadedFile("a.jpg", data)})
    assert made.status_code == 201
    assert client.post(url, {"file": SimpleUploadedFile("b.jpg", data)}).status_code == 200
    assert client.delete(f"/api/photos/{made.json()['id']}/").status_code == 204
    assert not Photo.objects.exists()


def test_a_refused_photo_leaves_nothing(client: Client) -> None:
    product = make_product()
    answer = client.post(f"/api/products/{product.pk}/photos/", {"file": SimpleUploadedFile("a.jpg", b"<html>")})
    assert answer.status_code == 400
    assert "a.jpg" in answer.json()["detail"]
    assert answer.json()["errors"] == {}
    assert not Photo.objects.exists()


def test_lists_adds_and_decides_prompts(client: Client, operator: User) -> None:
    made = send(client, "post", "/api/prompts/", {"type": "mug", "text": "A {product} on oak."})
    assert (made.status_code, made.json()["status"]) == (201, "draft")
    url = f"/api/prompts/{made.json()['id']}/decision/"
    decided = send(client, "post", url, {"status": "approved"}).json()
    assert (decided["status"], decided["decided_by"]) == ("approved", operator.username)
    listed = client.get("/api/prompts/?status=approved").json()
    assert [item["text"] for item in listed["items"]] == ["A {product} on oak."]


def test_lists_product_types(client: Client) -> None:
    make_product(type="mug")
    make_type("cup")
    items = client.get("/api/product-types/").json()["items"]
    assert [(item["name"], item["product_count"]) for item in items] == [("cup", 0), ("mug", 1)]


@pytest.mark.parametrize(
    ("method", "url", "data", "status", "detail", "fields"),
    [
        ("post", "/api/products/", {}, 400, "title: It is missing; send a text.", ["title"]),
        ("post", "/api/products/", '{"title": ["\\ud800"]}', 400, 'title: ["\\ud800"] will not do', ["title"]),
        ("post", "/api/products/", "{", 400, "JSON parse error", []),
        ("post", "/api/products/", {"title": "a", "source": "../x"}, 400, "source:", ["source"]),
        (
            "post",
            "/api/products/",
            {"title": "a", "external_id": "taken", "source": "own"},
            400,
            "own has a product",
            [],
        ),
        ("get", "/api/products/?after=x", None, 400, "after: 'x' is no cursor", ["after"]),
        ("get", "/api/products/999/", None, 404, "No Product matches", []),
        ("delete", "/api/products/", None, 405, 'Method "DELETE" not allowed.', []),
        ("post", "/api/prompts/", {"type": "mug", "text": "no placeholder"}, 400, "The text has {product} 0 times", []),
        ("post", "/api/prompts/999/decision/", {"status": "approved"}, 404, "No ContextPrompt", []),
        ("post", "/api/products/999/photos/", None, 404, "No Product", []),
    ],
)
def test_every_error_has_one_shape(  # noqa: PLR0917 - one argument for each column of the table above
    client: Client, method: str, url: str, data: Any, status: int, detail: str, fields: list[str]
) -> None:
    make_product(source="own", external_id="taken")
    answer = client.get(url) if method == "get" else send(client, method, url, data if data is not None else {})
    assert answer.status_code == status
    body = answer.json()
    assert set(body) == {"detail", "errors"}
    assert body["detail"].startswith(detail)
    assert list(body["errors"]) == fields


def test_a_bad_decision_names_the_field(client: Client) -> None:
    answer = send(client, "post", f"/api/prompts/{make_prompt().pk}/decision/", {"status": "perhaps"})
    assert answer.json()["errors"] == {"status": ["'perhaps' will not do: send one of draft, approved, rejected."]}


READ = ["/api/products/", "/api/products/{product}/", "/api/product-types/", "/api/prompts/"]
WRITE = [
    ("post", "/api/products/"),
    ("patch", "/api/products/{product}/"),
    ("post", "/api/products/{product}/photos/"),
    ("delete", "/api/photos/{photo}/"),
    ("post", "/api/prompts/"),
    ("post", "/api/prompts/{prompt}/decision/"),
]


@pytest.fixture
def ids() -> dict[str, int]:
    photo = make_photo()
    return {"product": photo.product_id, "photo": photo.pk, "prompt": make_prompt().pk}


@pytest.mark.parametrize("url", READ)
def test_analysts_and_operators_read(url: str, ids: dict[str, int], client: Client, client_for, analyst: User) -> None:
    clients = [client_for(None), client_for(make_user(Role.RATER)), client_for(analyst), client]
    assert [each.get(url.format(**ids)).status_code for each in clients] == [401, 403, 200, 200]


@pytest.mark.parametrize(("method", "url"), WRITE)
def test_operators_alone_write(method: str, url: str, ids: dict[str, int], client_for, analyst: User) -> None:
    assert send(client_for(None), method, url.format(**ids), {}).status_code == 401
    assert send(client_for(analyst), method, url.format(**ids), {}).status_code == 403
    assert (Product.objects.count(), Photo.objects.count(), ContextPrompt.objects.count()) == (1, 1, 1)


def test_a_call_from_another_site_is_refused(operator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    answer = send(client, "post", "/api/products/", {"title": "Mug"})
    assert answer.status_code == 403
    assert not Product.objects.exists()


@pytest.mark.parametrize("url", ["/api/products/", "/api/products/?q=mug", "/api/prompts/"])
def test_the_number_of_queries_does_not_grow(client: Client, django_assert_max_num_queries: Callable, url: str) -> None:
    for _ in range(5):
        make_photo(make_product("Mug", type="mug"))
        make_prompt(make_type("mug"))
    with django_assert_max_num_queries(7):
        assert len(client.get(url).json()["items"]) == 5
