"""Images that raters have reported: an operator looks at each, and lets raters have it again or withholds it."""

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
from vitrine.paging import cursor_from, pager_links

# address part: (service, what is said after it)
ACTS = {
    "release": (tasks.release, "Raters can have the image again."),
    "withhold": (tasks.withhold, "The image is withheld: it is handed out no more."),
}


@allow(Role.OPERATOR)
@require_safe
def campaign_reports(request: HttpRequest, pk: int) -> HttpResponse:
    """What was reported of a campaign's images, and what became of them."""
    campaign = monitoring.campaign_or_404(pk)
    kind = request.GET.get("kind", "")
    kind = kind if kind in selectors.KINDS else selectors.DEFAULT
    page = selectors.task_page(
        campaign, kind, after=cursor_from(request.GET.get("after")), before=cursor_from(request.GET.get("before"))
    )
    reports = selectors.reports_of(page.items)
    context = {
        "campaign": campaign,
        "kind": kind,
        "kinds": selectors.KINDS,
        "images": [(task, reports.get(task.pk, [])) for task in page.items],
        "page": page,
        "pager": pager_links(page, request.GET),
    }
    return render(request, "raters/campaign_reports.html", context)


@allow(Role.OPERATOR)
@require_POST
def report_act(request: HttpRequest, pk: int, task: int, act: str) -> HttpResponse:
    """Let raters have an image again, or withhold it."""
    found = disputes.task_or_404(monitoring.campaign_or_404(pk), task)
    if act not in ACTS:
        raise Http404("An image is released or withheld.")
    do, said = ACTS[act]
    try:
        do(found, by=request.user)
    except BadCampaign as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    kind = request.POST.get("kind", "")
    asked = f"?kind={kind}" if kind in selectors.KINDS else ""
    return redirect(reverse("raters:campaign-reports", args=[pk]) + asked)
