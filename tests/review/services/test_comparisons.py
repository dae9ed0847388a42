"""Comparisons: asked for once, computed by a worker, kept as they were."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from catalog.models import Product
from jobs.exceptions import JobError
from jobs.models import Job
from review.filters import Filters
from review.models import Comparison
from review.reporting import contents
from review.services import comparisons
from tests.factories.catalog import make_product
from tests.review.facts import put
from tests.review.made import judged, run_job

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def products(db: None) -> list[Product]:
    """Eight products: "b" passes more images of each than "a" does, and one product only with "a"."""
    made = [make_product(f"Mug {number}", type="mug") for number in range(8)]
    wanted = []
    for number, product in enumerate(made):
        wanted.append((product, "a", "beach", [number == 0, False, number % 2 == 0 and number > 2]))
        wanted.append((product, "b", "beach", [number > 0, number > 1, number > 2]))
    put([*wanted, (make_product("Lamp"), "a", "beach", [True])])
    return made


def worked(row: Comparison) -> Comparison:
    """The comparison after its job has run."""
    run_job(Job.objects.get(key=row.job_key))
    row.refresh_from_db()
    return row


def test_a_comparison_is_paired_by_product(products: list[Product]) -> None:
    (found,) = worked(comparisons.ask(Filters(), ["a", "b"])).result
    assert (found["products"], found["only_first"], found["only_second"]) == (8, 1, 0)
    # a: 1 + 2 of 24; b: 7 + 6 + 5 of 24
    assert found["per_image"]["first"] == pytest.approx(18 / 24)
    assert found["per_image"]["second"] == pytest.approx(3 / 24)
    assert found["winner"] == "b"
    said = "b is better than a: its pass rate per image is higher by +62.5 points ("
    assert found["sentence"].startswith(said)
    (turned,) = worked(comparisons.ask(Filters(), ["b", "a"])).result
    assert turned["sentence"] == found["sentence"]
    assert (found["moved"]["gained"]["count"], found["moved"]["lost"]["count"]) == (5, 1)
    assert [part["name"] for part in found["types"]] == ["mug"]
    assert len(found["questions"]) == 8
    size = next(part for part in found["questions"] if part["name"] == "Product size")
    assert size["compared"]["first"] == pytest.approx(18 / 24)


def test_questions_that_never_differ_have_no_p(products: list[Product]) -> None:
    (found,) = worked(comparisons.ask(Filters(), ["a", "b"])).result
    safety = next(part for part in found["questions"] if part["name"] == "Safety")
    assert (safety["compared"]["first"], safety["p"]) == (1.0, None)


def test_no_winner_is_named_where_the_interval_holds_zero(db: None) -> None:
    made = [make_product() for _ in range(4)]
    put([(one, name, "x", [n % 2 == (name == "a"), False]) for n, one in enumerate(made) for name in "ab"])
    (found,) = worked(comparisons.ask(Filters(), ["a", "b"])).result
    assert found["winner"] == ""
    assert found["sentence"].startswith("No winner")


def test_it_stays_as_it_was_whatever_is_rated_later(products: list[Product]) -> None:
    row = worked(comparisons.ask(Filters(), ["a", "b"]))
    before = row.result
    put([(product, "a", "desk", [True] * 3) for product in products], name="Later")
    assert comparisons.run(row.pk) == {"methods": 2, "products": 8}  # its job begun again
    row.refresh_from_db()
    assert row.result == before
    assert worked(comparisons.ask(Filters(), ["a", "b"])).result != before


def test_only_the_images_chosen_are_compared(products: list[Product]) -> None:
    put([(product, "a", "desk", [True] * 3) for product in products], name="Later")
    first = Comparison.objects.count()
    row = comparisons.ask(Filters(method="b", type=products[0].type_id, since=None), ["a", "b"])
    assert row.query == f"type={products[0].type_id}"
    assert Comparison.objects.count() == first + 1
    assert worked(row).result[0]["per_image"]["second"] == pytest.approx((3 + 24) / 48)


@pytest.mark.parametrize("methods", [[], ["a"], ["a", "a"], ["a", ""], list("abcdefg")])
def test_what_cannot_be_compared_is_not_asked_for(methods: list[str], db: None) -> None:
    with pytest.raises(comparisons.CannotAsk, match="Choose 2 to 6 different methods"):
        comparisons.ask(Filters(), methods)
    assert not Comparison.objects.exists()


@pytest.mark.parametrize("method", ["a\x00b", "m" * 121], ids=["NUL", "too long"])
def test_names_that_no_method_has_are_refused(method: str, client_for: ClientFor, analyst: User) -> None:
    answer = client_for(analyst).post("/review/compare/", {"methods": ["a", method], "least": "1"})
    assert answer.status_code == 422
    assert "is no method: a name has up to 120 characters" in answer.content.decode()
    assert not Comparison.objects.exists()


def test_methods_without_a_product_in_common_fail_with_a_sentence(db: None) -> None:
    put([(make_product(), "a", "x", [True]), (make_product(), "b", "x", [True])])
    row = comparisons.ask(Filters(), ["a", "b"])
    with pytest.raises(JobError, match="2 or more"):
        worked(row)
    row.refresh_from_db()
    assert "2 or more" in row.problem


def test_the_page_asks_and_leads_to_the_comparison(
    client_for: ClientFor, analyst: User, products: list[Product]
) -> None:
    client = client_for(analyst)
    answer = client.post("/review/compare/", {"methods": ["a", "b"], "least": "1"})
    row = Comparison.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/review/compare/{row.pk}/")
    assert "being computed" in client.get("/review/compare/").content.decode()
    assert "is being computed" in client.get(f"/review/compare/{row.pk}/").content.decode()
    worked(row)
    page = client.get(f"/review/compare/{row.pk}/").content.decode()
    assert "b is better than a" in page
    assert "Products that pass only with b: 5" in page
    assert "Mug 1" in page
    assert "McNemar on products" in page


def test_the_page_says_what_is_wrong(client_for: ClientFor, analyst: User, products: list[Product]) -> None:
    answer = client_for(analyst).post("/review/compare/", {"methods": ["a", "a"]})
    assert answer.status_code == 422
    assert "Choose 2 to 6 different methods" in answer.content.decode()


def test_a_rankers_best_are_told_as_each_methods_own(
    client_for: ClientFor, analyst: User, products: list[Product]
) -> None:
    judged([(one, name, "x", [True]) for one in products for name in "ab"])
    row = comparisons.ask(Filters(ranker="sum", top=3), ["a", "b"])
    addresses = {f"/review/compare/{row.pk}/": " and method", "/review/compare/?ranker=sum&top=3": " and method",
                 "/review/?ranker=sum&top=3": ""}  # fmt: skip
    for address, of in addresses.items():
        page = client_for(analyst).get(address).content.decode()
        assert f"the best 3 of each product{of} by the plain sum" in page, address


def test_one_of_the_former_rule_says_what_it_was_of(
    client_for: ClientFor, analyst: User, products: list[Product]
) -> None:
    """Computed before each method had its own best: nothing in its result says that it has."""
    row = worked(comparisons.ask(Filters(), ["a", "b"]))
    assert comparisons.has_own_best(row)
    said = {"own": " and method", "former": ""}
    for rule, of in said.items():
        result = [{key: told for key, told in one.items() if rule == "own" or key != "own_best"} for one in row.result]
        Comparison.objects.filter(pk=row.pk).update(query="ranker=sum&top=3", result=result)
        row.refresh_from_db()
        words = f"the best 3 of each product{of} by the plain sum"
        assert words in client_for(analyst).get(f"/review/compare/{row.pk}/").content.decode(), rule
        report = contents.of_comparison(row)
        assert words in dict(report.facts)["Filters"], rule
        query = " ".join(block.text for block in report.sections[-1].blocks)
        assert ("place_by_sum" in query) == (rule == "former"), rule


def test_a_comparison_that_is_not_there(client_for: ClientFor, analyst: User) -> None:
    assert client_for(analyst).get("/review/compare/77/").status_code == 404


def test_with_one_method_there_is_nothing_to_compare(client_for: ClientFor, analyst: User) -> None:
    judged([(make_product(), "a", "x", [True])])
    page = client_for(analyst).get("/review/compare/").content.decode()
    assert "Judged images are of one method only: a." in page
