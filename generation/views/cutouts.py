"""A photo with the product marked in it: the page, the live round trip to the segmenter, and what is saved."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Photo
from generation.exceptions import GenerationError, NotPossible, Overtaken
from generation.forms import CaptionForm
from generation.selectors.photos import photo_or_404, photo_state, question_or_404
from generation.services import asking, marking
from generation.views.people import person
from jobs.models import Job
from vitrine.access import Role, allow


@allow(Role.OPERATOR)
@require_safe
def cutout(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark the product in a photo, and describe the photo."""
    return _page(request, photo_or_404(pk))


@allow(Role.OPERATOR)
@require_POST
def cutout_prepare(request: HttpRequest, pk: int) -> JsonResponse:
    """Have the photo embedded, so that the first click is answered fast."""
    try:
        return JsonResponse({"job": asking.prepare(photo_or_404(pk), asked_by=person(request)).pk}, status=202)
    except GenerationError as refusal:
        return JsonResponse({"detail": str(refusal)}, status=400)


@allow(Role.OPERATOR)
@require_POST
def cutout_cut(request: HttpRequest, pk: int) -> JsonResponse:
    """Ask for the mask of a prompt; answered at once where a worker is quick, else with where to ask again."""
    photo = photo_or_404(pk)
    try:
        job = asking.ask(photo, marking.read_prompt(photo, _body(request)), asked_by=person(request))
    except GenerationError as refusal:
        return JsonResponse({"detail": str(refusal)}, status=400)
    return _answer(photo, job)


@allow(Role.OPERATOR)
@require_safe
def cutout_answer(_request: HttpRequest, pk: int, job_id: int) -> JsonResponse:
    """What has become of that question, at once: the page asks again by itself."""
    photo = photo_or_404(pk)
    return _answer(photo, question_or_404(photo, job_id), at_once=True)


@allow(Role.OPERATOR)
@require_POST
def cutout_save(request: HttpRequest, pk: int) -> JsonResponse:
    """Keep the mask that the page shows."""
    photo, body = photo_or_404(pk), _body(request)
    try:
        chosen = marking.Chosen(*(_number(body, name) for name in ("job", "guess")))
        marking.save_mask(photo, chosen, by=person(request), over=body.get("over"))
    except Overtaken as refusal:
        return JsonResponse({"detail": str(refusal), "over": refusal.by}, status=409)
    except GenerationError as refusal:
        return JsonResponse({"detail": str(refusal)}, status=400)
    messages.success(request, "The mask is saved. Runs that begin from now on use it.")
    return JsonResponse({"url": reverse("generation:cutout", args=[pk])})


@allow(Role.OPERATOR)
@require_POST
def cutout_automatic(request: HttpRequest, pk: int) -> HttpResponse:
    """Let what models found hold again: the mask, or the caption."""
    photo = photo_or_404(pk)
    if request.POST.get("what") == "caption":
        marking.use_automatic_caption(photo)
        messages.success(request, "The automatic caption holds again.")
    else:
        marking.use_automatic_mask(photo)
        messages.success(request, "The automatic mask holds again.")
    return redirect("generation:cutout", pk)


@allow(Role.OPERATOR)
@require_POST
def caption_save(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a person's caption."""
    photo, form = photo_or_404(pk), CaptionForm(request.POST)
    if form.is_valid():
        try:
            marking.save_caption(photo, form.cleaned_data["template"], by=person(request))
        except NotPossible as refusal:
            form.add_error("template", str(refusal))
        else:
            messages.success(request, "The caption is saved. Runs that begin from now on use it.")
            return redirect("generation:cutout", pk)
    return _page(request, photo, form, status=422)


def _page(request: HttpRequest, photo: Photo, form: CaptionForm | None = None, status: int = 200) -> HttpResponse:
    state = photo_state(photo)
    siblings = list(photo.product.photos.all())
    place = next(index for index, one in enumerate(siblings) if one.pk == photo.pk)
    context = {
        "photo": photo,
        "product": photo.product,
        "state": state,
        "form": form or CaptionForm(initial={"template": state.caption}),
        "facts": _facts(state),
        "number": place + 1,
        "count": len(siblings),
        "previous": siblings[place - 1] if place else None,
        "next": siblings[place + 1] if place + 1 < len(siblings) else None,
    }
    return render(request, "generation/cutout.html", context, status=status)


def _facts(state: Any) -> dict[str, Any]:
    """What the script needs to know."""
    photo = state.photo
    names = ("prepare", "cut", "save")
    return {
        "photo": photo.url,
        "width": photo.width,
        "height": photo.height,
        "mask": state.mask_url,
        "made_by": state.mask_by,
        "over": state.mask_key if state.mask_by == "person" else "",
        "box": state.box,
        "prompt": state.prompt,
        "urls": {name: reverse(f"generation:cutout-{name}", args=[photo.pk]) for name in names},
    }


def _answer(photo: Photo, job: Job, *, at_once: bool = False) -> JsonResponse:
    told = asking.answer_of(job, at_once=at_once)
    if told["state"] != "waiting":
        return JsonResponse(told)
    url = reverse("generation:cutout-answer", args=[photo.pk, job.pk])
    return JsonResponse(told | {"url": url}, status=202)


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _number(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise NotPossible(f"{name} must be a whole number; it is {value!r}.")
    return value
