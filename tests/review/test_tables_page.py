"""The page with the paper's tables, and its files."""

from collections.abc import Callable

import pytest
from django.http import Http404
from django.test import Client, RequestFactory

from accounts.models import User
from review import paper_tables
from review.views import tables
from tests.factories.catalog import make_product
from tests.review.made import judged
from tests.review.reading import read

ClientFor = Callable[[User | None], Client]


def test_both_tables_stand_beside_the_papers(client_for: ClientFor, analyst: User) -> None:
    judged([(make_product(source="abo"), "paper v1", "x", [True, False])])
    page = client_for(analyst).get("/review/tables/").content.decode()
    assert "17.4 %" in page
    assert "Seg DINO-I" in page
    assert "paper v1" in page
    assert "50.0 %" in page


@pytest.mark.parametrize("ending", list(paper_tables.FORMATS))
def test_files_of_text(ending: str, client_for: ClientFor, analyst: User) -> None:
    response = client_for(analyst).get(f"/review/tables/table-1.{ending}")
    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == f'attachment; filename="table-1.{ending}"'
    assert "17.4" in response.content.decode()


@pytest.mark.parametrize("room", ["/review/tables/", "/api/review/paper/"])
def test_files_of_figures(room: str, client_for: ClientFor, analyst: User) -> None:
    client = client_for(analyst)
    first, *_ = told = read(client, f"{room}table-1.parquet")
    assert (first["source"], first["per_image"], first["per_image_low"]) == ("paper", 0.174, None)
    assert [float(row["clip_i"]) for row in read(client, f"{room}table-2.csv")] == [0.89, 0.8, 0.81]
    rows = client.get("/api/review/paper/table-1/").json()
    assert (rows["rows"], rows["next"], rows["columns"]) == (told, None, list(first))


@pytest.mark.parametrize("name", ["table-3.csv", "table-1.doc", "table-3.md"])
def test_what_is_not_there(name: str, client_for: ClientFor, analyst: User) -> None:
    for room in ("/review/tables/", "/api/review/paper/"):
        assert client_for(analyst).get(f"{room}{name}").status_code == 404
    assert client_for(analyst).get("/api/review/paper/table-3/").status_code == 404


def test_kinds_of_files_are_named_where_there_is_no_such(client_for: ClientFor, analyst: User) -> None:
    request = RequestFactory().get("/review/tables/table-1.doc")
    request.user = analyst
    with pytest.raises(Http404, match="no 'doc' file; it is csv or parquet or md or tex"):
        tables.table_file(request, "table-1", "doc")
    page = client_for(analyst).get("/review/tables/").content.decode()
    assert all(f'href="/review/tables/table-1.{ending}"' in page for ending in ("csv", "parquet", "md", "tex"))
