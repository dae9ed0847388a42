"""The pages of reports: asking in one click, reading the frozen file, and who may delete."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from review.filters import Filters
from review.models import Comparison, Report
from review.services import comparisons, reports
from tests.factories.accounts import make_user
from tests.factories.catalog import make_product
from tests.review.facts import SCANNED, put
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def a_report(**fields: object) -> Report:
    put([(make_product(f"Mug {n}"), name, "x", [n % 2 == 0]) for n in range(2) for name in "ab"])
    report = reports.ask(SCANNED, **fields)
    reports.make(report.pk)
    report.refresh_from_db()
    return report


def test_one_click_on_a_comparison(client: Client, analyst: User) -> None:
    mugs = [make_product(f"Mug {n}") for n in range(6)]
    put([(mug, name, "x", [n % 2 == 0]) for n, mug in enumerate(mugs) for name in "ab"])
    row = comparisons.ask(Filters(), ["a", "b"])
    assert "Make a report" not in client.get(f"/review/compare/{row.pk}/").content.decode()
    comparisons.run(row.pk)
    assert f'name="comparison" value="{row.pk}"' in client.get(f"/review/compare/{row.pk}/").content.decode()
    answer = client.post("/review/reports/new/", {"comparison": row.pk})
    report = Report.objects.get()
    assert answer.headers["Location"] == f"/review/reports/{report.pk}/"
    assert (report.comparison, report.asked_by) == (row, analyst)
    page = client.get(f"/review/reports/{report.pk}/").content.decode()
    assert "It is being made" in page
    assert client.get(f"/review/reports/{report.pk}/report.html").status_code == 404


def test_one_click_on_the_overview_keeps_its_filters(client: Client) -> None:
    page = client.get("/review/reports/?method=a&least=2").content.decode()
    assert '<input type="hidden" name="method" value="a"><input type="hidden" name="least" value="2">' in page
    client.post("/review/reports/new/", {"method": "a", "least": "2"})
    assert Report.objects.get().query == "method=a&least=2"


def test_filters_that_are_too_long_to_be_kept_are_refused(client: Client) -> None:
    answer = client.post("/review/reports/new/", {"method": "\N{CJK UNIFIED IDEOGRAPH-676F}" * 120})
    assert "These filters take 1,087 characters" in client.get(answer.headers["Location"]).content.decode()
    assert not Report.objects.exists()


def test_the_frozen_file_is_read_here_and_kept(client: Client) -> None:
    report = a_report()
    page = client.get(f"/review/reports/{report.pk}/").content.decode()
    assert report.sha256 in page
    answer = client.get(f"/review/reports/{report.pk}/report.html")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "inline" in answer.headers["Content-Disposition"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert len(b"".join(answer.streaming_content)) == report.size
    answer = client.get(f"/review/reports/{report.pk}/report.pdf?download")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="report-{report.pk}.pdf"'
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert client.get(f"/review/reports/{report.pk}/report.doc").status_code == 404


def test_the_list_tells_how_far_each_is(client: Client) -> None:
    ready = a_report()
    reports.ask(Filters(method="a"))
    failed = reports.ask(Filters(method="gone"))
    Report.objects.filter(pk=failed.pk).update(problem="Nothing to report.")
    page = client.get("/review/reports/").content.decode()
    assert f'href="/review/reports/{ready.pk}/report.html"' in page
    assert page.count("being made") == page.count("not made") == 1


@pytest.mark.parametrize(
    ("sent", "status", "sentence"),
    [
        ({"comparison": "999999"}, 404, ""),
        ({"comparison": "x"}, 404, ""),
        ({"since": "2026-02-01", "until": "2026-01-01"}, 302, "2026-01-01 is before 2026-02-01"),
    ],
)
def test_what_cannot_be_reported(sent: dict[str, str], status: int, sentence: str, client: Client) -> None:
    assert client.post("/review/reports/new/", sent).status_code == status
    assert sentence in client.get("/review/reports/").content.decode()
    assert not Report.objects.exists()


def test_a_comparison_without_figures_is_refused_in_a_sentence(client: Client) -> None:
    row = Comparison.objects.create(methods=["a", "b"])
    client.post("/review/reports/new/", {"comparison": row.pk})
    assert "It is not computed yet" in client.get("/review/reports/").content.decode()


@pytest.mark.parametrize(("who", "status", "left"), [("maker", 302, 0), ("operator", 302, 0), ("other", 403, 1)])
def test_deleting(who: str, status: int, left: int, client_for: ClientFor, analyst: User) -> None:
    report = reports.ask(Filters(), by=analyst)
    user = analyst if who == "maker" else make_user(Role.OPERATOR if who == "operator" else Role.ANALYST)
    page = client_for(user).get(f"/review/reports/{report.pk}/").content.decode()
    assert (f'action="/review/reports/{report.pk}/delete/"' in page) is (who != "other")
    assert client_for(user).post(f"/review/reports/{report.pk}/delete/").status_code == status
    assert Report.objects.count() == left


def test_raters_see_none(client_for: ClientFor, rater: User) -> None:
    report = Report.objects.create(title="x", sha256="0" * 64)
    for address in ("", f"{report.pk}/", f"{report.pk}/report.html"):
        assert client_for(rater).get(f"/review/reports/{address}").status_code == 403


def test_the_list_asks_little(client: Client, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    for _ in range(8):
        reports.ask(Filters(), by=make_user(Role.ANALYST))
    with django_assert_max_num_queries(10):
        client.get("/review/reports/")
