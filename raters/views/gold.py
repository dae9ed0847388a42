"""Gold items: images whose right answers an operator says, out of those that no rater has had."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from raters.exceptions import Refused
from raters.forms.gold import GoldForm
from raters.models import GoldItem, Task
from raters.selectors import monitoring
from raters.services import gold
from vitrine.access import Role, allow
from vitrine.page_cursors import cursor_of
from vitrine.paging import pager_links


@allow(Role.OPERATOR)
@require_safe
def gold_items(request: HttpRequest, pk: int) -> HttpResponse:
    """The campaign's gold items, and images that could become one."""
    campaign = monitoring.campaign_or_404(pk)
    page = monitoring.fresh_page(campaign, after=cursor_of(request, "after"))
    made = monitoring.gold_page(campaign, after=cursor_of(request, "made"))
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
    """Say the right answers to one image; of a gold item, other ones."""
    campaign = monitoring.campaign_or_404(pk)
    found = campaign.tasks.select_related("subject").filter(pk=task).first()
    if found is None:
        raise Http404(f"The campaign has no image {task}.")
    item = GoldItem.objects.filter(task=found).first()
    form = GoldForm(request.POST or None, question_set=campaign.question_set, item=item)
    if form.is_bound and form.is_valid():
        try:
            messages.success(request, _kept(found, item, form, by=request.user))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("raters:gold-items", pk)
    context = {
        "campaign": campaign,
        "task": found,
        "item": item,
        "form": form,
        "photos": found.subject.photos if found.subject else [],
    }
    return render(request, "raters/gold_new.html", context, status=422 if form.errors else 200)


def _kept(task: Task, item: GoldItem | None, form: GoldForm, *, by: Any) -> str:
    """Make the gold item, or change it; returns what is said of that."""
    data = form.cleaned_data
    if item is not None:
        gold.change_gold(item, form.expected(), explanation=data["explanation"], by=by)
        return "The gold item is changed."
    gold.make_gold(task, form.expected(), explanation=data["explanation"], use=data["use"], by=by)
    return "The gold item is made."
