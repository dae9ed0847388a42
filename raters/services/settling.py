"""Brings a task's counts and verdict, and its raters' share of the campaign's progress, in step with its ratings.

Where the campaign breaks ties, a task whose wanted ratings are all in and leave its outcome open asks for one more,
once: `extra` is 1 from then on, unless what follows settles the outcome before anybody has taken that place.
"""

from collections.abc import Iterable

from raters import leasing
from raters.choosing import in_batches
from raters.models import Campaign, CampaignRater, Rating, Task
from raters.models.campaigns import CampaignState
from raters.models.ratings import Outcome
from raters.models.tasks import TaskState
from raters.questions import rule_book
from raters.services import verdicts

OPEN = (Outcome.TIED, Outcome.TOO_FEW)


def settle_task(task: Task, campaign: Campaign, *, held: int, done: int) -> int:
    """Counts and verdict of a locked task; returns how much further the campaign is: 1, 0 or -1 complete tasks."""
    before = task.state == TaskState.COMPLETE
    ratings = verdicts.ratings_of([task])
    task.held, task.done = task.held + held, task.done + done
    _ask_once_more(task, campaign, ratings.get(task.pk, []))
    verdict = verdicts.recompute_all([task], campaign, ratings).get(task.pk)
    # Excluded ratings keep their place: with them the task may be complete and its verdict be one of fewer votes.
    leasing.move(task, complete=bool(verdict and verdict.early))
    return (task.state == TaskState.COMPLETE) - before


def settle_all(tasks: Iterable[int], campaign: Campaign) -> int:
    """As `settle_task` for many, where ratings count no more or again; locks them by rising id, a few at a time."""
    further = 0
    for batch in in_batches(sorted(set(tasks))):
        rows = list(Task.objects.filter(pk__in=batch).order_by("pk").select_for_update(of=("self",), no_key=True))
        before = sum(task.state == TaskState.COMPLETE for task in rows)
        ratings = verdicts.ratings_of(rows)
        for task in rows:
            _ask_once_more(task, campaign, ratings.get(task.pk, []))
        found = verdicts.recompute_all(rows, campaign, ratings)
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


def _ask_once_more(task: Task, campaign: Campaign, ratings: list[Rating]) -> None:
    """Set how many ratings a task with its new counts wants: the asked number, and one more to break a tie."""
    if campaign.tie_break and task.state != TaskState.GOLD:
        asked = task.wanted - task.extra
        task.extra = int(_wants_one_more(task, campaign, ratings, asked))
        task.wanted = asked + task.extra


def _wants_one_more(task: Task, campaign: Campaign, ratings: list[Rating], asked: int) -> bool:
    if task.held + task.done > asked:  # somebody has the place, or has rated in it
        return True
    if task.done < asked or campaign.state == CampaignState.CLOSED:
        return False
    verdict = verdicts.verdict_of(task, campaign, rule_book(campaign.question_set), ratings)
    return verdict is not None and verdict.outcome in OPEN
