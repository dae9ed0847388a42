"""Others' ratings as campaigns: a file is kept, looked through by a worker, shown, and taken once a person says yes.

Reading a file of 200 MB, and pyarrow with it, is no work for a web process.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from raters import signals
from raters.exceptions import Refused
from raters.exchange.importing import Report, Wish, import_ratings
from raters.exchange.reading import READERS, BadFile
from raters.models import RatingsImport

LARGEST_FILE = 200_000_000
FOLDER = "rating-imports"
WAITS = timedelta(days=7)  # for a person's yes
LOST_AFTER = timedelta(days=1)  # a file is stored a moment before its row
State = RatingsImport.State
UNDER_WAY = (State.CHECKING, State.TAKING)


def too_large(size: int) -> str:
    """What is said of a file that is too large to be sent."""
    return f"It has {size:,} bytes, and {LARGEST_FILE:,} may be sent: take larger ones with manage.py ratings import."


class CannotTake(Refused):
    code, status = "cannot_take", 409


class _Overtaken(Exception):
    """Another worker has ended this step meanwhile: what this one was about to write is undone."""


def keep(file: BinaryIO, file_name: str, wish: Wish, *, at_once: bool = False) -> RatingsImport:
    """Keep a file and have it looked through, or, with `at_once`, taken where all of it is good.

    Raises BadFile for a file of no known kind.
    """
    ending = Path(file_name).suffix.lower().lstrip(".")
    if ending not in READERS:
        raise BadFile(f"{file_name!r} is of no known kind: a file of ratings ends in .{', .'.join(READERS)}.")
    key = default_storage.save(f"{FOLDER}/{uuid4().hex}.{ending}", File(file))
    with transaction.atomic():
        row = RatingsImport.objects.create(
            file_name=Path(file_name).name[-200:], upload_key=key, name=wish.name, question_set=wish.question_set,
            scale=list(wish.scale), passing=list(wish.passing), asked_by=wish.by,
            state=State.TAKING if at_once else State.CHECKING,
        )  # fmt: skip
        _want(row, wish.by)
    return row


@transaction.atomic
def take(row: RatingsImport, *, by: Any = None) -> None:
    """Have a file taken that was looked through. Raises CannotTake."""
    if not RatingsImport.objects.filter(pk=row.pk, state=State.CHECKED).update(state=State.TAKING):
        row.refresh_from_db()
        raise CannotTake(f"“{row.file_name}” is {row.get_state_display().lower()}: there is nothing to be taken.")
    _want(row, by)


def drop(row: RatingsImport) -> None:
    """Forget a file that nobody is working on; a campaign that it became stays. Raises CannotTake."""
    idle = RatingsImport.objects.filter(pk=row.pk).exclude(state__in=UNDER_WAY)
    if not idle.delete()[0]:
        raise CannotTake(f"“{row.file_name}” is being worked on: wait for that to end.")
    default_storage.delete(row.upload_key)


def run(row: RatingsImport) -> RatingsImport:
    """Look the file through, or take it: for workers. Begun again after a crash it does what is left.

    Two workers at it, as after a lost lease, make one campaign: the second finds that the step is over, and its own
    writing is undone.
    """
    if not row.is_under_way:
        return row
    step = State(row.state)
    wish = Wish(row.name, row.question_set, row.scale, row.passing, by=row.asked_by)
    try:
        with suppress(_Overtaken), default_storage.open(row.upload_key) as file:
            # The campaign and the word that there is one are one transaction: a crash leaves both or neither.
            note = partial(_note, row.pk, step)
            report = import_ratings(
                cast(BinaryIO, file.file), row.file_name, wish, dry=step == State.CHECKING, note=note
            )
            if report.campaign is None:
                _note(row.pk, step, report)
    except Refused as refusal:
        give_up(row.pk, str(refusal), steps=[step])
    except FileNotFoundError:
        if RatingsImport.objects.filter(pk=row.pk, state=step).exists():
            raise  # it should be there; else another worker has ended the step and dropped the file
    now = RatingsImport.objects.filter(pk=row.pk).first() or row
    if now.finished_at is not None:
        default_storage.delete(row.upload_key)
    return now


def give_up(pk: int, problem: str, steps: Iterable[str] = UNDER_WAY) -> None:
    """Nothing is taken, and why; an import that has ended, or is at another step by now, stays as it is."""
    going = RatingsImport.objects.filter(pk=pk, state__in=list(steps))
    if going.update(state=State.REFUSED, problem=problem[:500], finished_at=timezone.now()):
        default_storage.delete(RatingsImport.objects.values_list("upload_key", flat=True).get(pk=pk))


def under_way() -> list[RatingsImport]:
    """The imports that a worker should be at, oldest first, at most a thousand."""
    return list(RatingsImport.objects.filter(state__in=UNDER_WAY).select_related("asked_by").order_by("pk")[:1000])


def forget_old() -> int:
    """Drop files that nobody has said yes to for a week, and those that never got a row; returns how many."""
    old = RatingsImport.objects.filter(state=State.CHECKED, created_at__lt=timezone.now() - WAITS)
    dropped = 0
    for row in old[:1000]:
        with suppress(CannotTake):  # somebody has said yes this moment
            drop(row)
            dropped += 1
    lost = [key for key in _keys_before(timezone.now() - LOST_AFTER) if not _is_known(key)]
    for key in lost:
        default_storage.delete(key)
    return dropped + len(lost)


def _keys_before(moment: datetime) -> list[str]:
    try:
        names = default_storage.listdir(FOLDER)[1]
    except FileNotFoundError:  # nothing was ever imported
        return []
    return [key for name in names if default_storage.get_modified_time(key := f"{FOLDER}/{name}") < moment]


def _is_known(key: str) -> bool:
    return RatingsImport.objects.filter(upload_key=key).exclude(state__in=(State.REFUSED, State.DONE)).exists()


def _note(pk: int, step: str, report: Report) -> None:
    """Write what a step came to. Raises _Overtaken where the import is not at that step any more."""
    state = State.REFUSED if report.problems else State.DONE if report.campaign else State.CHECKED
    names = ("rows", "bad", "ratings", "tasks", "problems", "questions", "campaign")
    found = {name: getattr(report, name) for name in names}
    ended = None if state == State.CHECKED else timezone.now()
    if not RatingsImport.objects.filter(pk=pk, state=step).update(state=state, finished_at=ended, **found):
        raise _Overtaken


def _want(row: RatingsImport, by: Any) -> None:
    told = {"row": row.pk, "by": by}
    transaction.on_commit(partial(signals.ratings_import_wanted.send_robust, RatingsImport, **told))
