"""Brings a task's counts and verdict, and its raters' share of the campaign's progress, in step with its ratings."""

from collections.abc import Iterable

from raters import leasing
from raters.choosing import in_batches
from raters.models import Campaign, CampaignRater, Rating, Task
from raters.models.tasks import TaskState
from raters.services import verdicts


def settle_task(task: Task, campaign: Campaign, *, held: int, done: int) -> int:
    """Counts and verdict of a locked task; returns how much further the campaign is: 1, 0 or -1 complete tasks."""
    before = task.state == TaskState.COMPLETE
    verdict = verdicts.recompute(task, campaign)
    # Excluded ratings keep their place: with them the task may be complete and its verdict be one of fewer votes.
    leasing.move(task, held=held, done=done, complete=bool(verdict and verdict.early))
    return (task.state == TaskState.COMPLETE) - before


def settle_all(tasks: Iterable[int], campaign: Campaign) -> int:
    """As `settle_task` for many, where ratings count no more or again; locks them by rising id, a few at a time."""
    further = 0
    for batch in in_batches(sorted(set(tasks))):
        rows = list(Task.objects.filter(pk__in=batch).order_by("pk").select_for_update(of=("self",), no_key=True))
        before = sum(task.state == TaskState.COMPLETE for task in rows)
        found = verdicts.recompute_all(rows, campaign)
        for task in rows:
            leasing.shift(task, complete=task.pk in found and found[task.pk].early)
        Task.objects.bulk_update(rows, leasing.SHIFTED, batch_size=100)
        further += sum(task.state == TaskState.COMPLETE for task in rows) - before
    return further


def settle(task: Task, rating: Rating, *, done: int = 0) -> None:
    """After a change of a rating (its answers, or whether it counts); `done` is -1 for one that was withdrawn.

    Call it in a transaction with the rater's row locked by `people.locked_member`, and then the task.
    """
    if task.state == TaskState.GOLD:
        return
    finished = settle_task(task, rating.campaign, held=0, done=done)
    member = CampaignRater.objects.get(campaign=rating.campaign_id, rater=rating.rater_id)
    member.finished += finished
    member.ratings = max(0, member.ratings + done)
    member.save(update_fields=["finished", "ratings"])
