"""Moves shows on: whatever may begin and has not begun is queued. Asked too often, it does nothing."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from jobs import services
from jobs.models import Job
from vitrine.demo import making
from vitrine.demo.outcomes import more_are_judged
from vitrine.demo.shows import JUDGED, OF_A_CROWD, STEP, Show, begin_anew, operator, shows
from vitrine.demo.steps import crowd_is_behind, steps_of


def advance() -> int:
    """Queue those steps of all shows that may begin now; returns how many."""
    return sum(_advance(show) for show in shows())


def on_job_finished(**_: Any) -> None:
    """A job has ended: something may begin that waited for what it made."""
    advance()


def _advance(show: Show) -> int:
    making.add_late(show)
    if not _to_do_again(show):
        return _queue(show)
    # Together: a job that ends meanwhile finds the former steps or the new ones, and none that may begin.
    with transaction.atomic():
        Job.objects.select_for_update(no_key=True).get(key=show.key())
        # Another process may have seen it too, and have begun already what this one would call off.
        begin_anew(show, _to_do_again(show))
        return _queue(show)


def _to_do_again(show: Show) -> Sequence[str]:
    """The steps that are to be done once more, for there is more than they were about."""
    return JUDGED if more_are_judged(show) else OF_A_CROWD if crowd_is_behind(show) else ()


def _queue(show: Show) -> int:
    begun = set(Job.objects.filter(kind=STEP, key__startswith=show.key(" ")).values_list("key", flat=True))
    waiting = [step for step in steps_of(show) if show.key(step.name) not in begun]
    ready = [step for step in waiting if step.ready(show)]
    for step in ready:
        params = {"show": show.name, "step": step.name}
        subject = f"Demonstration: {step.title}"
        services.submit(STEP, params, key=show.key(step.name), subject=subject, priority=1, asked_by=operator())
    return len(ready)
