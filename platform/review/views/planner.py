"""How many products, ratings and hours a study takes that is to find an expected difference."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from review import plots, sums
from review.filters import Filters
from review.forms import choices
from review.models import Study
from review.services import studies
from review.study_forms import PlannerForm
from review.views.overview import LOOK
from review.views.studies import is_busy, job_of
from vitrine.access import allow


@allow(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def planner(request: HttpRequest) -> HttpResponse:
    """A plan by its address; posted to, a worker simulates it, and the answer leads to that address."""
    sent = request.POST or request.GET
    form = PlannerForm(sent) if sent else PlannerForm(initial=_usual())
    query = form.query if form.is_bound else ""
    if request.method == "POST" and query:
        there = studies.newest(Study.Kind.PLAN, query)
        if there is None or there.result is None or "again" in request.POST:
            studies.ask(Study.Kind.PLAN, query, by=request.user)
        return redirect(f"{request.path}?{query}")
    study = studies.newest(Study.Kind.PLAN, query) if query else None
    context: dict[str, Any] = {"form": form, "choices": choices(), "study": study, "filters": Filters()}
    if study is not None:
        context["job"] = job = job_of(study)
        context["busy"] = is_busy(job)
        if study.result:
            wanted = form.cleaned_data["power"] / 100
            context |= {"plan": study.result, "plot": plots.power(study.result["curve"], wanted)}
    return render(request, "review/planner.html", context, status=422 if form.is_bound and form.errors else 200)


def _usual() -> dict[str, float]:
    """What the form starts with: today's pass rate, where anything is judged."""
    found = sums.whole(Filters()).sums
    usual = {"images": 10.0, "raters": 3.0, "power": 80.0, "level": 5.0}
    if 0 < found.passed < found.images:
        usual["base"] = round(100 * found.passed / found.images, 1)
    return {name: int(value) if value == int(value) else value for name, value in usual.items()}
