"""Moves shows on: whatever may begin and has not begun is queued. Asked too often, it does nothing."""

from typing import Any

from jobs import services
from jobs.models import Job, State
from vitrine.demo import making
from vitrine.demo.outcomes import judged
from vitrine.demo.shows import JUDGED, STEP, Show, begin_anew, operator, shows
from vitrine.demo.steps import steps_of


def advance() -> int:
    """Queue those steps of all shows that may begin now; returns how many."""
    return sum(_advance(show) for show in shows())


def on_job_finished(**_: Any) -> None:
    """A job has ended: something may begin that waited for what it made."""
    advance()


def _advance(show: Show) -> int:
    making.add_late(show)
    if _more_are_judged(show):
        begin_anew(show, JUDGED)
    begun = set(Job.objects.filter(kind=STEP, key__startswith=show.key(" ")).values_list("key", flat=True))
    waiting = [step for step in steps_of(show) if show.key(step.name) not in begun]
    ready = [step for step in waiting if step.ready(show)]
    for step in ready:
        params = {"show": show.name, "step": step.name}
        subject = f"Demonstration: {step.title}"
        services.submit(STEP, params, key=show.key(step.name), subject=subject, priority=1, asked_by=operator())
    return len(ready)


def _more_are_judged(show: Show) -> bool:
    """Whether the figures are about fewer images than people have judged by now: others joined the campaign since."""
    if show.crowd:
        return False
    done = Job.objects.filter(key=show.key("figures"), state=State.SUCCEEDED).values_list("result", flat=True).first()
    campaign = judged(show) if done else None
    return bool(done and campaign and campaign.task_count > done.get("images", campaign.task_count))
