"""Images that raters disagree about: an adjudicator sees what they saw, rules, and only then sees the votes."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from raters import handing
from raters.exceptions import Refused
from raters.forms.quality import RulingForm
from raters.guidelines import rendered
from raters.models import Campaign, Task
from raters.selectors import disputes as selectors
from raters.selectors import monitoring
from raters.selectors.rating_room import asked
from raters.services import adjudication
from raters.views.pictures import shown
from vitrine.access import Role, allow
from vitrine.page_cursors import cursor_of

LOOK = (Role.ANALYST, Role.OPERATOR)


@allow(*LOOK)
@require_safe
def disputes(request: HttpRequest, pk: int) -> HttpResponse:
    """The next image of a kind of disagreement, without any vote."""
    campaign = monitoring.campaign_or_404(pk)
    kind = request.GET.get("kind", "")
    kind = kind if kind in selectors.KINDS else selectors.DEFAULT
    task = selectors.next_for(campaign, kind, request.user, after=cursor_of(request, "after"))
    return _page(request, campaign, kind, task, RulingForm(questions=asked(campaign.question_set)))


@allow(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, pk: int, task: int) -> HttpResponse:
    """Rule on one image; a GET shows it again, as it is shown in the queue."""
    campaign = monitoring.campaign_or_404(pk)
    kind = request.GET.get("kind", selectors.DEFAULT)
    found = selectors.task_or_404(campaign, task)
    form = RulingForm(request.POST or None, questions=asked(campaign.question_set))
    if form.is_bound and form.is_valid():
        try:
            made = adjudication.rule(found, form.answers(), by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect(f"{reverse('raters:ruling', args=[pk, made.pk])}?kind={kind}")
    return _page(request, campaign, kind, found, form)


@allow(*LOOK)
@require_safe
def ruling(request: HttpRequest, pk: int, ruling_id: int) -> HttpResponse:
    """A ruling beside the votes that it leaves as they are."""
    campaign = monitoring.campaign_or_404(pk)
    found = selectors.ruling_or_404(campaign, ruling_id)
    context = {
        "campaign": campaign,
        "ruling": found,
        "rows": selectors.votes_beside(found, asked(campaign.question_set)),
        "kind": request.GET.get("kind", selectors.DEFAULT),
        "picture": reverse("raters:dispute-picture", args=[pk, found.task_id]),
    }
    return render(request, "raters/ruling.html", context)


@allow(*LOOK)
@require_safe
def dispute_picture(_request: HttpRequest, pk: int, task: int) -> HttpResponse:
    """The image as raters see it: without what its file says of its making."""
    return shown(selectors.task_or_404(monitoring.campaign_or_404(pk), task).picture_key)


@allow(*LOOK)
@require_safe
def dispute_photo(_request: HttpRequest, pk: int, task: int, place: int) -> HttpResponse:
    """A photo that the image is held against."""
    subject = selectors.task_or_404(monitoring.campaign_or_404(pk), task).subject
    photos = subject.photos if subject else []
    if place >= len(photos):
        raise Http404("There is no such photo.")
    return shown(photos[place]["key"])


def _page(request: HttpRequest, campaign: Campaign, kind: str, task: Task | None, form: RulingForm) -> HttpResponse:
    if kind not in selectors.KINDS:
        kind = selectors.DEFAULT
    context: dict[str, Any] = {
        "campaign": campaign,
        "kind": kind,
        "kinds": {name: words for name, (words, _) in selectors.KINDS.items()},
        "guidelines": rendered(campaign.guidelines),
        "task": task,
        "form": form,
    }
    if task is not None:
        photos = handing.photos_of(task)
        context |= {
            "after": task.verdict.pk if hasattr(task, "verdict") else None,
            "picture": reverse("raters:dispute-picture", args=[campaign.pk, task.pk]),
            "photos": [reverse("raters:dispute-photo", args=[campaign.pk, task.pk, n]) for n in range(len(photos))],
            "prompt": handing.prompt_of(task) if campaign.show_prompt else "",
        }
    return render(request, "raters/disputes.html", context, status=422 if form.errors else 200)
