"""What is known of a product's photos: where the product is in each, and how each is described."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.shortcuts import get_object_or_404
from django.urls import reverse

from catalog.models import Photo, Product
from generation.live import CUT
from generation.models import PhotoCaption, PhotoMask, Run, StageImage, StageResult
from generation.models.results import StageState
from generation.models.runs import RunState
from generation.records import Box, CaptionResult, MaskPrompt, SegmentResult, from_plain
from jobs.models import Job

LIVE = (RunState.PLANNED, RunState.RUNNING, RunState.PAUSED)


def in_use(hashes: set[str]) -> set[str]:
    """Those of the photos with these hashes that a run goes on with: all its stages but the last may still read them.

    A query for each, over what live runs have still to measure: photos are removed one by one, by a person.
    """
    # Where nothing is measured, generate is the last before select, and waits for all that reads photos.
    last = StageResult.objects.filter(stage__in=("generate", "measure"), uses__run__state__in=LIVE)
    live = last.exclude(state=StageState.SUCCEEDED)
    return {sha256 for sha256 in hashes if live.filter(inputs__icontains=sha256).exists()}


@dataclass(frozen=True)
class LeftOut:
    """How many of a run's photos are not used, as no cut-out of them would do, and the stage that says why."""

    photos: int
    of: int
    stage: str

    @property
    def kept(self) -> int:
        return self.of - self.photos


def left_out(run: Run) -> LeftOut | None:
    """The photos that a run had to do without; None where it had all. One query."""
    masks = StageImage.objects.filter(kind=StageImage.Kind.MASK, result__uses__run=run).order_by()
    counts = masks.values("result__stage", "result__uses__tier").annotate(
        of=Count("pk"), photos=Count("pk", filter=Q(kept=False))
    )
    # The stage matte repeats what the stage segment refused.
    by_stage = {row["result__stage"]: LeftOut(row["photos"], row["of"], row["result__stage"]) for row in counts}
    found = by_stage.get("matte") or by_stage.get("segment")
    return found if found is not None and found.photos else None


@dataclass(frozen=True)
class PhotoState:
    """A photo with the mask and the caption that hold now.

    `mask_by` and `caption_by` are "person", "automatic" or "" for none yet; a caption's is "catalogue" where it came
    with the photo.
    """

    photo: Photo
    mask_key: str = ""
    mask_by: str = ""
    box: Box | None = None
    prompt: dict[str, Any] | None = None  # of a person's mask: what they clicked
    score: float | None = None
    share: float | None = None
    problem: str = ""
    caption: str = ""
    caption_by: str = ""

    @property
    def mask_url(self) -> str:
        return reverse("catalog:media", args=[self.mask_key]) if self.mask_key else ""

    @property
    def needs_person(self) -> bool:
        return bool(self.problem) and not self.mask_key


def photo_or_404(pk: int) -> Photo:
    """The photo of that id, with its product. Raises Http404."""
    return get_object_or_404(Photo.objects.select_related("product__type"), pk=pk)


def question_or_404(photo: Photo, job_id: int) -> Job:
    """The job that was asked for a mask in this photo. Raises Http404, also for any other job."""
    return get_object_or_404(Job, pk=job_id, kind=CUT, params__photo=photo.pk)


def photo_states(product: Product, photos: list[Photo]) -> list[PhotoState]:
    """The state of these photos of a product, in their order; four queries."""
    masks = {mask.photo_id: mask for mask in _told(PhotoMask, photos)}
    captions = {caption.photo_id: caption for caption in _told(PhotoCaption, photos)}
    found = {mask.picture.key: mask for mask in _newest(product, "segment", SegmentResult, "masks")}
    written = {caption.picture.key: caption for caption in _newest(product, "caption", CaptionResult, "captions")}
    return [
        PhotoState(
            photo=photo,
            **_mask_facts(masks.get(photo.pk), found.get(photo.key)),
            **_caption_facts(captions.get(photo.pk), written.get(photo.key)),
        )
        for photo in photos
    ]


def photo_state(photo: Photo) -> PhotoState:
    """The same for one photo."""
    return photo_states(photo.product, [photo])[0]


def _told(model: Any, photos: list[Photo]) -> list[Any]:
    """What people said of these photos; the newest of each photo comes last."""
    return list(model.objects.filter(photo__in=photos, undone_at=None).order_by("pk"))


def _newest(product: Product, stage: str, kind: Any, field: str) -> tuple[Any, ...]:
    done = StageResult.objects.filter(product=product, stage=stage, state=StageResult.State.SUCCEEDED)
    newest = done.order_by("-pk").values_list("result", flat=True).first()
    return getattr(from_plain(kind, newest), field) if newest else ()


def _mask_facts(told: PhotoMask | None, found: Any) -> dict[str, Any]:
    if told:
        box = from_plain(MaskPrompt, told.prompt).box if told.prompt else told.box
        return {"mask_key": told.key, "mask_by": "person", "prompt": told.prompt or None, "box": box}
    if found and found.made_by != "automatic":  # it was a person's, and has been set aside since
        return {}
    if found and found.mask:
        facts = {"mask_key": found.mask.key, "mask_by": "automatic", "box": found.box}
        return facts | {"score": found.score, "share": found.share}
    return {"problem": found.problem} if found else {}


def _caption_facts(told: PhotoCaption | None, written: Any) -> dict[str, Any]:
    if told:
        return {"caption": told.template, "caption_by": "catalogue" if told.came_along else "person"}
    if written and written.made_by == "automatic":  # else it was given, and has been set aside since
        return {"caption": written.template, "caption_by": "automatic"}
    return {}
