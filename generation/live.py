"""What a person at a page waits for: a photo's embedding, and the mask for the points and boxes that they set.

The embedding is the slow part. It is made when the page opens, kept in the worker's memory and as a file, so that a
click costs the small part of the segmenter alone, in whichever worker it lands.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from catalog.models import Photo
from generation import rle
from generation.checkpoints.roles import MaskGuess, Segmenter
from generation.exceptions import GenerationError, NotPossible
from generation.files import Store, opaque
from generation.model_sets import model_set as named_set
from generation.model_sets import worker_models
from generation.records import MaskPrompt, from_plain
from generation.storage import listed, modified, storage_store
from jobs.context import JobContext
from jobs.exceptions import JobError
from jobs.kinds import job_kind
from jobs.models import Job, Queue

EMBED, CUT = "generation.embed", "generation.cut"
FOLDER = "segmenter-embeddings"  # may be emptied at any time: what is missing is made again
KEPT_IN_MEMORY = 16  # embeddings of 2 MB each
MOST_GUESSES = 3
EMBEDDINGS_KEPT = timedelta(days=7)
QUESTIONS_KEPT = timedelta(days=1)  # a page that is open has its answers already
LONGEST = 600.0  # seconds: a cold worker loads its model first


class Embeddings:
    """Embeddings by name: the newest in memory, all in a store."""

    def __init__(self, store: Store, most: int = KEPT_IN_MEMORY) -> None:
        self._store = store
        self._most = most
        self._memory: OrderedDict[str, bytes] = OrderedDict()

    def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The embedding of that name; made, and kept, when there is none."""
        found = self._memory.pop(name, None) or self._stored(name, make)
        self._memory[name] = found
        while len(self._memory) > self._most:
            self._memory.popitem(last=False)
        return found

    def _stored(self, name: str, make: Callable[[], bytes]) -> bytes:
        key = f"{FOLDER}/{name[:2]}/{name}.safetensors"
        try:
            return self._store.read(key)
        except FileNotFoundError:
            made = make()
            self._store.write(key, made)
            return made


_embeddings = Embeddings(storage_store())


@job_kind(EMBED, queue=Queue.LIVE, time_limit=LONGEST)
def embed_photo(_context: JobContext, photo: int, model_set: str) -> dict[str, int]:
    """Embed a photo, so that the first click on it is answered fast."""
    with _told_plainly(), _segmenter(model_set) as (segmenter, identity):
        return {"bytes": len(_embedding(segmenter, identity, _photo(photo)))}


@job_kind(CUT, queue=Queue.LIVE, time_limit=LONGEST)
def cut_photo(_context: JobContext, photo: int, model_set: str, prompt: dict[str, Any]) -> dict[str, Any]:
    """Masks of what the prompt means in a photo, best first, as runs (`generation.rle`)."""
    with _told_plainly(), _segmenter(model_set) as (segmenter, identity):
        found = _photo(photo)
        guesses = segmenter.cut(_embedding(segmenter, identity, found), from_plain(MaskPrompt, prompt))
    return {
        "width": found.width,
        "height": found.height,
        "guesses": [_plain(guess) for guess in guesses[:MOST_GUESSES]],
    }


@contextmanager
def _told_plainly() -> Iterator[None]:
    """What this room says in one sentence reaches the person as that sentence."""
    try:
        yield
    except GenerationError as error:
        raise JobError(str(error)) from error


@contextmanager
def _segmenter(model_set: str) -> Iterator[tuple[Segmenter, str]]:
    """The segmenter of a set, warm in this worker, and its identity."""
    chosen = named_set(model_set)
    with worker_models(chosen).segmenter() as segmenter:
        yield segmenter, chosen.entry("segmenter").identity


def sweep(now: datetime | None = None) -> int:
    """Remove embeddings that nobody has needed for a week, and questions answered a day ago; returns how many went."""
    now = now or timezone.now()
    asked = Job.objects.filter(kind__in=(EMBED, CUT), finished_at__lt=now - QUESTIONS_KEPT)
    gone = asked.delete()[1].get("jobs.Job", 0)
    for key in list(_stored_keys()):
        if modified(key) < now - EMBEDDINGS_KEPT:
            default_storage.delete(key)
            gone += 1
    return gone


def _stored_keys() -> Iterator[str]:
    for folder in listed(FOLDER)[0]:
        yield from (f"{FOLDER}/{folder}/{name}" for name in listed(f"{FOLDER}/{folder}")[1])


def _plain(guess: MaskGuess) -> dict[str, Any]:
    return {"score": round(guess.score, 4), "counts": rle.encode(guess.mask)}


def _photo(pk: int) -> Photo:
    found = Photo.objects.filter(pk=pk).first()
    if found is None:
        raise NotPossible("The photo has been removed meanwhile.")
    return found


def _embedding(segmenter: Segmenter, identity: str, photo: Photo) -> bytes:
    name = hashlib.sha256(f"{identity}|{photo.sha256}".encode()).hexdigest()
    return _embeddings.get(name, lambda: segmenter.embed(_opened(photo)))


def _opened(photo: Photo) -> Image.Image:
    with default_storage.open(photo.key) as file:
        return opaque(Image.open(file))
