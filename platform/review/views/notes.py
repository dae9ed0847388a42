"""Notes on products and images, and marks for a second look: small parts of pages that htmx swaps."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from catalog.models import Product
from review.models import Item, Note
from review.services import marks, notes
from review.services.marks import NoSuchImage
from review.services.notes import BadNote
from review.views.overview import LOOK
from review.wall_forms import read_keys
from vitrine.access import allow

MOST = 100  # notes shown on one thing, the newest


@allow(*LOOK)
@require_POST
def mark(request: HttpRequest) -> HttpResponse:
    """Mark an image for a second look, or take the mark off."""
    keys = read_keys([request.POST.get("image", "")])
    marked = request.POST.get("marked") == "1"
    try:
        marks.mark(_only(keys), marked=marked, by=request.user)
    except NoSuchImage as missing:
        raise Http404(str(missing)) from None
    context = {"key": keys[0], "marked": marked, "at": request.POST.get("at", "")[:20]}
    return render(request, "review/_mark.html", context)


@allow(*LOOK)
@require_POST
def note_write(request: HttpRequest) -> HttpResponse:
    """Write a note on a product or an image."""
    about = request.POST.get("about", "")[:30]
    problem = ""
    try:
        _write(about, request.POST.get("text", ""), request.user)
    except BadNote as refusal:
        problem = str(refusal)
    except NoSuchImage as missing:
        raise Http404(str(missing)) from None
    context = notes_context(request, about)
    if problem:
        context |= {"problem": problem, "text": request.POST.get("text", "")}
    return render(request, "review/_notes.html", context, status=_refused(request) if problem else 200)


@allow(*LOOK)
@require_POST
def note_change(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Change, remove or bring back a note of one's own."""
    note = get_object_or_404(Note.objects.select_related("by"), pk=pk)
    acts = {
        "change": lambda: notes.change(note, request.POST.get("text", ""), by=request.user),
        "remove": lambda: notes.remove(note, by=request.user),
        "restore": lambda: notes.restore(note, by=request.user),
    }
    if act not in acts:
        raise Http404(f"A note cannot be told to {act[:40]}.")
    try:
        acts[act]()
    except BadNote as refusal:
        context = {"note": note, "own": note.by_id == request.user.pk, "problem": str(refusal)}
        return render(request, "review/_note.html", context, status=_refused(request))
    return render(request, "review/_note.html", {"note": note, "own": True})


def notes_context(request: HttpRequest, about: str) -> dict[str, Any]:
    """What `_notes.html` shows: the notes on "product:17", "item:5", "candidate:9" or "task:3"."""
    found = Note.objects.filter(removed_at=None, **_where(about)).select_related("by").order_by("-pk")[:MOST]
    mine = request.user.pk
    return {"about": about, "notes": [(note, note.by_id == mine) for note in found], "longest": notes.LONGEST}


def _refused(request: HttpRequest) -> int:
    """htmx swaps no answer that says "error", and the form with its sentence is what the person needs."""
    return 200 if request.headers.get("HX-Request") == "true" else 422


def _where(about: str) -> dict[str, Any]:
    kind, pk = _parts(about)
    return {"item__product": pk} if kind == "product" else {kind: pk}


def _write(about: str, text: str, by: Any) -> Note:
    kind, pk = _parts(about)
    if kind == "product":
        return notes.write_on_item(notes.item_of(get_object_or_404(Product, pk=pk)), text, by=by)
    if kind == "item":
        return notes.write_on_item(get_object_or_404(Item, pk=pk), text, by=by)
    return notes.write_on_image(_only(read_keys([about])), text, by=by)


def _parts(about: str) -> tuple[str, int]:
    kind, _, number = about.partition(":")
    if kind not in ("product", "item", "candidate", "task") or not (number.isascii() and number.isdigit()):
        raise Http404(f"{about!r} is nothing that a note can be on.")
    if len(number) > 18:
        raise Http404(f"There is no {kind} {number}.")
    return kind, int(number)


def _only(keys: list[Any]) -> Any:
    if len(keys) != 1:
        raise Http404("There is no such image.")
    return keys[0]
