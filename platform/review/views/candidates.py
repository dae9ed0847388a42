"""One image opened: where it comes from, what rankers and raters say of it, and what others made of its prompt."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from generation.models import Candidate
from generation.panels import panels_for
from raters.models import Task
from review import cards, provenance, walls
from review.models import JudgedImage
from review.views.notes import notes_context
from review.views.overview import LOOK
from review.wall_forms import read_wall
from review.walls import OPEN, Wall
from vitrine.access import allow
from vitrine.paging import cursor_from

MOST_PHOTOS = 12


@allow(*LOOK)
@require_safe
def candidate(request: HttpRequest, pk: int) -> HttpResponse:
    """A generated image, from the photos to every vote."""
    found = provenance.candidate_or_404(pk)
    product = found.run.product
    context = {
        "candidate": found,
        "task": None,
        "product": product,
        "photos": product.photos.all()[:MOST_PHOTOS],
        "past": provenance.past_of(found),
        "others": provenance.others_of(found),
        "judgements": provenance.judgements_of(Task.objects.filter(candidate=found)),
        "panels": panels_for(found.pk, request.user),
        **_around(request, found),
    }
    return render(request, "review/candidate.html", context)


@allow(*LOOK)
@require_safe
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """An image that came from elsewhere: what came with it, and every vote. A generated one is shown as that."""
    found = provenance.upload_or_404(pk)
    if found.candidate_id:
        return redirect("review:candidate", found.candidate_id)
    context = {
        "candidate": None,
        "task": found,
        "product": provenance.product_of(found),
        "item": provenance.item_of_task(found),
        "photo_places": range(len(found.subject.photos[:MOST_PHOTOS]) if found.subject else 0),
        "judgements": provenance.judgements_of(Task.objects.filter(pk=found.pk)),
        **_around(request, found),
    }
    return render(request, "review/candidate.html", context)


def _around(request: HttpRequest, image: Candidate | Task) -> dict[str, Any]:
    """The wall that the image was opened from, what stands beside it there, its mark and its notes."""
    wall, _ = read_wall(request.GET)
    key = cards.key_of(image)
    at = cursor_from(request.GET.get("at"))
    if at is None and wall == Wall():
        wall, at = _own_wall(image)
    wall = walls.settled(wall, walls.counted(wall))
    near = walls.beside(wall, at) if at else walls.Beside()
    return {
        "wall": wall,
        "at": at,
        "before": cards.href_of(wall, near.before) if near.before else "",
        "after": cards.href_of(wall, near.after) if near.after else "",
        "picture": cards.picture_of(image, small=False),
        "key": key,
        "marked": key in cards.marks_on([key]),
        **notes_context(request, str(key)),
    }


def _own_wall(image: Candidate | Task) -> tuple[Wall, int | None]:
    """For who comes by another way: the wall of the image's product, and its place there."""
    column = {"candidate": image.pk} if isinstance(image, Candidate) else {"task": image.pk}
    judged = JudgedImage.objects.filter(**column).order_by("-pk").first()
    wall = Wall()
    if isinstance(image, Candidate):
        wall = wall.but(filters=wall.filters.but(product=image.run.product_id))
        return (wall, judged.pk) if judged else (wall.but(verdict=OPEN), image.pk)
    if judged is None:
        return wall, None
    product = image.subject.product_id if image.subject else None
    wall = wall.but(filters=wall.filters.but(product=product)) if product else wall.but(item=judged.item)
    return wall, judged.pk
