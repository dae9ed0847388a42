"""Pictures for raters, under addresses that say nothing and with headers that say nothing."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from raters import pictures
from raters.models import Assignment, GuidelinePicture, Subject
from raters.selectors import rating_room
from raters.services import people
from vitrine.access import Role, allow, roles_of

HEADERS = {
    # An address is one picture for ever; no ETag, no date and no file name: each would tell one image from another.
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@allow(Role.RATER)
@require_safe
def picture(request: HttpRequest, assignment: UUID) -> HttpResponse:
    """The image of an assignment, for the rater whom it was handed to."""
    mine = Assignment.objects.filter(uuid=assignment, rater__user=_user(request))
    return shown(mine.values_list("task__picture_key", flat=True).first())


@allow(Role.RATER)
@require_safe
def photo(request: HttpRequest, subject: UUID, place: int) -> HttpResponse:
    """A photo of what an image is of, for the raters of its campaign."""
    mine = Subject.objects.filter(uuid=subject, campaign__raters__rater__user=_user(request))
    photos = mine.values_list("photos", flat=True).first() or []
    return shown(photos[place]["key"] if place < len(photos) else None)


@allow(*Role)
@require_safe
def example(request: HttpRequest, campaign: int, picture: int) -> HttpResponse:
    """An example picture of a campaign's guidelines, for its operators and analysts, and for who may rate in it."""
    if not roles_of(request.user) & {Role.ANALYST, Role.OPERATOR}:
        rating_room.campaign_for(people.rater_of(request.user), campaign)
    keys = GuidelinePicture.objects.filter(pk=picture, campaign=campaign).values_list("key", flat=True)
    return shown(keys.first())


def shown(source: str | None) -> HttpResponse:
    """A stored picture as raters get it. Raises Http404."""
    if not source:
        raise Http404("There is no such picture.")
    try:
        data = pictures.rendition(source)
    except FileNotFoundError:
        raise Http404("There is no such picture.") from None
    return HttpResponse(data, content_type=pictures.CONTENT_TYPE, headers=HEADERS)


def _user(request: HttpRequest) -> Any:
    return request.user
