"""What goes by itself: adapters whose time is over, and results and files that nothing uses.

A file may be wanted again at the moment in which it is swept: young files are spared, and so is whatever an unfinished
stage has noted in its steps.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.utils import timezone

from generation.files import DATA, PICTURES, THUMBNAILS
from generation.fingerprints import SHARED
from generation.models import Adapter, PhotoMask, ResultFile, RunStage, StageResult
from generation.models.results import StageState
from generation.models.runs import RunState
from generation.services.keeping import files_named
from generation.storage import SPARED, Checkpoints, checkpoints_kept, listed, modified
from jobs.models import State, Step

RESULTS_SPARED = timedelta(days=1)
BATCH = 500
_OPEN = (StageState.WAITING, StageState.RUNNING)
_in_use: list[Callable[[set[str]], set[str]]] = []


def keep_while(in_use: Callable[[set[str]], set[str]]) -> None:
    """Keep generated files that nothing here names as long as a later room shows them.

    `in_use` is given the keys of such files and returns those.
    """
    _in_use.append(in_use)


def drop_adapters(now: datetime | None = None) -> int:
    """Drop the files of adapters whose time is over, unless a run still draws with them; returns how many went.

    Their rows stay and say when; images, embeddings and metrics stay too. A file that two results share goes with the
    last of them.
    """
    now, dropped = now or timezone.now(), 0
    over = Adapter.objects.filter(expires_at__lte=now, dropped_at=None)
    for adapter in over.exclude(result__in=_still_needed()).iterator(chunk_size=BATCH):
        still = Adapter.objects.filter(pk=adapter.pk, dropped_at=None).exclude(result__in=_still_needed())
        if not still.update(dropped_at=now):
            continue
        dropped += 1
        if not Adapter.objects.filter(key=adapter.key, dropped_at=None).exists():
            default_storage.delete(adapter.key)
    return dropped


def drop_orphans() -> int:
    """Remove results that no run uses and whose product is gone; returns how many. What a type shares stays."""
    before = timezone.now() - RESULTS_SPARED
    orphans = StageResult.objects.filter(product=None, uses=None, candidates=None, created_at__lt=before)
    return (
        orphans.exclude(stage__in=SHARED)
        .exclude(state__in=_OPEN, job__state=State.RUNNING)
        .delete()[1]
        .get("generation.StageResult", 0)
    )


def sweep_files(*, older_than: timedelta = SPARED) -> int:
    """Remove generated files that no result and no person's mask names, and that are older than that."""
    before, removed, noted = timezone.now() - older_than, 0, _noted_by_unfinished()
    for prefix in (PICTURES, DATA):
        batch: list[str] = []
        for key in _stored(prefix, before):
            batch.append(key)
            if len(batch) >= BATCH:
                removed += _remove_unused(batch, noted, before)
                batch = []
        removed += _remove_unused(batch, noted, before)
    return removed


def drop_checkpoints(*, older_than: timedelta = SPARED) -> int:
    """Remove what long work has kept to go on from, where nobody has for so long; returns of how many stages.

    Work that waits or runs keeps its own, however old; what failed can be retried from there until then.
    """
    before, dropped = timezone.now() - older_than, 0
    for fingerprint, newest in checkpoints_kept():
        open_ = StageResult.objects.filter(fingerprint=fingerprint, state__in=_OPEN)
        if newest < before and not open_.exists():
            Checkpoints(fingerprint).forget()
            dropped += 1
    return dropped


def _still_needed() -> Any:
    """The results whose adapters unfinished runs draw with."""
    live = (RunState.PLANNED, RunState.RUNNING, RunState.PAUSED)
    return RunStage.objects.filter(stage="finetune", run__state__in=live).values("result")


def _stored(prefix: str, before: datetime) -> Iterator[str]:
    for start in listed(prefix)[0]:
        for name in listed(f"{prefix}/{start}")[1]:
            key = f"{prefix}/{start}/{name}"
            if modified(key) < before:
                yield key


def _remove_unused(keys: list[str], noted: set[str], before: datetime) -> int:
    used = set(ResultFile.objects.filter(key__in=keys).values_list("key", flat=True))
    used |= set(PhotoMask.objects.filter(key__in=keys).values_list("key", flat=True))
    used |= set(Adapter.objects.filter(key__in=keys, dropped_at=None).values_list("key", flat=True))
    # Looked at once more: a stage that makes the same picture again has written it anew.
    unused = [key for key in keys if key not in used and key not in noted and modified(key) < before]
    kept = {key for ask in _in_use for key in ask(set(unused))} if unused else set()
    unused = [key for key in unused if key not in kept]
    for key in unused:
        default_storage.delete(key)
        if key.startswith(f"{PICTURES}/"):
            default_storage.delete(f"{THUMBNAILS}/{key.removeprefix(f'{PICTURES}/').rpartition('.')[0]}.webp")
    return len(unused)


def _noted_by_unfinished() -> set[str]:
    """The files that unfinished stages have noted in their steps, which a result will name later, or will be made
    from: a seller's own background."""
    unfinished = StageResult.objects.exclude(state=StageState.SUCCEEDED).exclude(job=None)
    steps = Step.objects.filter(job__in=unfinished.values("job"))
    noted: set[str] = set()
    for rows in (steps.values_list("result", flat=True), unfinished.values_list("inputs", flat=True)):
        for values in rows.iterator(chunk_size=BATCH):
            noted |= set(files_named(values))
    return noted
