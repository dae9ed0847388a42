"""Pages for raters: their campaigns, the rating page, and their own work."""

from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from raters.exceptions import BadRequest
from raters.guidelines import rendered
from raters.models import Rater
from raters.models.questions import Answer
from raters.selectors import own, rating_room
from raters.services import people
from vitrine.access import Role, allow


class Reason(NamedTuple):
    """Why an image is skipped or reported: what is kept, and what the page says."""

    value: str
    label: str


SKIP_REASONS = (
    Reason("cannot judge", "I cannot judge this product"),
    Reason("photos", "The product photos are missing or wrong"),
    Reason("questions", "The questions do not fit this image"),
    Reason("other", "Another reason"),
)
REPORT_REASONS = (
    Reason("broken", "The image is broken or does not load"),
    Reason("unsafe", "The image is unsafe or offensive"),
    Reason("private", "It shows a real person or private data"),
    Reason("other", "Something else"),
)


@allow(Role.RATER)
@require_safe
def rate_list(request: HttpRequest) -> HttpResponse:
    """The campaigns that this rater may rate in, and how far they are."""
    rater = _rater(request)
    found = rating_room.invitations(rater)
    context = {"rater": rater, "invitations": found, "begun": any(one.member and one.member.leases for one in found)}
    return render(request, "raters/rate_list.html", context)


@allow(Role.RATER)
@never_cache
@ensure_csrf_cookie
@require_safe
def rate(request: HttpRequest, pk: int) -> HttpResponse:
    """The rating page of one campaign; what to rate it asks for by itself."""
    rater = _rater(request)
    campaign = rating_room.campaign_for(rater, pk)
    questions = rating_room.asked(campaign.question_set)
    choices = rating_room.shared_choices(questions)
    context = {
        "campaign": campaign,
        "questions": questions,
        "choices": choices,
        "usual": [choice["value"] for choice in choices] == Answer.values,
        "guidelines": rendered(campaign.guidelines),
        "pictures": campaign.guideline_pictures.all(),
        "base": reverse("raters:rate", args=[pk]),
        # Where this browser keeps what the server has not got yet: apart for each rater and campaign.
        "keep": f"vitrine.rate.{rater.pk}.{pk}.",
        "skip_reasons": SKIP_REASONS,
        "report_reasons": REPORT_REASONS,
    }
    return render(request, "raters/rate.html", context)


@allow(Role.RATER)
@require_safe
def rate_own(request: HttpRequest, pk: int) -> HttpResponse:
    """What this rater has rated in a campaign, newest first, with every answer."""
    rater = _rater(request)
    campaign = rating_room.campaign_for(rater, pk)
    questions = rating_room.asked(campaign.question_set)
    try:
        page = own.ratings_page(rater, campaign, request.GET.get("before"))
    except BadRequest as refusal:
        raise Http404(str(refusal)) from None
    context = {
        "campaign": campaign,
        "rows": [_with_answers(row, questions) for row in page["ratings"]],
        "questions": questions,
        "before": page["before"],
    }
    return render(request, "raters/rate_own.html", context)


def _with_answers(row: dict[str, Any], questions: list[dict[str, Any]]) -> dict[str, Any]:
    given = [{"topic": question["topic"], "answer": row["answers"].get(question["key"], "")} for question in questions]
    return row | {"given": given}


def _rater(request: HttpRequest) -> Rater:
    return people.rater_of(request.user)
