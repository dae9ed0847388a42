"""What to rate next: a budget, the images that it is best spent on, and the campaign that they become."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ranking.exceptions import Refused
from ranking.forms import CampaignForm, PlanForm
from ranking.selectors import plans as selectors
from ranking.services import plans as services
from raters.exceptions import Refused as RatingRefused
from vitrine.access import Role, allow

LOOK = (Role.ANALYST, Role.OPERATOR)


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def rate_next(request: HttpRequest) -> HttpResponse:
    """Ask for a plan."""
    form = PlanForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            plan = services.ask(form.wish(), by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("ranking:plan", plan.pk)
    context = {"form": form, "plans": selectors.newest()}
    return render(request, "ranking/rate_next.html", context, status=422 if form.errors else 200)


@allow(*LOOK)
@require_safe
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """One plan: what was drawn, what it is expected to bring, and its campaign."""
    return _page(request, pk, CampaignForm(initial={"name": f"What to rate next #{pk}"}))


@allow(Role.OPERATOR)
@require_POST
def plan_campaign(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the plan's campaign."""
    found = selectors.plan_or_404(pk)
    form = CampaignForm(request.POST)
    if form.is_valid():
        try:
            made = services.make_campaign(found, by=request.user, **form.cleaned_data)
        except (Refused, RatingRefused) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{made.name} is made, as a draft with {made.task_count} images.")
            return redirect("raters:campaign", made.pk)
    return _page(request, pk, form)


def _page(request: HttpRequest, pk: int, form: CampaignForm) -> HttpResponse:
    found = selectors.plan_or_404(pk)
    context = {"plan": found, "form": form, **selectors.facts_of(found)}
    return render(request, "ranking/plan.html", context, status=422 if form.errors else 200)
