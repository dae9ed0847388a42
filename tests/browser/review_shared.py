"""Pages of review that are kept and shown to others, with something on them: comparisons, reports, saved views."""

from collections.abc import Callable

from django.urls import reverse

from accounts.models import User
from raters.models import Task
from raters.services import uploads
from review.services import comparisons, reports, saved
from tests.factories.accounts import make_user
from tests.factories.campaigns import picture_bytes
from tests.factories.catalog import make_photo, make_product
from tests.review.facts import SCANNED, put
from vitrine.access import Role

METHODS = ("paper-2503.08729 v1", "a method with a name that wraps on a narrow screen v12")


def judged() -> None:
    """Six products, the first with a photo; two pass under one method only. All their images are one picture."""
    products = [make_product(f"Stoneware mug with a long name, number {n}", type="mug") for n in range(6)]
    make_photo(products[0])
    put(
        [
            (one, name, "a beach", [n % 3 == at, n > 3])
            for n, one in enumerate(products)
            for at, name in enumerate(METHODS)
        ]
    )
    kept = uploads.keep_picture(picture_bytes(1), "image.png")
    Task.objects.update(picture_key=kept.key, width=kept.width, height=kept.height)


def comparison(*, report: bool = False) -> int:
    judged()
    row = comparisons.ask(SCANNED, METHODS)
    comparisons.run(row.pk)
    row.refresh_from_db()
    if not report:
        return row.pk
    made = reports.ask(row, by=User.objects.order_by("-pk")[0])
    reports.make(made.pk)
    return made.pk


def all_reports() -> str:
    comparison(report=True)
    reports.ask(SCANNED)
    return reverse("review:reports") + f"?{SCANNED.query}"


def views() -> str:
    """Own ones, a shared one of another person, and one that was removed, for whoever opens the page."""
    owner = User.objects.order_by("-pk")[0]
    shared = saved.save(make_user(Role.ANALYST), "Mugs of the autumn, for all of us", "/review/?type=3", shared=True)
    for name in ("Two images and more, a long name", "Gone"):
        own = saved.save(owner, name, "/review/?voters=person&least=2")
    saved.remove(own)
    saved.begin_with(owner, shared)
    return reverse("review:views")


def compare() -> str:
    judged()
    return reverse("review:compare") + "?since=2026-01-02&voters=person&methods=a&methods=b"


ADDRESSES: dict[str, tuple[Role, Callable[[], str]]] = {
    "review-compare": (Role.ANALYST, compare),
    "review-comparison": (Role.ANALYST, lambda: reverse("review:comparison", args=[comparison()])),
    "review-reports": (Role.ANALYST, all_reports),
    "review-reports-empty": (Role.ANALYST, lambda: reverse("review:reports")),
    "review-report": (Role.OPERATOR, lambda: reverse("review:report", args=[comparison(report=True)])),
    "review-report-file": (
        Role.ANALYST,
        lambda: reverse("review:report-file", args=[comparison(report=True), "html"]),
    ),
    "review-views": (Role.ANALYST, views),
    "review-views-empty": (Role.ANALYST, lambda: reverse("review:views")),
    "review-tables": (Role.ANALYST, lambda: reverse("review:tables")),
}
