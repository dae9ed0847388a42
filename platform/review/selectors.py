"""What the start page tells each role: counts that are kept or bounded, and the newest few rows."""

from dataclasses import dataclass

from django.db.models import Model, QuerySet

from accounts.models import User
from catalog.models import ContextPrompt, ImportRun, Product
from catalog.selectors.products import ProductFilter, Total, product_page, total, untyped_total
from jobs.models import Job, State
from vitrine.access import Role

MOST_COUNTED = 999  # a start page says "999+": nobody acts differently on 1,000 or 50,000
NEWEST_PRODUCTS = 6
NEWEST_ROWS = 5
OPERATORS_NAMED = 3


@dataclass(frozen=True)
class CatalogueNow:
    """How much there is to work with, and what waits for a person."""

    products: Total
    newest: list[Product]
    drafts: Total
    imports: list[ImportRun]


@dataclass(frozen=True)
class JobsNow:
    """What runs, waits and has failed."""

    running: Total
    queued: Total
    failed: Total
    newest: list[Job]


def catalogue_now() -> CatalogueNow:
    """Five queries, whatever the size of the catalogue."""
    return CatalogueNow(
        products=total(untyped_total()),
        newest=list(product_page(ProductFilter(), size=NEWEST_PRODUCTS).items),
        drafts=_bounded(ContextPrompt.objects.filter(status=ContextPrompt.Status.DRAFT)),
        imports=list(ImportRun.objects.order_by("-id")[:NEWEST_ROWS]),
    )


def jobs_now() -> JobsNow:
    """Four queries, each along an index and none over more than 1,000 rows."""
    running, queued, failed = (
        _bounded(Job.objects.filter(state=state)) for state in (State.RUNNING, State.QUEUED, State.FAILED)
    )
    return JobsNow(running, queued, failed, list(Job.objects.order_by("-id")[:NEWEST_ROWS]))


def operators_to_ask() -> list[str]:
    """The names of a few operators, for somebody who has no role yet."""
    people = User.objects.filter(groups__name=Role.OPERATOR.value, is_active=True).order_by("id")[:OPERATORS_NAMED]
    return [person.get_full_name() or person.get_username() for person in people]


def _bounded(rows: QuerySet[Model]) -> Total:
    number = rows.order_by()[: MOST_COUNTED + 1].count()
    return Total(min(number, MOST_COUNTED), exact=number <= MOST_COUNTED)
