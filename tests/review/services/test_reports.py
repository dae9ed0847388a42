"""Frozen reports: what is in the file, and that nothing later changes it."""

import hashlib
import re
from html import unescape

import pytest
from django.core.files.storage import default_storage
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from catalog.models import Product
from jobs.exceptions import JobError
from jobs.models import Job, State
from review.exceptions import CannotReport
from review.filters import Filters
from review.models import Comparison, Report
from review.services import comparisons, reports
from tests.factories.accounts import make_user
from tests.factories.catalog import make_photo, make_product
from tests.review.facts import SCANNED, put
from tests.review.made import run_job
from vitrine.access import Role


@pytest.fixture
def products(db: None) -> list[Product]:
    """Eight, of which the first has a photo; "b" passes more images of most, one passes only with "a"."""
    made = [make_product(f"Mug & co {number}", type="mug") for number in range(8)]
    make_photo(made[0])
    wanted = []
    for number, one in enumerate(made):
        wanted.append((one, "a", "beach", [number == 0, False, number % 2 == 0 and number > 2]))
        wanted.append((one, "b", "beach", [number > 0, number > 1, number > 2]))
    put(wanted)
    return made


def compared() -> Comparison:
    row = comparisons.ask(Filters(), ["a", "b"])
    comparisons.run(row.pk)
    row.refresh_from_db()
    return row


def made(report: Report) -> Report:
    """The report after its job has run."""
    run_job(Job.objects.get(key=report.job_key))
    report.refresh_from_db()
    return report


def file_of(report: Report, form: str = "html") -> bytes:
    sha256 = report.sha256 if form == "html" else report.pdf_sha256
    with default_storage.open(reports.key_of(form, sha256)) as opened:
        return opened.read()


def test_a_report_of_a_comparison_holds_all_of_it(products: list[Product], analyst: User) -> None:
    row = compared()
    report = made(reports.ask(row, by=analyst))
    page = unescape(file_of(report).decode())
    (told,) = row.result
    assert told["sentence"] in page
    assert report.title == "b against a"
    for text in (
        "75.0 %",
        "12.5 %",
        "+62.5 points",
        "McNemar on products",
        "Product size",
        "Mug & co 3",
        "Holm",
        "2,000 draws",
        "methods = a, b",
        "Products that pass only with b: 5",
        "SELECT",
        "Figures as of",
    ):
        assert text in page, text
    assert analyst.username not in page
    assert page.count("<svg") == 2  # one plot, for light and for dark


def test_it_needs_nothing_from_elsewhere(products: list[Product]) -> None:
    page = file_of(made(reports.ask(compared()))).decode()
    assert "<script" not in page
    assert "@import" not in page
    addresses = re.findall(r"""(?:src|href|xlink:href|action)=["']([^"']*)|url\(([^)]*)\)""", page)
    assert all(one.startswith(("data:image/webp;base64,", "#")) for pair in addresses for one in pair if one)
    assert page.count("data:image/webp") >= 1
    assert "default-src 'none'" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_report_never_changes(products: list[Product]) -> None:
    row = compared()
    of_row, of_all = made(reports.ask(row)), made(reports.ask(SCANNED))
    before = {report.pk: file_of(report) for report in (of_row, of_all)}
    put([(product, "a", "desk", [True] * 3) for product in products], name="Later")
    products[3].delete()
    for report in (of_row, of_all):
        reports.make(report.pk)  # a job that is run again
        report.refresh_from_db()
        assert file_of(report) == before[report.pk]
        assert hashlib.sha256(before[report.pk]).hexdigest() == report.sha256
    later = made(reports.ask(SCANNED))
    assert later.sha256 != of_all.sha256
    assert b"Images judged</dt><dd>48" in before[of_all.pk]
    assert b"Images judged</dt><dd>72" in file_of(later)


def test_a_report_of_the_overview_holds_its_figures(products: list[Product]) -> None:
    report = made(reports.ask(SCANNED.but(method="b", least=2)))
    page = unescape(file_of(report).decode())
    for text in (
        "method b",
        "Images judged</dt><dd>24",
        "75.0 %",
        "Products with 2 or more passing images",
        "Question by question",
        "Wilson's",
        "filters = method=b&voters=person&least=2",
        "/review/?method=b&voters=person&least=2",
    ):
        assert text in page, text
    assert report.title == "Pass rates: method b; ratings by people here"


def test_the_pdf_says_the_same(products: list[Product]) -> None:
    report = made(reports.ask(compared()))
    data = file_of(report, "pdf")
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    assert hashlib.sha256(data).hexdigest() == report.pdf_sha256
    assert data.count(b"/Subtype /Image") >= 2  # the plot and the photo
    assert len(data) == report.pdf_size


def test_a_comparison_without_figures_has_no_report(db: None) -> None:
    row = Comparison.objects.create(methods=["a", "b"])
    with pytest.raises(CannotReport, match="not computed yet"):
        reports.ask(row)
    row.problem = "Too few products."
    with pytest.raises(CannotReport, match="Too few products"):
        reports.ask(row)
    assert not Report.objects.exists()


def test_where_nothing_is_judged_there_is_nothing_to_report(db: None) -> None:
    report = reports.ask(SCANNED)
    with pytest.raises(JobError, match="nothing to report"):
        made(report)
    report.refresh_from_db()
    assert "nothing to report" in report.problem
    assert reports.unmade([report]) == {report.pk}


def test_deleting_takes_the_files_along(
    products: list[Product], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    report = made(reports.ask(SCANNED))
    keys = [reports.key_of("html", report.sha256), reports.key_of("pdf", report.pdf_sha256)]
    assert all(default_storage.exists(key) for key in keys)
    with django_capture_on_commit_callbacks(execute=True):
        reports.delete(report)
    assert not any(default_storage.exists(key) for key in keys)
    assert not Report.objects.exists()


def test_one_deleted_while_it_is_made_leaves_nothing(products: list[Product], monkeypatch: pytest.MonkeyPatch) -> None:
    report = reports.ask(SCANNED)
    written: list[str] = []
    kept = reports._kept

    def then_gone(form: str, data: bytes) -> str:
        Report.objects.all().delete()
        written.append(reports.key_of(form, sha256 := kept(form, data)))
        return sha256

    monkeypatch.setattr(reports, "_kept", then_gone)
    with pytest.raises(JobError, match="was deleted"):
        reports.make(report.pk)
    assert len(written) == 2
    assert not any(default_storage.exists(key) for key in written)


def test_a_report_that_waits_is_deleted_with_its_job(db: None) -> None:
    report = reports.ask(SCANNED)
    key = report.job_key
    reports.delete(report)
    assert Job.objects.get(key=key).state == State.CANCELLED


@pytest.mark.parametrize(
    ("role", "own", "may"), [(Role.ANALYST, True, True), (Role.ANALYST, False, False), (Role.OPERATOR, False, True)]
)
def test_who_may_delete(role: Role, own: bool, may: bool, db: None) -> None:
    user = make_user(role)
    report = Report.objects.create(title="x", asked_by=user if own else make_user(Role.ANALYST))
    assert reports.may_delete(user, report) is may
