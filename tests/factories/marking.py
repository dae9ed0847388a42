"""Questions for masks: a tiny segmenter to ask, a worker that answers, and answers as a worker leaves them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog.models import Photo
from generation import live, rle
from generation.files import Mask
from generation.live import CUT, Embeddings
from generation.services import asking
from generation.storage import site_files
from jobs import claiming, execution
from jobs.models import Job, State
from jobs.warmth import NOTHING_WARM
from tests.factories.checkpoints.model_set import tiny_set
from tests.factories.jobs import make_job


def tiny_segmenter(settings: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model set with a tiny segmenter, chosen by the settings; no embedding is remembered, and nobody waits."""
    settings.MODEL_SETS_DIR = folder
    tiny_set(folder, name="tiny")
    settings.MODEL_SET = "tiny"
    monkeypatch.setattr(live, "_embeddings", Embeddings(site_files().store))
    monkeypatch.setattr(asking, "PATIENCE", 0.0)


def work_live() -> Job:
    """Do what waits on the live queue, as a worker does."""
    job = claiming.claim("live", "live@test", NOTHING_WARM)
    assert job is not None
    execution.run(job)
    job.refresh_from_db()
    return job


def answered(photo: Photo, mask: Mask, **fields: Any) -> Job:
    """A question that a worker has answered with this mask."""
    guess = {"score": 0.9, "counts": rle.encode(mask)}
    result = {"width": photo.width, "height": photo.height, "guesses": [guess]}
    params = {"photo": photo.pk, "model_set": "tiny", "prompt": {"box": None, "points": [[5, 6, 1]]}}
    return make_job(CUT, state=State.SUCCEEDED, queue="live", params=params, result=result, **fields)


def some_mask(photo: Photo) -> Mask:
    """A block of 20 by 20 pixels in a photo of 64 by 48."""
    mask = np.zeros((photo.height, photo.width), dtype=bool)
    mask[10:30, 20:40] = True
    return mask
