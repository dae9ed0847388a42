"""Keeps each task's verdict in step with its ratings, and builds all of them anew to see that they were."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from raters import rows, signals, voting
from raters.models import Campaign, Rating, Task, Verdict
from raters.models.campaigns import Vote
from raters.models.tasks import TaskState
from raters.questions import RuleBook, rule_book
from raters.services import webhooks

COMPARED = ("ratings", "questions", "share", "by_question", "by_rater", "outcome", "final", "early")
BATCH = 500


@dataclass(frozen=True)
class Difference:
    """A verdict that is not what its task's ratings say; None where there is no row, or should be none."""

    task: int
    stored: dict[str, Any] | None
    computed: dict[str, Any] | None


def recompute(task: Task, campaign: Campaign | None = None) -> Verdict | None:
    """Write the task's verdict from its ratings, in the caller's transaction; the task must be locked.

    A task that was never rated, and a gold item, has none. Tells `verdict_made` once it is final.
    """
    return recompute_all([task], campaign or task.campaign).get(task.pk)


def recompute_all(
    tasks: Sequence[Task], campaign: Campaign, ratings: Mapping[int, list[Rating]] | None = None
) -> dict[int, Verdict]:
    """As `recompute`, for many tasks of a campaign in a few statements; verdicts by task.

    `ratings` are those of the tasks (`ratings_of`), where the caller has them already.
    """
    ratings = ratings_of(tasks) if ratings is None else ratings
    book = rule_book(campaign.question_set)
    made = {task.pk: verdict_of(task, campaign, book, ratings.get(task.pk, [])) for task in tasks}
    found = {pk: verdict for pk, verdict in made.items() if verdict is not None}
    names = [*COMPARED, "campaign", "updated_at"]
    Verdict.objects.bulk_create(found.values(), update_conflicts=True, unique_fields=["task"], update_fields=names)
    signals.verdicts_changed.send(Verdict, tasks=list(found))
    final = [verdict for verdict in found.values() if verdict.final]
    webhooks.note_verdicts(final, campaign.pk)
    for verdict in final:
        told = {"task": verdict.task_id, "campaign": campaign.pk, "outcome": verdict.outcome}
        transaction.on_commit(partial(signals.verdict_made.send_robust, Verdict, **told))
    return found


def verdict_of(task: Task, campaign: Campaign, book: RuleBook, ratings: list[Rating]) -> Verdict | None:
    """What a task's ratings amount to, unsaved; those that do not count are left out, and a task without any has none.

    It is final when all wanted ratings are in (an excluded one keeps its place), or, with the campaign's early stop,
    when the rest could not change it. One rating more, asked for to break a tie, does not make fewer "too few".
    """
    if not ratings or task.state == TaskState.GOLD:
        return None
    votes = [rating.answers for rating in ratings if rating.counts]
    result = voting.tally(votes, book.passing, task.wanted - task.extra)
    whole = sum(rating.withdrawn_at is None for rating in ratings) >= task.wanted
    early = not whole and campaign.early_stop and voting.is_decided(votes, book.passing, task.wanted)
    return Verdict(
        task_id=task.pk,
        campaign_id=campaign.pk,
        ratings=result.ratings,
        questions={key: vars(question) for key, question in result.questions.items()},
        share=result.share,
        by_question=result.by_question,
        by_rater=result.by_rater,
        outcome=result.by_question if campaign.vote == Vote.QUESTION else result.by_rater,
        final=whole or early,
        early=early,
    )


def differences(campaigns: QuerySet[Campaign], *, mend: bool = False) -> list[Difference]:
    """Build every verdict of the campaigns anew and tell which rows differ; with `mend`, write what is right.

    Raters may go on meanwhile: a row that differs is looked at once more under the task's lock before it is told.
    """
    found = []
    for campaign in campaigns.select_related("question_set").order_by("pk"):
        for task in _suspects(campaign):
            difference = _looked_at_closely(task, campaign, mend)
            if difference is not None:
                found.append(difference)
    return found


@transaction.atomic
def _looked_at_closely(pk: int, campaign: Campaign, mend: bool) -> Difference | None:
    task = Task.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    difference = _difference(task, campaign)
    if difference is not None and mend:
        _mend(task, campaign, difference)
    return difference


def _suspects(campaign: Campaign) -> Iterator[int]:
    """Tasks whose verdict seems to differ, read in batches by id, so that memory stays flat."""
    after = 0
    while True:
        tasks = list(Task.objects.filter(campaign=campaign, pk__gt=after).order_by("pk")[:BATCH])
        if not tasks:
            return
        after = tasks[-1].pk
        ratings = ratings_of(tasks)
        stored = {verdict.task_id: verdict for verdict in Verdict.objects.filter(task__in=tasks)}
        book = rule_book(campaign.question_set)
        for task in tasks:
            computed = verdict_of(task, campaign, book, ratings.get(task.pk, []))
            if _plain(computed) != _plain(stored.get(task.pk)):
                yield task.pk


def ratings_of(tasks: Sequence[Task]) -> dict[int, list[Rating]]:
    ratings: dict[int, list[Rating]] = {}
    for rating in rows.ratings_of([task.pk for task in tasks]):
        ratings.setdefault(rating.task_id, []).append(rating)
    return ratings


def _difference(task: Task, campaign: Campaign) -> Difference | None:
    ratings = list(Rating.objects.filter(task=task.pk))
    computed = _plain(verdict_of(task, campaign, rule_book(campaign.question_set), ratings))
    stored = _plain(Verdict.objects.filter(task=task.pk).first())
    return None if computed == stored else Difference(task.pk, stored, computed)


def _mend(task: Task, campaign: Campaign, difference: Difference) -> None:
    if difference.computed is None:
        Verdict.objects.filter(task=task.pk).delete()
        signals.verdicts_changed.send(Verdict, tasks=[task.pk])
    else:
        recompute(task, campaign)


def _plain(verdict: Verdict | None) -> dict[str, Any] | None:
    return None if verdict is None else {name: getattr(verdict, name) for name in COMPARED}
