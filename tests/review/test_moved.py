"""Products that changed sides, with a few pictures of each: bounded, whatever there is."""

import pytest

from raters.models import Task
from review import comparison_tables, moved
from review.filters import Filters
from review.models import Comparison, JudgedImage
from review.services import comparisons
from tests.factories.catalog import make_product
from tests.review.facts import put


@pytest.fixture
def compared(db: None) -> Comparison:
    """20 products that only "b" passes, six images each; one that only "a" passes."""
    lamp = make_product("Lamp")
    wanted = [(lamp, name, "x", [name == "a"]) for name in "ab"]
    for number in range(20):
        mug = make_product(f"Mug {number}")
        wanted += [(mug, "a", "x", [False]), (mug, "b", "x", [False, True, False, True, False, False])]
    put(wanted)
    row = comparisons.ask(Filters(), ["a", "b"])
    comparisons.run(row.pk)
    row.refresh_from_db()
    return row


def test_a_page_holds_the_first_few_and_tells_how_many(compared: Comparison) -> None:
    (told,) = compared.result
    assert told["moved"]["gained"]["count"] == 20
    assert len(told["moved"]["gained"]["items"]) == comparisons.SHOWN
    ((gained, lost),) = moved.pictures(compared.result)
    assert (gained.method, gained.count, len(gained.products)) == ("b", 20, comparisons.SHOWN)
    assert (lost.method, lost.count, lost.products[0].item.name) == ("a", 1, "Lamp")
    (first, second) = gained.products[0].sides
    assert ([image.verdict for image in first[1]], first[0]) == ([0], "a")
    assert [image.verdict for image in second[1]] == [1, 1, 0, 0]
    assert len(second[1]) == moved.PICTURES


def test_reading_them_takes_as_many_queries_for_any_number(compared: Comparison, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(3):
        moved.pictures(compared.result * 5)


def test_pictures_and_verdicts_stay_as_they_were_compared(compared: Comparison) -> None:
    before = moved.pictures(compared.result)
    JudgedImage.objects.update(verdict=1)
    put([(make_product("Later"), "b", "x", [True])])
    assert moved.pictures(compared.result) == before
    Task.objects.filter(pk=before[0][0].products[0].sides[1][1][0].task.pk).delete()
    assert len(moved.pictures(compared.result)[0][0].products[0].sides[1][1]) == 3


def test_a_result_without_kept_pictures_shows_its_products(compared: Comparison) -> None:
    for side in compared.result[0]["moved"].values():
        del side["shown"]
    ((gained, _),) = moved.pictures(compared.result)
    assert (len(gained.products), gained.products[0].sides) == (comparisons.SHOWN, ())


def test_the_file_has_all_of_them(compared: Comparison) -> None:
    rows = list(comparison_tables.moved(compared).rows())
    assert len(rows) == 21
    assert {row["passes_with"] for row in rows if row["name"].startswith("Mug")} == {"b"}
    assert [row["passes_with"] for row in rows if row["name"] == "Lamp"] == ["a"]


def test_the_file_of_figures_holds_the_kept_ones(compared: Comparison) -> None:
    rows = list(comparison_tables.differences(compared).rows())
    (told,) = compared.result
    assert [row["part"] for row in rows[:3]] == ["whole", "whole", "question"]
    assert rows[0]["difference"] == told["per_image"]["difference"]["value"]
    assert (rows[0]["rate"], rows[0]["baseline_rate"]) == (told["per_image"]["first"], told["per_image"]["second"])
    assert rows[1]["winner"] == told["winner_per_product"] == "b"
    assert rows[2]["p"] == told["questions"][0]["p"]


def test_one_not_computed_yet_has_no_rows(db: None) -> None:
    row = Comparison.objects.create(methods=["a", "b"])
    assert list(comparison_tables.differences(row).rows()) == list(comparison_tables.moved(row).rows()) == []
