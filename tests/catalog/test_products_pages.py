"""The pages of products: the list, one product, making, changing, deleting."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from accounts.models import User
from catalog import panels
from catalog.models import Product, ProductType
from tests.factories.catalog import make_photo, make_product, make_type

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], Client]
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


def titles(client: Client, query: str = "") -> list[str]:
    response = client.get(f"/products/{query}")
    assert response.status_code == 200
    return [product.title for product in response.context["page"].items]


class TestList:
    def test_shows_cover_title_type_source_and_count(self, client: Client) -> None:
        photo = make_photo(make_product("Blue mug", type="mug", source="abo"))
        page = client.get("/products/").content.decode()
        for part in ("Blue mug", "mug · abo · 1 photo", photo.thumbnail_url, f'href="/products/{photo.product_id}/"'):
            assert part in page

    def test_each_filter_stands_in_the_address(self, client: Client) -> None:
        mug = make_type("mug")
        make_product("Blue mug", type=mug, source="abo")
        make_product("Red mug", type=mug, source="own")
        make_product("Blue thing", source="own")
        assert titles(client, "?q=blu") == ["Blue thing", "Blue mug"]
        assert titles(client, f"?q=blue&type={mug.pk}") == ["Blue mug"]
        assert titles(client, "?type=none") == ["Blue thing"]
        assert titles(client, f"?type={mug.pk}&order=oldest") == ["Blue mug", "Red mug"]
        assert titles(client, "?source=own&photos=none") == ["Blue thing", "Red mug"]

    @pytest.mark.parametrize("query", ["?type=x", "?type=-1", "?type=99999999999999999999", "?order=up", "?photos=1"])
    def test_a_value_that_makes_no_sense_is_no_filter(self, client: Client, query: str) -> None:
        make_product("Blue mug")
        assert titles(client, query) == ["Blue mug"]

    def test_pages_both_ways_keep_the_filter(self, client: Client) -> None:
        Product.objects.bulk_create([Product(source="s", external_id=str(i), title=f"Mug {i}") for i in range(100)])
        first = client.get("/products/?q=mug")
        assert len(first.context["page"].items) == 48
        assert first.context["pager"].previous == ""
        second = client.get("/products/" + first.context["pager"].next)
        assert second.context["page"].items[0].title == "Mug 51"
        assert second.context["pager"].previous.startswith("?q=mug&before=")
        back = client.get("/products/" + second.context["pager"].previous)
        assert back.context["page"].items == first.context["page"].items

    def test_totals_come_from_kept_counts(self, client: Client) -> None:
        mug = make_type("mug")
        make_product(type=mug)
        make_product()
        ProductType.objects.filter(pk=mug.pk).update(product_count=70_000)
        assert "70001 products" in client.get("/products/").content.decode()
        assert "70000 products of the type mug" in client.get(f"/products/?type={mug.pk}").content.decode()
        assert "1 product without a type" in client.get("/products/?type=none").content.decode()

    def test_says_what_was_not_found_and_the_way_out(self, client: Client) -> None:
        assert "There is no product yet." in client.get("/products/").content.decode()
        mug = make_product("Blue", type="mug").type
        assert mug
        page = client.get(f"/products/?q=<b>zz&type={mug.pk}").content.decode()
        assert "No product matches “&lt;b&gt;zz” in the type mug." in page
        assert "Search in all types" in page
        assert "Clear the filters" in page
        make_photo(Product.objects.get())
        assert "every product has at least one" in client.get("/products/?photos=none").content.decode()

    def test_htmx_gets_the_results_alone_but_history_the_whole_page(self, client: Client) -> None:
        make_product("Blue mug")
        part = client.get("/products/?q=blue", **HTMX)
        assert b"<html" not in part.content
        assert b"Blue mug" in part.content
        assert "HX-Request" in part.headers["Vary"]
        restored = client.get("/products/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
        assert b"<html" in restored.content

    @pytest.mark.parametrize("query", ["", "?q=mug", "?source=s&photos=none"])
    def test_the_number_of_queries_does_not_grow(
        self, client: Client, django_assert_max_num_queries: Callable, query: str
    ) -> None:
        kind = make_type("mug")
        Product.objects.bulk_create(
            [Product(source="s", external_id=str(i), title="Mug", type=kind) for i in range(60)]
        )
        with django_assert_max_num_queries(10):
            assert len(titles(client, query)) == 48

    def test_does_not_count_the_table(self, client: Client, django_assert_max_num_queries: Callable) -> None:
        make_product(type="mug")
        with django_assert_max_num_queries(10) as queries:
            client.get("/products/")
        counting = [query["sql"] for query in queries.captured_queries if "COUNT(*)" in query["sql"].upper()]
        assert all("LIMIT" in sql for sql in counting)


class TestProduct:
    def test_shows_photos_facts_and_what_an_operator_may_do(self, client: Client) -> None:
        product = make_product("Blue mug", type="mug", attributes={"colour": "blue", "sizes": [1, 2]})
        photo = make_photo(product)
        page = client.get(product.get_absolute_url()).content.decode()
        for part in ("<dt>colour</dt><dd>blue</dd>", "1<br>2", photo.url, "Edit", "Delete", "data-upload"):
            assert part in page

    def test_an_analyst_sees_no_button_that_would_be_refused(self, client_for: ClientFor, analyst: User) -> None:
        product = make_photo().product
        page = client_for(analyst).get(product.get_absolute_url()).content.decode()
        assert "data-upload" not in page
        assert "Delete" not in page
        assert 'method="post"' not in page.split("</header>")[1]

    def test_text_from_a_seller_is_escaped(self, client: Client) -> None:
        product = make_product("<script>1</script>", attributes={"<b>": "<i>"})
        page = client.get(product.get_absolute_url()).content.decode()
        assert "<script>1" not in page
        assert "<b>" not in page

    def test_takes_the_same_few_queries_for_any_number_of_photos(
        self, client: Client, django_assert_max_num_queries: Callable
    ) -> None:
        product = make_product(type="mug")
        for _ in range(6):
            make_photo(product)
        with django_assert_max_num_queries(6):
            client.get(product.get_absolute_url())

    def test_a_later_room_shows_its_panel(self, client: Client) -> None:
        product = make_product()
        panels.show("catalog:photos", "Test panel")
        try:
            page = client.get(product.get_absolute_url()).content.decode()
        finally:
            panels.remove("catalog:photos")
        assert f'hx-get="/products/{product.pk}/photos/"' in page
        assert ">Test panel</h2>" in page
        assert ">Test panel</h2>" not in client.get(product.get_absolute_url()).content.decode()

    def test_a_panel_that_the_user_may_not_see_is_left_out(self, rater: User, analyst: User) -> None:
        panels.show("catalog:photos", "Test panel")
        try:
            assert "Test panel" not in [panel.title for panel in panels.panels_for(1, rater)]
            assert "Test panel" in [panel.title for panel in panels.panels_for(1, analyst)]
        finally:
            panels.remove("catalog:photos")


class TestOffers:
    @pytest.fixture(autouse=True)
    def offered(self) -> Iterator[None]:
        panels.offer("catalog:product-new", "Test offer")
        yield
        panels.withdraw("catalog:product-new")

    def test_leads_on_with_the_lists_filter_and_no_cursor(self, client: Client) -> None:
        product = make_product("Blue mug", type="mug")
        page = client.get(f"/products/?q=blue&type={product.type_id}&before={product.pk}").content.decode()
        assert "Test offer" not in page, "there is nothing on that side"
        page = client.get(f"/products/?q=blue&type={product.type_id}&after={product.pk + 1}").content.decode()
        assert f'href="/products/new/?q=blue&amp;type={product.type_id}">Test offer</a>' in page

    @pytest.mark.parametrize("query", ["", "?q=nothing-like-this"])
    def test_nothing_is_offered_for_everything_or_nothing(self, client: Client, query: str) -> None:
        make_product("Blue mug")
        assert "Test offer" not in client.get(f"/products/{query}").content.decode()

    def test_whoever_may_not_take_it_does_not_see_it(self, client_for: ClientFor, analyst: User) -> None:
        make_product("Blue mug")
        assert "Test offer" not in client_for(analyst).get("/products/?q=blue").content.decode()


class TestChange:
    def test_makes_a_product_and_its_type(self, client: Client) -> None:
        response = client.post("/products/new/", {"title": " Blue  mug ", "type": "Coffee Mug", "external_id": "X1"})
        product = Product.objects.get()
        assert response.headers["Location"] == product.get_absolute_url()
        assert (product.title, product.source, product.external_id) == ("Blue mug", "hand", "X1")
        assert product.type is not None
        assert (product.type.name, product.type.product_count) == ("coffee mug", 1)

    def test_without_an_external_id_it_gets_one(self, client: Client) -> None:
        for _ in range(2):
            client.post("/products/new/", {"title": "Mug"})
        assert len(set(Product.objects.values_list("external_id", flat=True))) == 2

    def test_says_that_an_external_id_is_taken_and_keeps_what_was_typed(self, client: Client) -> None:
        make_product(source="hand", external_id="X1")
        response = client.post("/products/new/", {"title": "Mug <1>", "external_id": "X1", "type": "kite"})
        assert response.status_code == 422
        assert "hand has a product with the external id X1 already." in response.content.decode()
        assert 'value="Mug &lt;1&gt;"' in response.content.decode()
        assert not ProductType.objects.filter(name="kite").exists()

    def test_changes_title_and_type_and_keeps_the_counts(self, client: Client) -> None:
        product = make_product("Mug", type="mug")
        client.post(f"/products/{product.pk}/edit/", {"title": "Cup", "type": "cup"})
        product.refresh_from_db()
        assert product.title == "Cup"
        assert dict(ProductType.objects.values_list("name", "product_count")) == {"mug": 0, "cup": 1}
        client.post(f"/products/{product.pk}/edit/", {"title": "Cup", "type": ""})
        product.refresh_from_db()
        assert product.type is None

    @pytest.mark.parametrize("title", ["", "   ", "x" * 501, "a\0b"])
    def test_a_title_that_cannot_be_kept_is_refused(self, client: Client, title: str) -> None:
        product = make_product("Mug")
        assert client.post(f"/products/{product.pk}/edit/", {"title": title}).status_code == 422
        product.refresh_from_db()
        assert product.title == "Mug"

    def test_deleting_asks_and_names_the_photos(self, client: Client) -> None:
        photo = make_photo()
        url = f"/products/{photo.product_id}/delete/"
        page = client.get(url).content.decode()
        assert "Its 1 photo goes with it" in page
        assert ">Delete it all</button>" in page
        assert Product.objects.exists()
        assert client.post(url).headers["Location"] == "/products/"
        assert not Product.objects.exists()


LOOK = ["/products/", "/products/{product}/", "/products/{product}/photos/"]
CHANGE = ["/products/new/", "/products/{product}/edit/", "/products/{product}/delete/"]
POST_ONLY = [
    "/products/{product}/photos/add/",
    "/products/{product}/photos/order/",
    "/photos/{photo}/move/",
    "/photos/{photo}/remove/",
]


class TestWhoMayWhat:
    @pytest.fixture
    def ids(self) -> dict[str, int]:
        photo = make_photo()
        return {"product": photo.product_id, "photo": photo.pk}

    @pytest.fixture
    def everyone(self, client_for: ClientFor, rater: User, analyst: User, operator: User) -> list[Client]:
        return [client_for(user) for user in (None, rater, analyst, operator)]

    @pytest.mark.parametrize("url", LOOK)
    def test_analysts_and_operators_look(self, url: str, ids: dict[str, int], everyone: list[Client]) -> None:
        got = [client.get(url.format(**ids)).status_code for client in everyone]
        assert got == [302, 403, 200, 200]

    @pytest.mark.parametrize("url", CHANGE)
    def test_operators_alone_change(self, url: str, ids: dict[str, int], everyone: list[Client]) -> None:
        got = [client.get(url.format(**ids)).status_code for client in everyone]
        assert got == [302, 403, 403, 200]

    @pytest.mark.parametrize("url", POST_ONLY)
    def test_what_changes_takes_a_post_by_an_operator(
        self, url: str, ids: dict[str, int], client_for: ClientFor, analyst: User, operator: User
    ) -> None:
        assert client_for(operator).get(url.format(**ids)).status_code == 405
        assert client_for(analyst).post(url.format(**ids)).status_code == 403
        assert client_for(None).post(url.format(**ids)).status_code == 302
        assert client_for(operator).post(url.format(**ids)).status_code == 302

    @pytest.mark.parametrize("url", [*LOOK[1:], *CHANGE[1:], *POST_ONLY])
    def test_an_id_that_is_nobodys_is_not_found(self, url: str, client: Client) -> None:
        method = client.post if url in POST_ONLY else client.get
        assert method(url.format(product=999_999, photo=999_999)).status_code == 404
        assert method(url.format(product=2**70, photo=2**70)).status_code == 404

    @pytest.mark.parametrize("url", LOOK)
    def test_looking_takes_no_post(self, url: str, ids: dict[str, int], client: Client) -> None:
        assert client.post(url.format(**ids)).status_code == 405


def test_attributes_are_shown_in_words_whatever_they_are_called(client: Client) -> None:
    attributes = {"items": "3", "points": ["<b>first</b>", "second"], "size": {"height": [1, "cm"]}}
    page = client.get(make_product(attributes=attributes).get_absolute_url()).content.decode()
    assert "<dt>items</dt><dd>3</dd>" in page
    assert "<dd>&lt;b&gt;first&lt;/b&gt;<br>second</dd>" in page
    assert "<dd>height: 1, cm</dd>" in page
