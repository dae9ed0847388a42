"""Ask a worker something that a person waits for, and hold on a little for the answer."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from catalog.models import Photo
from generation.exceptions import BadModelSet
from generation.live import CUT, EMBED
from generation.model_sets import model_set
from generation.models import Run
from generation.records import MaskPrompt, to_plain
from jobs import services
from jobs.models import FINISHED_STATES, Job, State

# Whoever is asked holds the segmenter warm; a worker prefers to go on with that.
AFFINITY = "segmenter {}"
URGENT = 100
# Seconds that a question is held back for its answer; a warm worker needs less, a cold one is asked again.
PATIENCE = 1.5


def prepare(photo: Photo, *, asked_by: AbstractBaseUser | AnonymousUser) -> Job:
    """Have a photo embedded before the first click on it. Raises BadModelSet where no set is chosen anywhere."""
    return _submit(EMBED, photo, {}, f"Embedding of {photo}", asked_by)


def ask(photo: Photo, prompt: MaskPrompt, *, asked_by: AbstractBaseUser | AnonymousUser) -> Job:
    """Ask for the masks that a prompt means in a photo. Raises BadModelSet where no set is chosen anywhere."""
    return _submit(CUT, photo, {"prompt": to_plain(prompt)}, f"Mask in {photo}", asked_by)


def answer_of(job: Job, *, at_once: bool = False) -> dict[str, Any]:
    """What becomes of a question within our patience: "done" with the masks, "failed" with its reason, or "waiting".

    `at_once` is for whoever asks again by themselves: they are told what there is, and hold no thread.
    """
    job = services.wait(job, 0.0 if at_once else PATIENCE)
    if job.state == State.SUCCEEDED:
        return {"state": "done", "job": job.pk} | (job.result or {})
    if job.state in FINISHED_STATES:
        return {"state": "failed", "detail": job.error or "The question was cancelled."}
    return {"state": "waiting"}


def set_for(photo: Photo) -> str:
    """The model set whose segmenter is asked: what the product was last run with, else that of the settings.

    So a mask that a person asks for is cut as the product's other photos are. A set that is there no more is still
    named where the settings name no other: the answer then says what is missing.
    """
    last = Run.objects.filter(product=photo.product_id).order_by("-pk").values_list("model_set", flat=True).first()
    if last and (_is_there(last) or not settings.MODEL_SET):
        return last
    return settings.MODEL_SET or model_set().name


def _is_there(name: str) -> bool:
    try:
        model_set(name)
    except BadModelSet:
        return False
    return True


def _submit(
    kind: str, photo: Photo, params: dict[str, Any], subject: str, asked_by: AbstractBaseUser | AnonymousUser
) -> Job:
    name = set_for(photo)
    return services.submit(
        kind,
        {"photo": photo.pk, "model_set": name} | params,
        subject=subject[:200],
        priority=URGENT,
        affinity=AFFINITY.format(name)[:100],
        asked_by=asked_by if isinstance(asked_by, AbstractBaseUser) else None,
    )
