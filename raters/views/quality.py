"""How far a campaign's ratings may be trusted: agreement, raters, exclusions, and the ratings as files."""

from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from raters.exceptions import Refused
from raters.exchange import label_studio, own
from raters.exchange.rows import rows_of
from raters.exchange.writing import FORMATS, as_csv, as_json_list, as_jsonl
from raters.forms.quality import ExclusionForm
from raters.models import Campaign, Exclusion
from raters.selectors import monitoring
from raters.selectors import quality as selectors
from raters.services import exclusions, figures, people
from raters.statistics.words import STATISTICS
from vitrine.access import Role, allow, roles_of
from vitrine.page_cursors import cursors_of
from vitrine.paging import pager_links

LOOK = (Role.ANALYST, Role.OPERATOR)


@allow(*LOOK)
@require_safe
def quality(request: HttpRequest, pk: int) -> HttpResponse:
    """Agreement by question with intervals, and every rater with figures and flags; all as last computed."""
    campaign = monitoring.campaign_or_404(pk)
    found = selectors.figures_of(campaign)
    statistic = request.GET.get("statistic", "")
    statistic = statistic if statistic in STATISTICS else selectors.DEFAULT_STATISTIC
    page = selectors.rater_page(campaign, **cursors_of(request))
    context: dict[str, Any] = {
        "campaign": campaign,
        "figures": found,
        "lines": selectors.agreement_lines(campaign, found, statistic) if found and found.computed_at else [],
        "statistic": statistic,
        "statistics": STATISTICS,
        "raters": selectors.rater_lines(campaign, page),
        "pager": pager_links(page, request.GET),
        # Those that stand first: they are what may still be lifted.
        "exclusions": selectors.exclusions(campaign).order_by(F("lifted_at").asc(nulls_first=True), "-pk")[:20],
        "old": found is not None and selectors.is_old(found),
        "formats": [*FORMATS, "json"],
    }
    return render(request, "raters/quality.html", context)


@allow(*LOOK)
@require_POST
def quality_compute(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the figures computed by a worker."""
    figures.ask(monitoring.campaign_or_404(pk), by=request.user)
    messages.success(request, "The figures are being computed. Load this page again in a moment.")
    return redirect("raters:quality", pk)


@allow(*LOOK)
@require_safe
def quality_rater(request: HttpRequest, pk: int, rater: int) -> HttpResponse:
    """One rater of a campaign in all figures."""
    return _rater_page(request, pk, rater, ExclusionForm())


@allow(Role.OPERATOR)
@require_POST
def quality_exclude(request: HttpRequest, pk: int, rater: int) -> HttpResponse:
    """Leave a rater's ratings out from a time on."""
    form = ExclusionForm(request.POST)
    if form.is_valid():
        line = selectors.rater_line_or_404(monitoring.campaign_or_404(pk), rater)
        try:
            exclusions.exclude(line.row.rater, line.row.campaign, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{line.row.rater} is excluded. Verdicts are as without these ratings.")
            return redirect("raters:quality", pk)
    return _rater_page(request, pk, rater, form)


@allow(Role.OPERATOR)
@require_POST
def quality_lift(request: HttpRequest, pk: int, exclusion: int) -> HttpResponse:
    """Undo an exclusion."""
    found = get_object_or_404(Exclusion, pk=exclusion, campaign=pk)
    try:
        exclusions.lift(found, reason=request.POST.get("reason", ""), by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{found.rater}'s ratings count again.")
    return redirect("raters:quality", pk)


@allow(*LOOK)
@require_safe
def ratings_file(_request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """The campaign's ratings as a file, streamed."""
    return ratings_response(monitoring.campaign_or_404(pk), kind)


@allow(Role.RATER)
@require_safe
def own_ratings_file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Everything that the person who asks has ever given here, as a file."""
    if kind not in ("csv", "jsonl"):
        raise Http404("Your ratings are written as csv or jsonl.")
    mine = own.rows_by(people.rater_of(request.user))
    parts = as_csv(mine, own.NAMES) if kind == "csv" else as_jsonl(mine)
    return _file(parts, FORMATS[kind][1], f"my-ratings.{kind}")


def ratings_response(campaign: Campaign, kind: str) -> HttpResponseBase:
    """All ratings of a campaign as a file of that kind. Raises Http404."""
    name = f"campaign-{campaign.pk}.{kind}"
    if kind == "json":
        return _file(as_json_list(label_studio.tasks_of(campaign)), "application/json", name)
    if kind not in FORMATS:
        raise Http404(f"Ratings are written as {', '.join(FORMATS)} or json.")
    write, content_type = FORMATS[kind]
    return _file(write(rows_of(campaign)), content_type, name)


def _rater_page(request: HttpRequest, pk: int, rater: int, form: ExclusionForm) -> HttpResponse:
    campaign = monitoring.campaign_or_404(pk)
    context = {
        "campaign": campaign,
        "line": selectors.rater_line_or_404(campaign, rater),
        "figures": selectors.figures_of(campaign),
        "form": form,
        "may_exclude": Role.OPERATOR in roles_of(request.user),
    }
    return render(request, "raters/quality_rater.html", context, status=422 if form.errors else 200)


def _file(parts: Any, content_type: str, name: str) -> StreamingHttpResponse:
    named = f"{name.rpartition('.')[0]}-{timezone.now():%Y-%m-%d}.{name.rpartition('.')[2]}"
    response = StreamingHttpResponse(parts, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{named}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
