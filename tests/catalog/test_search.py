"""The search index: what is found, that it stays right, and that typed text is never its syntax."""

from importlib import import_module

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import search_index
from catalog.models import Product, ProductType
from catalog.search import IndexQuery, matching_ids, words_of
from catalog.selectors.products import ProductFilter, product_page
from catalog.services.products import ProductRow, remove_product, set_type, upsert_products
from tests.factories.catalog import make_photo, make_product, make_type
from vitrine.paging import Slice

pytestmark = pytest.mark.django_db
ALL = Slice(None, falling=True, limit=100)


def found(text: str = "", **rest: object) -> list[str]:
    page = product_page(ProductFilter(text, **rest))  # type: ignore[arg-type]
    return [product.title for product in page.items]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", ()),
        ("Red  Mug", ("red", "mug")),
        ('"red" OR mug*', ("red", "or", "mug")),
        ("T-Shirt", ("t", "shirt")),
        ("NEAR(red mug, 2)", ("near", "red", "mug", "2")),
        ("mug mug MUG", ("mug",)),
        ("☕ 🎉 -- *** '", ()),
        ("\ue000t7 mug\0s", ("t7", "mug", "s")),
        ("椅子 стул", ("椅子", "стул")),
        (" ".join(f"w{i}" for i in range(20)), tuple(f"w{i}" for i in range(8))),
    ],
)
def test_typed_text_is_cut_into_words(typed: str, words: tuple[str, ...]) -> None:
    assert words_of(typed) == words


@pytest.mark.parametrize(
    "typed",
    [
        "mug",
        "MUG",
        "mu",
        "blue",
        "large mug",
        "acme",
        "ACM",
        "b07",
        "b07-x1",
        "mug b07",
        "cafe",
        "café",
        "blue café mu",
    ],
)
def test_finds_by_title_external_id_and_brand_with_the_last_word_begun(typed: str) -> None:
    make_product("Large Blue Café Mug", external_id="B07-X1", attributes={"brand": "Acme", "colour": "teal"})
    make_product("Wooden chair")
    assert found(typed) == ["Large Blue Café Mug"]


@pytest.mark.parametrize("typed", ["ug", "mu blue", "teal", "mug chair", "mugs", "a cme"])
def test_does_not_find_parts_other_attributes_or_half_of_the_words(typed: str) -> None:
    make_product("Large Blue Café Mug", external_id="B07-X1", attributes={"brand": "Acme", "colour": "teal"})
    make_product("Wooden chair")
    assert found(typed) == []


@pytest.mark.parametrize(
    "typed",
    [
        '"', '""', "'", "*", "mug*", "-mug", "mug -chair", "NEAR(mug)", "mug AND", "OR", "NOT mug", "title:mug",
        "{words}: mug", "^mug", "mug:*", "mug & !chair", "(mug", "mug)", "\\", "mug\\'", "%", "%s", "\0", "mug\0",
        "😀", "😀mug", "a😀b", "\ue000t1", "\ue000", "क्षेत्र", "e\u0301", "\u0301", "İ", "ß", "\ud800",
        "x" * 10_000, "mug " * 2_500, '"' * 10_000,
    ],
)  # fmt: skip
def test_no_text_is_syntax_or_an_error(typed: str) -> None:
    make_product("Blue mug")
    make_product("क्षेत्र 😀 e\u0301")
    assert set(found(typed)) <= {"Blue mug", "क्षेत्र 😀 e\u0301"}


