"""Products inserted past the ORM are the same as those that the ORM would have written."""

import json

import pytest
from django.db import IntegrityError, transaction

from catalog.models import Product
from catalog.services import bulk
from tests.factories.catalog import make_type

pytestmark = pytest.mark.django_db
AWKWARD = 'He said "mug" \\ back\\n, naïve 🦆 日本語 \u2028 {"not": "json"}'


def test_each_value_arrives_as_it_was() -> None:
    kind = make_type()
    attributes = {"brand": AWKWARD, "sizes": [1, 2.5, None, True], "nested": {"a": {}}, "": ""}
    bulk.insert_products("shop", [(AWKWARD, AWKWARD, kind.pk, bulk.as_json(attributes)), ("b", "B", None, "{}")])
    first, second = Product.objects.order_by("id")
    assert (first.source, first.external_id, first.title, first.type) == ("shop", AWKWARD, AWKWARD, kind)
    assert first.attributes == attributes
    assert (second.type, second.attributes, second.photo_count, second.cover) == (None, {}, 0, None)
    assert first.created_at == first.updated_at == second.created_at


def test_many_rows_go_in_several_statements_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_TEXT_AT_A_TIME", 100)
    bulk.insert_products("shop", [(str(number), f"Product {number}", None, "{}") for number in range(50)])
    titles = Product.objects.order_by("id").values_list("title", flat=True)
    assert list(titles) == [f"Product {number}" for number in range(50)]


def test_no_rows_change_nothing() -> None:
    bulk.insert_products("shop", [])
    assert not Product.objects.exists()


def test_the_database_holds_its_rules() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert_products("shop", [("a", "A", None, "{}"), ("a", "again", None, "{}")])
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert_products("shop", [("c", "", None, "{}")])
    assert not Product.objects.exists()


def test_attributes_that_are_no_json_are_refused() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        bulk.as_json({"size": float("nan")})
    assert json.loads(bulk.as_json({"size": 1.5})) == {"size": 1.5}
