"""What the rating page calls, as JSON. A refusal answers 4xx with {"refused": code, "sentence": text}."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from raters import handing
from raters.exceptions import BadRequest, Refused
from raters.models import Campaign, Rater
from raters.selectors import own
from raters.selectors.rating_room import opened
from raters.services import changes, passing, people, rating
from raters.services.rating import Submission
from vitrine.access import Role, allow

Call = Callable[[Rater, int, dict[str, Any]], dict[str, Any]]


def rater_call(call: Call) -> Callable[..., HttpResponse]:
    """A POST of JSON by a rater about one campaign; what it raises becomes the answer."""

    @allow(Role.RATER)
    @never_cache
    @require_POST
    @wraps(call)
    def view(request: HttpRequest, campaign: int) -> HttpResponse:
        try:
            return JsonResponse(call(people.rater_of(request.user), campaign, _body(request)))
        except Refused as refusal:
            return refused(refusal)

    return view


def refused(refusal: Refused) -> JsonResponse:
    """The answer to what is refused."""
    return JsonResponse({"refused": refusal.code, "sentence": str(refusal)}, status=refusal.status)


@rater_call
def next_task(rater: Rater, campaign: int, _body: dict[str, Any]) -> dict[str, Any]:
    """What to rate now and after it."""
    return handing.handout(rating.lease_next(rater, opened(campaign)))


@rater_call
def submit(rater: Rater, _campaign_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Keep a rating, and answer as `next` does: one request a rating."""
    made, hands = rating.submit_and_lease(rater, uuid_in(body, "assignment"), submission(body))
    return handing.handout(hands, feedback=handing.feedback_on(made, hands.campaign))


@rater_call
def draft(rater: Rater, _campaign_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Keep what is answered so far."""
    kept = rating.save_draft(
        rater, uuid_in(body, "assignment"), body.get("answers"), body.get("times"), number_in(body, "active_ms")
    )
    return handing.drafted(kept)


@rater_call
def skip(rater: Rater, _campaign_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Leave an image to others, with a reason, and answer as `next` does."""
    return handing.handout(passing.skip_and_lease(rater, uuid_in(body, "assignment"), body.get("reason", "")))


@rater_call
def report(rater: Rater, _campaign_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Say that an image is broken or unsafe, and answer as `next` does."""
    return handing.handout(passing.report_and_lease(rater, uuid_in(body, "assignment"), body.get("reason", "")))


@rater_call
def change(rater: Rater, _campaign_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Other answers in place of one's own earlier ones."""
    changed = changes.change(rater, uuid_in(body, "assignment"), body.get("answers"))
    return {"saved": True, "answers": changed.answers}


@rater_call
def withdraw(rater: Rater, _campaign_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Take one's own rating back."""
    changes.withdraw(rater, uuid_in(body, "assignment"), reason=str(body.get("reason", "")))
    return {"withdrawn": True}


@allow(Role.RATER)
@require_POST
def leave(request: HttpRequest, campaign: int) -> HttpResponse:
    """Give back what is held, but for what `keep` names. Sent by a page that goes away, as JSON or as a bare form."""
    try:
        rating.give_back(*_who_and_what(request, campaign), keep=_kept(request))
    except Refused as refusal:
        return refused(refusal)
    return HttpResponse(status=204)


@allow(Role.RATER)
@never_cache
@require_safe
def mine(request: HttpRequest, campaign: int) -> HttpResponse:
    """The rater's own ratings in the campaign, newest first, from the one `before` on back."""
    try:
        return JsonResponse(own.ratings_page(*_who_and_what(request, campaign), request.GET.get("before")))
    except Refused as refusal:
        return refused(refusal)


def submission(body: dict[str, Any]) -> Submission:
    """A rating out of a request's body. Raises BadRequest."""
    times = body.get("times", {})
    return Submission(uuid_in(body, "request_id"), body.get("answers"), times, number_in(body, "active_ms"))


def uuid_in(body: dict[str, Any], name: str) -> UUID:
    """A UUID out of a request's body. Raises BadRequest."""
    try:
        return UUID(str(body.get(name)))
    except ValueError:
        raise BadRequest(f"The request needs {name!r}, a UUID.") from None


def number_in(body: dict[str, Any], name: str) -> int:
    """A whole number out of a request's body, 0 where there is none. Raises BadRequest."""
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= rating.LONGEST_MS:
        raise BadRequest(f"{name!r} is milliseconds: a number from 0 to a day.")
    return int(value)


def _who_and_what(request: HttpRequest, campaign: int) -> tuple[Rater, Campaign]:
    return people.rater_of(request.user), opened(campaign)


def _kept(request: HttpRequest) -> list[UUID]:
    """The images that a leaving page is not done with: half rated, or rated and still on their way here."""
    if request.content_type != "application/json":
        return []
    sent = _body(request).get("keep", [])
    if not isinstance(sent, list) or len(sent) > rating.MOST_KEPT:
        raise BadRequest(f"'keep' is a list of up to {rating.MOST_KEPT} UUIDs.")
    return [uuid_in({"keep": one}, "keep") for one in sent]


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):  # lists within lists without end
        raise BadRequest("The request is no JSON.") from None
    if not isinstance(body, dict):
        raise BadRequest("The request is no JSON object.")
    return body
