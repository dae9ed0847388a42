"""What the server of `victims` loads once, and what a worker forked from it does."""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrine.settings")
django.setup()

from django.conf import settings  # noqa: E402 - after the set-up, as all that follows
from django.db import connection  # noqa: E402

import generation.checkpoints.captioner  # noqa: E402 - here for their libraries
import generation.checkpoints.clip  # noqa: E402
import generation.checkpoints.dino  # noqa: E402
import generation.checkpoints.families.sd  # noqa: E402
import generation.checkpoints.segmenter  # noqa: E402
import generation.checkpoints.video  # noqa: E402
import generation.stages.finetune  # noqa: E402, F401
from jobs import dispatch, execution  # noqa: E402
from jobs.models import Queue  # noqa: E402


def work(name: str, database: str, told: dict[str, Any]) -> None:
    """Do all jobs that are ready."""
    connection.settings_dict["NAME"] = database
    for key, value in told.items():
        setattr(settings, key, value)
    # No message is needed: this worker asks the table itself.
    dispatch._publish = lambda jobs: [job_id for job_id, _ in jobs]
    while any(execution.run_next(queue, name) for queue in Queue.values):
        continue
