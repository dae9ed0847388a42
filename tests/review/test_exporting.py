"""Tables as files and by the API: the same figures as on the page, every row once, whatever the kind of file."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from review import exporting, figures, writing
from review.definitions import DEFINITIONS
from review.filters import Filters
from review.models import Mark, Verdicts
from tests.factories.catalog import make_product
from tests.review.facts import SCANNED, put
from tests.review.pictured import make_world
from tests.review.reading import read

ClientFor = Callable[[User | None], Client]
DANGEROUS = "=cmd|' /C calc'!A0"


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def test_images_as_csv(client: Client) -> None:
    made = put([(make_product(DANGEROUS, type="mug"), "a", "beach", [True, False])], name="Autumn, first")
    rows = read(client, f"/review/images.csv?campaign={made.pk}")
    assert [row["verdict"] for row in rows] == ["passed", "failed"]
    assert rows[0]["item"] == f"'{DANGEROUS}"  # a spreadsheet would run it
    assert rows[0]["campaign_name"] == "Autumn, first"
    assert list(rows[0]) == [column.name for column in exporting.images(Filters()).columns]
    assert rows[0]["seconds"] == str(Filters().rows().get(pk=rows[0]["task"]).active_ms / 1000)
    assert read(client, "/review/images.csv?method=gone") == []


def test_the_file_of_images_holds_what_its_page_shows(client: Client) -> None:
    world = make_world()
    Mark.objects.create(candidate=world.candidates[1])
    for query, numbers in (
        ("verdict=failed", {1, 2}),
        ("question=size&how=alone&sort=clip_i", {1}),
        ("marked=1", {1}),
        (f"product={world.product.pk}&verdict=passed", {0}),
        (f"verdict=passed&campaign={world.campaign.pk + 1}", set()),
    ):
        rows = read(client, f"/review/images.parquet?{query}")
        assert {row["candidate"] for row in rows} == {world.candidates[n].pk for n in numbers}, query
    page = client.get("/review/images/?verdict=failed").content.decode()
    assert 'href="/review/images.csv?verdict=failed"' in page
    assert "images.csv" not in client.get("/review/images/?verdict=open&marked=1").content.decode()
    refused = client.get("/review/images.csv?verdict=open&marked=1")
    assert (refused.status_code, "nobody has judged" in refused.content.decode()) == (422, True)
    assert client.get("/review/images.csv?how=fails").status_code == 422


def test_a_page_of_a_long_table_reads_no_further_than_its_rows(db: None) -> None:
    a_world()
    for table, column, statements in (("images", "task_id", 1), ("products", "item", 2)):
        every = sorted(set(Filters().rows().values_list(column, flat=True)))
        with CaptureQueriesContext(connection) as asked:
            rows, last = exporting.page(Filters(), table, every[0], 2)
        assert ([next(iter(row.values())) for row in rows], last) == (every[1:3], every[2])
        told = [one["sql"] for one in asked if "SELECT" in one["sql"]]
        assert len(told) == statements
        assert "LIMIT 3" in told[0]
    assert exporting.page(Filters(), "products", every[-1], 2) == ([], None)


def test_images_as_parquet_have_types_and_text_as_it_is(client: Client) -> None:
    put([(make_product(DANGEROUS, type="mug"), "a", "beach", [True]), (make_product(), "", "", [False])])
    rows = read(client, "/review/images.parquet")
    first = Filters().rows().order_by("pk")[0]
    assert rows[0]["item"] == DANGEROUS
    assert (rows[0]["task"], rows[0]["day"], rows[0]["candidate"]) == (first.pk, first.day, None)
    assert (rows[1]["verdict"], rows[1]["method"]) == ("failed", "")
    assert read(client, "/review/images.parquet?method=gone") == []


def a_world() -> None:
    """Seven products, one of them without a type; a and b in two campaigns."""
    products = [make_product(f"Product {n}", type=("mug", "lamp")[n % 2]) for n in range(6)] + [make_product("Bare")]
    for name in ("First", "Second"):
        images = [(n, one, method) for n, one in enumerate(products) for method in "ab"]
        put([(one, method, f"scene {n % 2}", [n % 2 == 0, method == "b"]) for n, one, method in images], name=name)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_long_files_have_every_row_once_over_their_batches(
    ending: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_world()
    monkeypatch.setattr(exporting, "BATCH", 5)
    for table, key, column in (("images", "task", "task_id"), ("products", "item", "item")):
        keys = [int(row[key]) for row in read(client, f"/review/{table}.{ending}")]
        assert keys == sorted(set(Filters().rows().values_list(column, flat=True)))
        assert len(keys) > 5


def test_products_add_up_to_the_overview(client: Client) -> None:
    a_world()
    found = figures.overview(SCANNED.but(least=2))
    rows = read(client, "/review/products.parquet?voters=person&least=2")
    assert sum(row["passed"] for row in rows) == found.per_image.passed
    assert sum(row["undecided"] for row in rows) == found.undecided
    assert sum(row["ratings"] for row in rows) == found.cost.ratings
    assert sum(row["passes"] == "yes" for row in rows) == found.per_product.passed
    assert len(rows) == found.per_product.of
    assert all(row["rate"] == row["passed"] / row["images"] for row in rows)
    assert sum(row["seconds"] for row in rows) == found.cost.hours * 3600
    assert [row["type"] for row in rows if row["name"] == "Bare"] == [None]


def test_the_file_of_products_holds_what_its_page_shows(client: Client) -> None:
    bare = make_product("Bare")
    wanted = {"Two": [True, True], "One": [True, False], "None": [False, False]}
    put([(make_product(name), "a", "beach", verdicts) for name, verdicts in wanted.items()])
    put([(bare, "a", "beach", [True])], name="Tied")
    Filters(product=bare.pk).rows().update(verdict=Verdicts.UNDECIDED)
    for query, names in (
        ("", {"Two", "One", "None", "Bare"}),
        ("passing=yes", {"Two", "One"}),
        ("passing=no", {"None"}),
        ("least=2&passing=yes", {"Two"}),
        ("least=2&passing=no", {"One", "None"}),
        ("method=gone&passing=yes", set()),
    ):
        assert {row["name"] for row in read(client, f"/review/products.csv?{query}")} == names, query
        page = client.get(f"/review/products/?{query}")
        assert {line.item.name for line in page.context["lines"]} == names, query
        told = query.replace("&", "&amp;")
        assert (f'href="/review/products.csv{"?" if query else ""}{told}"' in page.content.decode()) == bool(names)


def test_tables_hold_what_the_page_shows(client: Client) -> None:
    a_world()
    found = figures.overview(SCANNED)
    expected = {
        "overview": [found.per_image.value, found.per_product.value],
        "questions": [row.rate.value for row in found.questions.rows],
        "methods": [line.per_image.value for line in found.methods],
        "types": [line.per_image.value for line in found.types],
        "agreement": [],
        "weeks": [week.rate.value for week in figures.weeks(SCANNED)],
    }
    assert set(expected) == set(exporting.TABLES) - set(exporting.LONG)
    for table, values in expected.items():
        column = "image_value" if table in ("methods", "types") else "value"
        for ending in writing.FORMATS:
            rows = read(client, f"/review/{table}.{ending}?voters=person")
            assert [float(row[column]) for row in rows] == values, (table, ending)


def test_pages_files_and_api_say_the_same(client: Client) -> None:
    a_world()
    query = "voters=person"
    told = client.get(f"/api/review/overview/?{query}").json()
    found = figures.overview(SCANNED)
    assert (told["per_image"]["value"], told["per_image"]["low"]) == (found.per_image.value, found.per_image.low)
    assert told["questions"]["rows"][0]["rate"]["value"] == found.questions.rows[0].rate.value
    assert told["filters"] == query
    assert told["methods"][0]["link"] == f"method={found.methods[0].name}&voters=person"
    assert told["definitions"]["per_image"] == DEFINITIONS["per_image"].words
    (first, _) = read(client, f"/api/review/tables/overview.csv?{query}")
    assert float(first["value"]) == found.per_image.value
    (row, _) = client.get(f"/api/review/tables/overview/?{query}").json()["rows"]
    assert (row["value"], row["low"]) == (found.per_image.value, found.per_image.low)


def test_long_tables_are_read_on_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    a_world()
    monkeypatch.setattr("review.api.tables.PAGE", 3)
    for table, key in (("images", "task"), ("products", "item")):
        told: list[int] = []
        address = f"/api/review/tables/{table}/?least=2&method=a"
        while address:
            answer = client.get(address).json()
            assert 0 < len(answer["rows"]) <= 3
            told += [row[key] for row in answer["rows"]]
            address = answer["next"]
            assert address is None or "method=a&least=2&after=" in address
        assert told == [int(row[key]) for row in read(client, f"/review/{table}.csv?method=a")]


@pytest.mark.parametrize(
    "address",
    [
        "/review/nothing.csv",
        "/review/nothing.parquet",
        "/api/review/tables/nothing.csv",
        "/api/review/tables/images.doc",
        "/api/review/tables/nothing/",
    ],
)
def test_what_there_is_not(address: str, client: Client) -> None:
    assert client.get(address).status_code == 404


def test_bad_filters(client: Client) -> None:
    response = client.get("/review/images.csv?campaign=x")
    assert (response.status_code, response.content.decode()) == (422, "campaign: Enter a whole number.")
    for address in ("/api/review/overview/?campaign=x", "/api/review/tables/types.csv?campaign=x"):
        response = client.get(address)
        assert response.status_code == 400
        assert response.json()["errors"] == {"campaign": ["Enter a whole number."]}
    answer = client.get("/api/review/tables/images/?after=-1")
    assert answer.json()["errors"] == {"after": ["'-1' is no number of a row."]}
