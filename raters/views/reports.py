"""Images that raters have reported: an operator looks at each, and lets raters have it again or withholds it."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from raters.exceptions import BadCampaign
from raters.selectors import disputes, monitoring
from raters.selectors import reports as selectors
from raters.services import tasks
from vitrine.access import Role, allow
from vitrine.page_cursors import cursors_of
from vitrine.paging import pager_links

# What is said after each of `tasks.ACTS`.
SAID = {
    "release": "Raters can have the image again.",
    "withhold": "The image is withheld: it is handed out no more.",
}
PLACE = ("kind", "after", "before")  # of an address: which list, and which page of it


@allow(Role.OPERATOR)
@require_safe
def campaign_reports(request: HttpRequest, pk: int) -> HttpResponse:
    """What was reported of a campaign's images, and what became of them."""
    campaign = monitoring.campaign_or_404(pk)
    kind = request.GET.get("kind", "")
    kind = kind if kind in selectors.KINDS else selectors.DEFAULT
    bounds = cursors_of(request)
    page = selectors.task_page(campaign, kind, **bounds)
    if not page.items and any(bounds.values()):  # the last image of that page has been decided
        return redirect(f"{request.path}?{urlencode({'kind': kind})}")
    reports = selectors.reports_of(page.items)
    context = {
        "campaign": campaign,
        "kind": kind,
        "kinds": selectors.KINDS,
        "images": [(task, reports.get(task.pk, [])) for task in page.items],
        "page": page,
        "pager": pager_links(page, request.GET),
        "place": [(name, request.GET[name]) for name in PLACE if request.GET.get(name)],
    }
    return render(request, "raters/campaign_reports.html", context)


@allow(Role.OPERATOR)
@require_POST
def report_act(request: HttpRequest, pk: int, task: int, act: str) -> HttpResponse:
    """Let raters have an image again, or withhold it; back to the page of the list from which that was said."""
    found = disputes.task_or_404(monitoring.campaign_or_404(pk), task)
    if act not in tasks.ACTS:
        raise Http404("An image is released or withheld.")
    try:
        tasks.ACTS[act](found, by=request.user)
    except BadCampaign as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, SAID[act])
    asked = {name: request.POST[name] for name in PLACE if request.POST.get(name)}
    return redirect(reverse("raters:campaign-reports", args=[pk]) + (f"?{urlencode(asked)}" if asked else ""))
