"""The overview's page, its files and its API: who sees them, what they say, and how little they ask the database."""

import csv
import io
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from review import exporting, figures
from review.counting import folding
from review.definitions import DEFINITIONS
from review.filters import Filters
from tests.factories.catalog import make_product
from tests.factories.rating import make_campaign, make_rater, rate
from tests.review.made import judged, mixed_world

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def read(client: Client, address: str) -> list[dict[str, str]]:
    response = client.get(address)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_figures_come_with_intervals_and_definitions(client: Client) -> None:
    mixed_world()
    page = client.get("/review/").content.decode()
    for key in ("per_image", "per_product", "judged", "ratings", "hours", "alone", "agreement"):
        assert DEFINITIONS[key].words.replace("'", "&#x27;") in page, key
    found = figures.overview(Filters())
    assert f"{found.per_image.value * 100:.1f} %" in page
    assert f"{found.per_image.low * 100:.1f} % to {found.per_image.high * 100:.1f} %" in page
    assert "Product fidelity" in page
    assert "far too few" in page


def test_nothing_yet_is_said_in_words(client: Client) -> None:
    page = client.get("/review/").content.decode()
    assert "Nothing is judged yet" in page
    assert "0.0 %" not in page
    assert "nan" not in page.lower()


def test_a_filter_that_fits_nothing_says_so_and_leads_back(client: Client) -> None:
    mixed_world()
    page = client.get("/review/?campaign=999999").content.decode()
    assert "No image fits these filters" in page
    assert "which is not there" in page


def test_unfinished_work_is_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made, rater = make_campaign(2, raters_per_image=1), make_rater()
    for _ in range(2):
        rate(rater, made)
    monkeypatch.setattr(figures, "COUNTED_FIRST", 1)
    page = client.get(f"/review/?campaign={made.pk}").content.decode()
    assert "1 changed verdict is still to be counted" in page
    assert "2 of 2 ratings" in page


def test_the_address_holds_the_filter_in_every_link(client: Client) -> None:
    made = mixed_world()[0]
    page = client.get(f"/review/?campaign={made.pk}&least=2").content.decode()
    query = f"campaign={made.pk}&amp;least=2"
    assert f'href="/review/questions.csv?{query}"' in page
    assert f'href="/review/images.csv?{query}"' in page
    assert f'href="?campaign={made.pk}&amp;method=a&amp;least=2"' in page


def test_a_filter_that_cannot_be_is_told_and_figures_are_of_everything(client: Client) -> None:
    response = client.get("/review/?since=2026-02-01&until=2026-01-01")
    assert response.status_code == 422
    assert "2026-01-01 is before 2026-02-01" in response.content.decode()


def test_images_as_a_file(client: Client) -> None:
    mug = make_product("=cmd|' /C calc'!A0", type="mug")
    made = judged([(mug, "a", "beach", [True, False])], name="Autumn, first")
    rows = read(client, f"/review/images.csv?campaign={made.pk}")
    assert [row["verdict"] for row in rows] == ["passed", "failed"]
    assert rows[0]["item"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["campaign_name"] == "Autumn, first"
    assert rows[0].keys() == set(exporting.IMAGES)
    assert read(client, "/review/images.csv?method=gone") == []


def test_a_file_has_every_row_once_over_its_batches(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed_world()
    monkeypatch.setattr(exporting, "BATCH", 4)
    tasks = [int(row["task"]) for row in read(client, "/review/images.csv")]
    assert tasks == sorted(set(tasks))
    assert len(tasks) == Filters().rows().count() > 8


@pytest.mark.parametrize("table", list(exporting.TABLES))
def test_tables_as_files_hold_what_the_page_shows(table: str, client: Client) -> None:
    mixed_world()
    rows = read(client, f"/review/{table}.csv")
    found = figures.overview(Filters())
    expected = {
        "overview": 2,
        "questions": 8,
        "methods": len(found.methods),
        "types": len(found.types),
        "agreement": 0,
    }
    assert len(rows) == expected[table]
    if table == "overview":
        assert float(rows[0]["value"]) == found.per_image.value
        assert float(rows[1]["low"]) == found.per_product.low
    if table == "questions":
        assert [float(row["value"]) for row in rows] == [row.rate.value for row in found.questions.rows]


def test_pages_files_and_api_say_the_same(client: Client) -> None:
    made = mixed_world()[0]
    query = f"campaign={made.pk}"
    told = client.get(f"/api/review/overview/?{query}").json()
    found = figures.overview(Filters(campaign=made.pk))
    assert told["per_image"]["value"] == found.per_image.value
    assert told["per_image"]["low"] == found.per_image.low
    assert told["questions"]["rows"][0]["rate"]["value"] == found.questions.rows[0].rate.value
    assert told["filters"] == query
    assert told["methods"][0]["link"] == f"campaign={made.pk}&method={found.methods[0].name}"
    assert told["definitions"]["per_image"] == DEFINITIONS["per_image"].words
    (first, _) = read(client, f"/api/review/overview.csv?{query}")
    assert float(first["value"]) == found.per_image.value


@pytest.mark.parametrize("address", ["/review/nothing.csv", "/api/review/nothing.csv"])
def test_a_table_that_there_is_not(address: str, client: Client) -> None:
    assert client.get(address).status_code == 404


def test_bad_filters_in_files_and_api(client: Client) -> None:
    response = client.get("/review/images.csv?campaign=x")
    assert (response.status_code, response.content.decode()) == (422, "campaign: Enter a whole number.")
    response = client.get("/api/review/overview/?campaign=x")
    assert response.status_code == 400
    assert response.json()["errors"] == {"campaign": ["Enter a whole number."]}


def test_nothing_can_be_posted(client: Client) -> None:
    for address in ("/review/", "/review/images.csv", "/api/review/overview/"):
        assert client.post(address).status_code in (403, 405)


def test_queries_do_not_grow_with_the_rows(client: Client) -> None:
    mixed_world()
    client.get("/review/")
    with CaptureQueriesContext(connection) as few:
        client.get("/review/")
    mixed_world(seed=9)
    folding.count_all_waiting()
    client.get("/review/")
    with CaptureQueriesContext(connection) as many:
        client.get("/review/")
    assert len(many) == len(few) <= 40
