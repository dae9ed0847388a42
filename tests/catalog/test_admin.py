"""The catalogue's tables in the admin."""

import pytest
from django.test import Client

from accounts.models import User
from catalog.models import ImportRun, Product, ProductType
from tests.factories.catalog import make_photo, make_product, make_prompt, make_type

pytestmark = pytest.mark.django_db
TABLES = ["producttype", "product", "photo", "contextprompt", "importrun", "importrefusal"]


@pytest.fixture
def client(client_for, operator: User) -> Client:
    return client_for(operator)


@pytest.mark.parametrize("table", TABLES)
def test_operators_alone_see_each_table(table: str, client: Client, client_for, analyst: User) -> None:
    assert client.get(f"/admin/catalog/{table}/").status_code == 200
    assert client_for(analyst).get(f"/admin/catalog/{table}/").status_code in (302, 403)


@pytest.mark.parametrize("table", TABLES)
def test_the_number_of_queries_does_not_grow(table: str, client: Client, django_assert_max_num_queries) -> None:
    run = ImportRun.objects.create(layout="folder", source="s", origin="o")
    for number in range(8):
        make_photo(make_product(type=f"t{number}"))
        make_prompt()
        run.refusals.create(file="f", line=number, reason="r")
    with django_assert_max_num_queries(14):
        client.get(f"/admin/catalog/{table}/")


@pytest.mark.parametrize("table", TABLES[1:])
def test_what_services_keep_in_step_cannot_be_added_or_deleted_here(table: str, client: Client) -> None:
    assert client.get(f"/admin/catalog/{table}/add/").status_code == 403


def test_a_product_is_shown_but_not_changed_or_deleted(client: Client) -> None:
    product = make_product("Mug")
    url = f"/admin/catalog/product/{product.pk}"
    assert client.get(f"{url}/change/").status_code == 200
    assert client.post(f"{url}/change/", {"title": "Cup"}).status_code == 403
    assert client.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
    assert Product.objects.get().title == "Mug"


def test_a_type_can_be_renamed_but_not_deleted(client: Client) -> None:
    kind = make_type("mug")
    client.post(f"/admin/catalog/producttype/{kind.pk}/change/", {"name": "cup"})
    assert ProductType.objects.get().name == "cup"
    assert client.post(f"/admin/catalog/producttype/{kind.pk}/delete/", {"post": "yes"}).status_code == 403


def test_products_are_searched_by_the_index(client: Client) -> None:
    make_product("Blue mug", external_id="X-7")
    make_product("Blue chair")
    for words, expected in (("blue mu", 1), ("x-7", 1), ("blue", 2), ("zz", 0), ('"*', 0), ("ug", 0)):
        response = client.get("/admin/catalog/product/", {"q": words})
        assert response.context["cl"].result_count == expected, words


def test_a_type_is_named_as_imports_name_it(client: Client) -> None:
    make_type("mug")
    page = client.post("/admin/catalog/producttype/add/", {"name": " MUG "})
    assert "already exists" in page.content.decode()
    assert "is not a name" in client.post("/admin/catalog/producttype/add/", {"name": "_-_"}).content.decode()
    client.post("/admin/catalog/producttype/add/", {"name": "Phone_Case"})
    assert sorted(ProductType.objects.values_list("name", flat=True)) == ["mug", "phone case"]
