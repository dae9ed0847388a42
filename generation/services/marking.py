"""What a person says of a photo: where the product is, and how the photo is described. It wins over what models found.

Nothing is overwritten: the newest row that is not undone holds, so that "use automatic again" and a second thought
cost nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from pydantic import ValidationError

from catalog.exceptions import PhotoRefused
from catalog.models import Photo
from catalog.photos.checking import DECODING_ERRORS, open_checked, read_capped
from catalog.photos.naming import shown_name
from generation import rle
from generation.captioning import check_template
from generation.exceptions import NotPossible, Overtaken
from generation.files import HALF, Mask, cut_free
from generation.live import CUT
from generation.models import PhotoCaption, PhotoMask
from generation.records import MaskPrompt, from_plain, to_plain
from generation.services.runs import carry_on
from generation.storage import site_files
from jobs.models import Job, State

MOST_POINTS = 100


@dataclass(frozen=True)
class Chosen:
    """One guess of a finished job that cut out a photo."""

    job: int
    guess: int


def read_prompt(photo: Photo, values: dict[str, Any]) -> MaskPrompt:
    """The prompt that a page sent, in the photo's frame. Raises NotPossible for one that makes no sense there."""
    try:
        prompt = from_plain(MaskPrompt, {"box": values.get("box"), "points": values.get("points") or ()})
    except ValidationError:
        raise NotPossible("A prompt has a box of four whole numbers, and points of x, y and 0 or 1.") from None
    if prompt.box is None and not prompt.points:
        raise NotPossible("A prompt needs a box or at least one point.")
    if len(prompt.points) > MOST_POINTS:
        raise NotPossible(f"{len(prompt.points)} points are more than the {MOST_POINTS} that help; take some away.")
    if any(not (0 <= x < photo.width and 0 <= y < photo.height) for x, y, _ in prompt.points):
        raise NotPossible(f"A point lies outside the photo, which is {photo.width} by {photo.height} pixels.")
    if prompt.box is not None and not _fits(prompt.box, photo):
        raise NotPossible(f"The box {prompt.box} does not lie in the photo of {photo.width} by {photo.height} pixels.")
    return prompt


def save_mask(photo: Photo, chosen: Chosen, *, by: AbstractBaseUser, over: str | None = None) -> PhotoMask:
    """Keep a guess of a live job as the photo's mask. Raises NotPossible when that job has no such mask.

    `over` is the key of the person's mask that was seen to hold, "" for none; None for whoever has not looked. Raises
    Overtaken where a person's other mask holds by now.
    """
    held = PhotoMask.objects.filter(photo=photo, undone_at=None).order_by("-pk").values_list("key", flat=True).first()
    if over is not None and held and held != over:
        raise Overtaken(
            "Somebody has saved another mask of this photo since you opened this page: look at it in another window."
            " Saved once more, yours takes its place.",
            held,
        )
    job = Job.objects.filter(pk=chosen.job, kind=CUT, params__photo=photo.pk).first()
    if job is None:
        raise NotPossible(
            f"Job #{chosen.job} is no question about this photo, or not there any more: ask again (on the page, click"
            " on the photo once more), and save what is answered."
        )
    if job.state != State.SUCCEEDED:
        raise NotPossible(f"Job #{job.pk} has no mask to keep: its state is {job.state}, and that has to be succeeded.")
    guesses = (job.result or {}).get("guesses", [])
    if not 0 <= chosen.guess < len(guesses):
        raise NotPossible(f"Guess {chosen.guess} is none of job #{job.pk}: it has {len(guesses)}, counted from 0.")
    mask = rle.decode(guesses[chosen.guess]["counts"], photo.width, photo.height)
    if not mask.any():
        raise NotPossible("The mask is empty: mark a point on the product first.")
    return _keep(photo, mask, by, prompt=to_plain(from_plain(MaskPrompt, job.params["prompt"])))


def save_drawn(photo: Photo, file: "UploadedFile[Any]", *, by: AbstractBaseUser) -> PhotoMask:
    """Keep a mask that was drawn elsewhere: white on the product, or transparent around it, in the photo's proportions.

    Raises NotPossible for what is no such picture.
    """
    from generation.imaging import box_of, resize_mask  # noqa: PLC0415 - reaches scipy, which no page needs to be there

    mask = _drawn(file)
    height, width = mask.shape
    # Sides were rounded when the photo, or the mask, was made smaller.
    if abs(width * photo.height - height * photo.width) > max(width, height, photo.width, photo.height):
        raise NotPossible(
            f"The mask has {width} by {height} pixels and the photo {photo.width} by {photo.height}: draw it over the"
            " photo as it is here."
        )
    mask = resize_mask(mask, (photo.width, photo.height))
    if not mask.any():
        raise NotPossible("The mask is empty: the product has to be white, or all around it transparent.")
    if mask.all():
        raise NotPossible(
            f"{shown_name(file.name or 'mask')} takes the whole photo for the product: make what is around the product"
            " black, or transparent."
        )
    return _keep(photo, mask, by, box=box_of(mask))


def save_caption(photo: Photo, template: str, *, by: AbstractBaseUser) -> PhotoCaption:
    """Keep a person's caption of a photo. Raises NotPossible with the sentence that says what is wrong with it."""
    text = " ".join(template.split())
    if problems := check_template(text):
        raise NotPossible(problems[0])
    told = PhotoCaption.objects.create(photo=photo, template=text, made_by_id=by.pk)
    carry_on(photo.product)
    return told


def bring_captions(told: Mapping[int, str]) -> None:
    """Keep captions that came with photos, by the photo's id, as the catalogue's. Raises NotPossible, keeping none."""
    for template in told.values():
        if problems := check_template(template):
            raise NotPossible(problems[0])
    rows = (PhotoCaption(photo_id=pk, template=text, came_along=True) for pk, text in told.items())
    PhotoCaption.objects.bulk_create(rows)


def use_automatic_mask(photo: Photo) -> int:
    """Let the segmenter's own mask hold again; returns how many of people's were set aside."""
    return PhotoMask.objects.filter(photo=photo, undone_at=None).update(undone_at=timezone.now())


def use_automatic_caption(photo: Photo) -> int:
    """Let the captioner's own words hold again; returns how many of people's were set aside."""
    return PhotoCaption.objects.filter(photo=photo, undone_at=None).update(undone_at=timezone.now())


def _fits(box: tuple[int, int, int, int], photo: Photo) -> bool:
    left, top, right, bottom = box
    return 0 <= left < right <= photo.width and 0 <= top < bottom <= photo.height


def _drawn(file: "UploadedFile[Any]") -> Mask:
    """(height, width) of an uploaded mask; what is transparent counts where a part is, else what is light."""
    name = file.name or "mask"
    try:
        image = open_checked(read_capped(cast(BinaryIO, file), name), name)
        seen = cut_free(image)
        return np.asarray(seen.getchannel("A") if seen else image.convert("L")) > HALF
    except PhotoRefused as refusal:
        raise NotPossible(str(refusal)) from None
    except DECODING_ERRORS:
        raise NotPossible(f"{shown_name(name)} is damaged; export it again.") from None


def _keep(photo: Photo, mask: Mask, by: AbstractBaseUser, **found_by: Any) -> PhotoMask:
    """The mask, (height, width), as what holds for the photo; runs that had asked for this very thing go on."""
    picture = site_files().put_mask(mask)
    told = PhotoMask.objects.create(
        photo=photo,
        key=picture.key,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        made_by_id=by.pk,
        **found_by,
    )
    carry_on(photo.product)
    return told
