"""Products in bulk: found by (source, external id), counts of types exact, also with two imports at once."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count

from catalog.exceptions import RowRefused
from catalog.models import Product, ProductType
from catalog.services.products import (
    ProductRow,
    check_row,
    plan_products,
    recount_products,
    set_type,
    type_name_of,
    upsert_products,
)
from tests.factories.catalog import make_product, make_type

pytestmark = pytest.mark.django_db


def rows(numbers: range, *, title: str = "A thing", types: tuple[str, ...] = ("mug",)) -> list[ProductRow]:
    return [ProductRow(f"p{n}", f"{title} {n}", types[n % len(types)], {"n": n}) for n in numbers]


def counts_are_exact() -> bool:
    counted = ProductType.objects.annotate(real=Count("products")).values_list("product_count", "real")
    return all(kept == real for kept, real in counted)


def test_added_then_unchanged_then_updated() -> None:
    first = upsert_products(rows(range(5)), source="a")
    assert (first.added, first.updated, first.unchanged) == (5, 0, 0)
    assert first.ids == dict(Product.objects.values_list("external_id", "pk"))
    assert upsert_products(rows(range(5)), source="a")[:3] == (0, 0, 5)
    assert upsert_products(rows(range(3, 7), title="New"), source="a")[:3] == (2, 2, 0)
    assert Product.objects.get(external_id="p3").title == "New 3"
    assert Product.objects.get(external_id="p0").attributes == {"n": 0}
    assert upsert_products(rows(range(5)), source="b").added == 5
    assert counts_are_exact()


def test_a_later_row_of_the_same_id_wins() -> None:
    done = upsert_products([ProductRow("x", "first"), ProductRow("x", "second")], source="a")
    assert (done.added, done.unchanged) == (1, 1)
    assert Product.objects.get().title == "second"


def test_a_row_without_a_type_leaves_the_type_and_one_with_another_moves_it() -> None:
    upsert_products([ProductRow("x", "t", "mug")], source="a")
    upsert_products([ProductRow("x", "other", "")], source="a")
    assert Product.objects.get().type == ProductType.objects.get(name="mug")
    upsert_products([ProductRow("x", "other", "vase")], source="a")
    assert dict(ProductType.objects.values_list("name", "product_count")) == {"mug": 0, "vase": 1}


def test_a_plan_says_what_would_be_and_writes_nothing() -> None:
    upsert_products(rows(range(2)), source="a")
    assert plan_products(rows(range(1, 4), title="New", types=("bowl",)), source="a") == (2, 1, 0, {})
    assert (Product.objects.count(), ProductType.objects.count()) == (2, 1)


def test_set_type_and_recount() -> None:
    product, mug = make_product(type="bowl"), make_type("mug")
    set_type(product, mug)
    set_type(product, mug)
    assert counts_are_exact()
    ProductType.objects.update(product_count=77)
    recount_products()
    assert counts_are_exact()


def test_queries_do_not_grow_with_rows(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(14):
        upsert_products(rows(range(900)), source="a")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ProductRow("", "t"), "no external_id"),
        (ProductRow("x", ""), "no title"),
        (ProductRow("x" * 201, "t"), "201 characters; at most 200"),
        (ProductRow("x", "t" * 501), "title has 501"),
        (ProductRow("x", "t", "y" * 81), "type has 81"),
        (ProductRow("x", "nul \x00"), "cannot be stored"),
        (ProductRow("x", "half \ud83d"), "cannot be stored"),
        (ProductRow("x", "t", "", {"a": ["\x00"]}), "cannot be stored"),
        (ProductRow("x", "t", "", {"\udc80": 1}), "cannot be stored"),
        (ProductRow("x", "t", "", {"a": float("inf")}), "NaN or infinity"),
        (ProductRow("x", "t", "", {"a": "y" * 100_001}), "at most 100,000"),
    ],
)
def test_rows_that_no_table_takes_are_refused(row: ProductRow, words: str) -> None:
    with pytest.raises(RowRefused, match=words):
        check_row(row)


def test_whatever_passes_the_check_can_be_stored() -> None:
    odd = ProductRow(
        "ünï/cödé",
        "😀 \u200e 中文 \\u0000 ' \" \t tab",
        "",
        {"a": "\\u0000 \\ud800 😀\n\t\\", "b": [None, 1.5, 2**70]},
    )
    check_row(odd)
    upsert_products([odd], source="a")
    assert upsert_products([odd], source="a").unchanged == 1
    assert Product.objects.get().title == odd.title


@pytest.mark.parametrize(
    ("given", "kept"),
    [("CELLULAR_PHONE_CASE", "cellular phone case"), ("  Office-Chair ", "office chair"), ("a/b", "a b"), ("_", "")],
)
def test_type_names(given: str, kept: str) -> None:
    assert type_name_of(given) == kept


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sources", [("a", "a"), ("a", "b")])
def test_two_imports_at_once_neither_deadlock_nor_miscount(sources: tuple[str, str]) -> None:
    types = tuple(f"type {number}" for number in range(20))
    problems: list[Exception] = []
    ready = threading.Barrier(2)

    def work(source: str, turn: int) -> None:
        try:
            ready.wait()
            for start in range(0, 300, 60):
                batch = rows(range(start, start + 60), title=f"from {turn}", types=types[turn:] + types[:turn])
                upsert_products(batch[:: -1 if turn else 1], source=source)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[source, turn]) for turn, source in enumerate(sources)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert Product.objects.count() == 300 * len(set(sources))
    assert counts_are_exact()