@pytest.mark.parametrize(
    "word",
    [
        "mug", "chair", "bottle", "smartphone", "extraordinarily", "b07", "b07hs8klmn", "10x15x20cm", "2024",
        "椅子", "가나다라마바사아자차", "\U00020000\U00020001\U00020002", "\uff41\uff42\uff43", "क्षेत्रफलम्बाई", "שלום",
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", ["", "ultra "])
def test_every_beginning_of_a_word_finds_it_and_nothing_else(word: str, before: str) -> None:
    kind = make_type("thing")
    make_product(f"Ultra {word.upper()}", external_id="zz", type=kind)
    make_product("Ultra other", external_id="yy")
    for length in range(1, len(word) + 1):
        if words_of(word[:length]):
            assert found(before + word[:length]) == [f"Ultra {word.upper()}"]
            assert found(before + word[:length], type=kind.pk, source="") == [f"Ultra {word.upper()}"]
        assert found(f"{before}{word[:length]}q") == []
    assert found(f"{word} ultra") == [f"Ultra {word.upper()}"]


def test_words_meet_type_source_and_lack_of_photos() -> None:
    chair, mug = make_type("chair"), make_type("mug")
    make_product("Blue one", type=chair, source="abo")
    make_product("Blue two", type=mug, source="abo")
    make_product("Blue three", type=mug, source="own")
    make_product("Blue four", source="own")
    make_photo(make_product("Blue five", type=mug, source="own"))
    assert found("blue", type=mug.pk) == ["Blue five", "Blue three", "Blue two"]
    assert found("blue", type="none") == ["Blue four"]
    assert found("blue", type=mug.pk, source="own") == ["Blue five", "Blue three"]
    assert found("blue", type=mug.pk, source="own", without_photos=True) == ["Blue three"]
    assert found(source="own", without_photos=True) == ["Blue four", "Blue three"]
    assert found(type=mug.pk, source="abo") == ["Blue two"]
    assert found(type="none", source="abo") == []
    assert found(source="nobody's") == []


def test_pages_of_a_search_join_without_gap_both_ways() -> None:
    for number in range(7):
        make_product(f"Mug {number}")
        make_product(f"Chair {number}")
    first = product_page(ProductFilter("mug"), size=3)
    second = product_page(ProductFilter("mug"), after=first.next_cursor, size=3)
    third = product_page(ProductFilter("mug"), after=second.next_cursor, size=3)
    titles = [product.title for page in (first, second, third) for product in page.items]
    assert titles == [f"Mug {number}" for number in range(6, -1, -1)]
    assert third.next_cursor is None
    assert product_page(ProductFilter("mug"), before=third.previous_cursor, size=3) == second
    oldest = product_page(ProductFilter("mug", oldest_first=True), size=3)
    assert [product.title for product in oldest.items] == ["Mug 0", "Mug 1", "Mug 2"]


def test_a_page_of_a_search_takes_few_queries() -> None:
    kind = make_type("mug")
    for number in range(30):
        make_product(f"Mug {number}", type=kind)
    with CaptureQueriesContext(connection) as queries:
        page = product_page(ProductFilter("mug", type=kind.pk), size=20)
        assert [product.type.name for product in page.items if product.type] == ["mug"] * 20
    assert len(queries) <= (2 if connection.vendor == "sqlite" else 4)


class TestTheIndexStaysRight:
    """After every way in which a row can change."""

    def test_bulk_create_and_upsert(self) -> None:
        Product.objects.bulk_create([Product(source="s", external_id=str(i), title=f"Vase {i}") for i in range(3)])
        assert found("vase") == ["Vase 2", "Vase 1", "Vase 0"]
        upsert_products([ProductRow("1", "Jug", "jug"), ProductRow("9", "Vase 9")], source="s")
        assert found("vase") == ["Vase 9", "Vase 2", "Vase 0"]
        assert found("jug", type=ProductType.objects.get(name="jug").pk) == ["Jug"]

    def test_update_save_and_raw_sql(self) -> None:
        product = make_product("Vase")
        Product.objects.filter(pk=product.pk).update(title="Jug")
        assert (found("vase"), found("jug")) == ([], ["Jug"])
        product.title = "Pot"
        product.save()
        assert (found("jug"), found("pot")) == ([], ["Pot"])
        with connection.cursor() as cursor:
            cursor.execute("UPDATE catalog_product SET title = 'Urn' WHERE id = %s", [product.pk])
        assert (found("pot"), found("urn")) == ([], ["Urn"])

    def test_brand_external_id_and_source(self) -> None:
        product = make_product("Vase", attributes={"brand": "Acme"}, source="one")
        Product.objects.filter(pk=product.pk).update(attributes={"brand": "Bolt"}, external_id="Z9", source="two")
        assert (found("acme"), found("bolt"), found("z9")) == ([], ["Vase"], ["Vase"])
        assert (found("vase", source="one"), found("vase", source="two")) == ([], ["Vase"])
        Product.objects.filter(pk=product.pk).update(attributes=["no", "mapping"])
        assert (found("bolt"), found("vase")) == ([], ["Vase"])

    def test_type(self) -> None:
        one, two = make_type("one"), make_type("two")
        product = make_product("Vase", type=one)
        set_type(product, two)
        assert (found("vase", type=one.pk), found("vase", type=two.pk)) == ([], ["Vase"])
        set_type(product, None)
        assert (found("vase", type=two.pk), found("vase", type="none")) == ([], ["Vase"])

    def test_photos(self) -> None:
        product = make_product("Vase")
        photo = make_photo(product)
        assert found("vase", without_photos=True) == []
        photo.delete()
        Product.objects.filter(pk=product.pk).update(photo_count=0)
        assert found("vase", without_photos=True) == ["Vase"]

    def test_delete(self) -> None:
        keep, gone = make_product("Vase kept"), make_product("Vase gone")
        remove_product(gone)
        assert matching_ids(IndexQuery(("vase",)), ALL) == [keep.pk]
        Product.objects.all().delete()
        assert matching_ids(IndexQuery(("vase",)), ALL) == []


def test_installing_again_fills_the_index_from_the_products() -> None:
    make_product("Vase")
    search_index.install(connection)
    make_product("Vase two")
    assert found("vase") == ["Vase two", "Vase"]
    Product.objects.filter(title="Vase").delete()
    assert found("vase") == ["Vase two"]


def test_a_very_long_title_without_spaces_can_be_kept() -> None:
    make_product("가" * 500, external_id="\U00020000" * 200, attributes={"brand": "é" * 5_000})
    assert found("가" * 250) == ["가" * 500]


@pytest.mark.postgres
class TestBeginningsInPostgres:
    """Beginnings are keys of the index: looking one up costs what a whole word costs."""

    def test_the_keys_are_the_beginnings_of_words_and_of_no_facet(self) -> None:
        make_product("Wonderful mug", external_id="B07HS8", source="abo")
        with connection.cursor() as cursor:
            cursor.execute("SELECT tsvector_to_array(catalog_product_beginnings(search)) FROM catalog_product")
            keys = cursor.fetchone()[0]
        wonderful = {"wonderful"[:length] for length in range(1, search_index.BEGINNING + 1)}
        identifier = {"b07hs8"[:length] for length in range(1, search_index.BEGINNING_WITH_DIGITS + 1)}
        assert sorted(keys) == sorted(wonderful | identifier | {"m", "mu", "mug"})

    @pytest.mark.parametrize(
        "typed", ["airpo", "airpod", "airpods", "airpods4", "mug airpod", "headphon", "headphones2"]
    )
    def test_words_with_digits_are_found_by_every_beginning(self, typed: str) -> None:
        make_product("Mug airpods4 headphones2go")
        for number in range(3):
            make_product(f"Vase {number}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("catalog.search.PROBE", 1)  # so that only the index can find it
            assert len(matching_ids(IndexQuery(words_of(typed)), ALL)) == 1

    @pytest.mark.parametrize(
        ("typed", "collected"),
        [
            ("mug chair", False), ("c", False), ("mug wonderfu", False), ("b07hs", False), ("mug b07hs", False),
            ("mug wonderful", True), ("b07hs8", True),
        ],
    )  # fmt: skip
    def test_only_long_beginnings_are_collected(self, typed: str, collected: bool) -> None:
        with CaptureQueriesContext(connection) as queries:
            matching_ids(IndexQuery(words_of(typed)), ALL)
        last = queries[-1]["sql"]
        assert "MATERIALIZED" in last
        assert (":*" in last, "catalog_product_beginnings" in last) == (collected, not collected)

    def test_the_index_serves_words_beginnings_and_both(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            for condition in (
                "search @@ 'mug'",
                "catalog_product_beginnings(search) @@ 'mu'",
                "search @@ 'mug' AND catalog_product_beginnings(search) @@ 'cha'",
            ):
                cursor.execute(f"EXPLAIN SELECT id FROM catalog_product WHERE {condition}")  # noqa: S608 - constants
                plan = "\n".join(row[0] for row in cursor.fetchall())
                assert "Bitmap Index Scan on catalog_product_search" in plan
                assert "Filter" not in plan

    def test_a_database_from_before_gets_them_by_its_migration(self) -> None:
        make_product("Vase")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("DROP INDEX catalog_product_search")
            cursor.execute("DROP FUNCTION catalog_product_beginnings")
            cursor.execute("CREATE INDEX catalog_product_search ON catalog_product USING gin (search)")
        make_product("Vase two")
        with connection.schema_editor() as editor:
            import_module("catalog.migrations.0003_beginnings").install(None, editor)
        make_product("Vase three")
        assert found("vas") == ["Vase three", "Vase two", "Vase"]
