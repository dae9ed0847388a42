"""Review's pages with plots on them: who opens each, and its address."""

from collections.abc import Callable

from django.urls import reverse

from review.filters import Filters
from review.models import Study
from review.services import studies
from review.study_forms import PlannerForm, metrics_query
from tests.factories.ranking import make_ranker
from tests.review.measured import measured, scored
from vitrine.access import Role

PLAN = {"base": 10, "expected": 25, "images": 6, "raters": 3, "power": 80, "level": 5, "seconds": 30}


def overview() -> str:
    measured(products=8, method="paper-2503.08729 v1", weeks=5)
    measured(products=6, method="dreambooth-lora v1", weeks=3, kind="lamp")
    return reverse("review:overview")


def metrics() -> str:
    measured(weeks=5)
    scored(make_ranker())
    studies.run(studies.ask(Study.Kind.METRICS, metrics_query(Filters(), 3)).pk)
    return reverse("review:metrics")


def planner() -> str:
    query = PlannerForm(PLAN).query
    studies.run(studies.ask(Study.Kind.PLAN, query).pk)
    return f"{reverse('review:planner')}?{query}"


def being_computed() -> str:
    studies.ask(Study.Kind.METRICS, metrics_query(Filters(), 3))
    return reverse("review:metrics")


ADDRESSES: dict[str, tuple[Role, Callable[[], str]]] = {
    "review-overview": (Role.ANALYST, overview),
    "review-metrics": (Role.ANALYST, metrics),
    "review-metrics-waiting": (Role.ANALYST, being_computed),
    "review-planner": (Role.OPERATOR, planner),
    "review-planner-empty": (Role.ANALYST, lambda: reverse("review:planner")),
}
