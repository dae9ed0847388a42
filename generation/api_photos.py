"""What is known of photos, for programs: where the product is in each and how it is described; both can be put right.

A mask is drawn by points and boxes, as on the photo's page: asked of a worker, answered with guesses, one of which is
kept. Or it is brought along as a picture.
"""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Photo
from catalog.selectors.products import product_or_404
from generation.api import LOOK, GenerationView
from generation.selectors.photos import PhotoState, photo_or_404, photo_state, photo_states, question_or_404
from generation.services import asking, marking
from jobs.models import Job
from vitrine.access import Role, allow
from vitrine.api_fields import Body
from vitrine.paging import LARGEST_ID


@allow(*LOOK)
class CutoutsApi(GenerationView):
    """GET: the photos of a product, each with the mask and the caption that hold now, and whose they are."""

    def get(self, request: Request, pk: int) -> Response:
        product = product_or_404(pk)
        return Response({"results": [_told(state) for state in photo_states(product, list(product.photos.all()))]})


@allow(*LOOK)
class MaskApi(GenerationView):
    """GET: where the product is in a photo, and who says so. PUT: a person's mask. DELETE: the automatic one again.

    PUT takes `job` and `guess` of an answer of …/mask/ask/, or `file`: a picture of the photo's proportions, white on
    the product and black around it, or transparent around it.
    """

    class Input(Body):
        job = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
        guess = serializers.IntegerField(min_value=0, max_value=LARGEST_ID, required=False, default=0)
        file = serializers.FileField(required=False, max_length=255)

        def validate(self, values: dict[str, Any]) -> dict[str, Any]:
            if ("job" in values) == ("file" in values):
                raise serializers.ValidationError("Send either job, with guess, or file.")
            return values

    def get(self, request: Request, pk: int) -> Response:
        return Response(_told(photo_state(photo_or_404(pk))))

    def put(self, request: Request, pk: int) -> Response:
        photo, asked = photo_or_404(pk), self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        told = asked.validated_data
        if "file" in told:
            marking.save_drawn(photo, told["file"], by=_person(request))
        else:
            marking.save_mask(photo, marking.Chosen(told["job"], told["guess"]), by=_person(request))
        return Response(_told(photo_state(photo)))

    def delete(self, request: Request, pk: int) -> Response:
        photo = photo_or_404(pk)
        marking.use_automatic_mask(photo)
        return Response(_told(photo_state(photo)))


@allow(Role.OPERATOR)
class MaskAskApi(GenerationView):
    """POST: ask a worker for the masks that a `box` (left, top, right, bottom) or `points` (x, y, 1 on it or 0) mean.

    200 with at most three guesses, best first, or 202 with the address to ask again at. A guess's `counts` are runs of
    pixels, outside first, by rows.
    """

    class Input(Body):
        box = serializers.ListField(child=serializers.IntegerField(), required=False, allow_null=True)
        points = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()), required=False)

    def post(self, request: Request, pk: int) -> Response:
        photo, asked = photo_or_404(pk), self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        prompt = marking.read_prompt(photo, asked.validated_data)
        return _answer(photo, asking.ask(photo, prompt, asked_by=_person(request)))


@allow(Role.OPERATOR)
class MaskAnswerApi(GenerationView):
    """GET: what has become of a question for masks: done with guesses, failed with its reason, or still waiting.

    Answered at once; while it waits, `Retry-After` says in how many seconds to ask again.
    """

    def get(self, request: Request, pk: int, job_id: int) -> Response:
        photo = photo_or_404(pk)
        return _answer(photo, question_or_404(photo, job_id), at_once=True)


@allow(*LOOK)
class CaptionApi(GenerationView):
    """GET: how a photo is described. PUT: a person's `template` with {product} once. DELETE: the automatic again."""

    class Input(Body):
        template = serializers.CharField(max_length=10_000)

    def get(self, request: Request, pk: int) -> Response:
        return Response(_told(photo_state(photo_or_404(pk))))

    def put(self, request: Request, pk: int) -> Response:
        photo, asked = photo_or_404(pk), self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        marking.save_caption(photo, asked.validated_data["template"], by=_person(request))
        return Response(_told(photo_state(photo)))

    def delete(self, request: Request, pk: int) -> Response:
        photo = photo_or_404(pk)
        marking.use_automatic_caption(photo)
        return Response(_told(photo_state(photo)))


def _told(state: PhotoState) -> dict[str, Any]:
    photo = state.photo
    mask = {name: getattr(state, name) for name in ("box", "prompt", "score", "share", "problem")}
    return {
        "photo": {"id": photo.pk, "url": photo.url, "width": photo.width, "height": photo.height},
        "mask": {"by": state.mask_by, "url": state.mask_url, "needs_person": state.needs_person} | mask,
        "caption": {"by": state.caption_by, "template": state.caption},
    }


def _answer(photo: Photo, job: Job, *, at_once: bool = False) -> Response:
    told = asking.answer_of(job, at_once=at_once)
    if told["state"] != "waiting":
        return Response(told)
    url = reverse("generation:api-mask-answer", args=[photo.pk, job.pk])
    return Response(told | {"job": job.pk, "url": url}, status=202, headers={"Retry-After": "1"})


def _person(request: Request) -> AbstractBaseUser:
    return cast(AbstractBaseUser, request.user)
