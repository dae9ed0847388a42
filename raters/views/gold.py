"""Gold items: images whose right answers an operator says, out of those that no rater has had."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from raters.exceptions import BadAnswers
from raters.forms.gold import GoldForm
from raters.selectors import monitoring
from raters.services import gold
from vitrine.access import Role, allow
from vitrine.paging import cursor_from, pager_links


@allow(Role.OPERATOR)
@require_safe
def gold_items(request: HttpRequest, pk: int) -> HttpResponse:
    """The campaign's gold items, and images that could become one."""
    campaign = monitoring.campaign_or_404(pk)
    page = monitoring.fresh_page(campaign, after=cursor_from(request.GET.get("after")))
    made = monitoring.gold_page(campaign, after=cursor_from(request.GET.get("made")))
    context = {
        "campaign": campaign,
        "items": made.items,
        "older": made.next_cursor,
        "page": page,
        "pager": pager_links(page, request.GET),
    }
    return render(request, "raters/gold_items.html", context)


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def gold_new(request: HttpRequest, pk: int, task: int) -> HttpResponse:
    """Say the right answers to one image."""
    campaign = monitoring.campaign_or_404(pk)
    found = campaign.tasks.select_related("subject").filter(pk=task).first()
    if found is None:
        raise Http404(f"The campaign has no image {task}.")
    form = GoldForm(request.POST or None, question_set=campaign.question_set)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            gold.make_gold(found, form.expected(), explanation=data["explanation"], use=data["use"], by=request.user)
        except BadAnswers as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The gold item is made.")
            return redirect("raters:gold-items", pk)
    context = {
        "campaign": campaign,
        "task": found,
        "form": form,
        "photos": found.subject.photos if found.subject else [],
    }
    return render(request, "raters/gold_new.html", context, status=422 if form.errors else 200)
