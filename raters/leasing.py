"""Handing out images: a short transaction that costs the same with a hundred open tasks and with a million.

Which task a rater gets: one that is begun and nearest to complete, else the next fresh one of the campaign's order,
which each rater begins at a place of their own. Two things keep that fast.

Fresh tasks are found by one look into an index, from the rater's own `place` on. Begun ones are read in the order in
which they last became free (`stamp`), from the rater's own cursor on: every begun task before the cursor is known to
be this rater's own already, so that none is looked at twice however many the rater has rated. A task that becomes free
again gets a new stamp. A transaction may commit a stamp a moment late, so a cursor never moves past SETTLED.

Among the first few that are free, each rater prefers another: so orders differ, and locks rarely meet. A row that
another rater is taking at this moment is left to them (SKIP LOCKED; on SQLite writers queue before they begin).
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from raters import rows
from raters.models import Assignment, Campaign, CampaignRater, GoldItem, Task
from raters.models.campaigns import CampaignState
from raters.models.tasks import AGAIN, AssignmentState, TaskState
from raters.ordering import is_gold_turn, turn

HELD_AT_ONCE = 2  # the image on the page, and the one after it, fetched meanwhile
SHIFTED = ("wanted", "extra", "held", "done", "state", "stamp")  # the columns of a task that `move` writes
SETTLED = 10_000_000  # microseconds after which a committed stamp is seen by all
RECLAIMED_AT_ONCE = 16
RECLAIM_EVERY = 8  # images handed to a rater, and whenever there seems to be nothing for one
RENEWED_BELOW = 0.7  # of a lease
GOLD_LOOKED_AT = 100  # of the gold items that a rater has not had: among these raters choose differently
RECHECK_SECONDS = 60  # between two looks at all begun tasks for a rater for whom there seems to be nothing
# The first few begun tasks, from a stamp on, that lack so many ratings and that the rater has not had: among these
# raters choose differently.
FREE_TASKS = """
    SELECT * FROM (
        SELECT task.stamp, task.id, task."left" FROM raters_task task
        WHERE task.campaign_id = %s AND task.state = 'begun' AND task."left" = %s AND task.stamp >= %s
          AND NOT EXISTS (
              SELECT 1 FROM raters_assignment had
              WHERE had.task_id = task.id AND had.rater_id = %s AND had.state NOT IN ('expired', 'returned'))
        ORDER BY task.stamp, task.id LIMIT 8) free"""


def now_stamp() -> int:
    """Now, in microseconds."""
    return time.time_ns() // 1000


def fill_hands(member: CampaignRater, campaign: Campaign, *, hold: int = HELD_AT_ONCE) -> list[Assignment]:
    """What the rater holds, oldest first, topped up to `hold`, with leases that would run out soon renewed.

    Call it in a transaction, with `member` locked and allowed to rate. Saves `member`.
    """
    now = timezone.now()
    mine = rows.held(member.rater_id, member.campaign_id)
    before = len(mine)
    while len(mine) < hold and _may_take_more(member, campaign, len(mine)):
        task = _next_task(member, campaign, len(mine))
        if task is None:
            break
        mine.append(_assign(member, task, lease_end(campaign, now), now))
    if len(mine) > before and _has_closed(campaign):
        for assignment in mine[before:]:
            take_back(assignment, AssignmentState.RETURNED)
        mine = []
    _renew(mine, campaign, now)
    rows.write(member)
    return mine


def _has_closed(campaign: Campaign) -> bool:
    """Whether the campaign was closed while images were looked for: `services.campaigns.close` gave back what it saw.

    From here on a closing campaign waits for this transaction; one that is being closed is waited for.
    """
    campaign.state = rows.campaign_state(campaign.pk)
    return campaign.state == CampaignState.CLOSED


def lease_end(campaign: Campaign, now: datetime) -> datetime:
    return now + timedelta(minutes=campaign.lease_minutes)


def _renew(mine: list[Assignment], campaign: Campaign, now: datetime) -> None:
    """Give whole leases to what has used up a good part of its own: most images are rated long before."""
    until = lease_end(campaign, now)
    soon = now + timedelta(minutes=campaign.lease_minutes) * RENEWED_BELOW
    renewed = [one for one in mine if one.lease_until < soon]
    if renewed:
        Assignment.objects.filter(pk__in=[one.pk for one in renewed]).update(lease_until=until)
    for one in renewed:
        one.lease_until = until


def held_by(member: CampaignRater) -> QuerySet[Assignment]:
    """What the rater holds in the campaign. A lease that has run out is still theirs until somebody reclaims it.

    By rising task: whoever gives several back locks their tasks in this order, so that two never wait for each other.
    """
    mine = Assignment.objects.filter(rater=member.rater_id, campaign=member.campaign_id, state=AssignmentState.HELD)
    return mine.order_by("task_id")


def reclaim(campaign: Campaign, now: datetime | None = None, most: int = RECLAIMED_AT_ONCE) -> int:
    """Take back images whose lease has run out, at most so many; returns how many. What was answered is kept."""
    now = now or timezone.now()
    expired = Assignment.objects.filter(campaign=campaign, state=AssignmentState.HELD, lease_until__lt=now)
    over = dict(expired.order_by("lease_until").values_list("task_id", "pk")[:most])
    return _take_expired(expired, over, now) if over else 0


@transaction.atomic
def _take_expired(expired: QuerySet[Assignment], over: dict[int, int], now: datetime) -> int:
    tasks = (
        Task.objects.filter(pk__in=over).order_by("pk").select_for_update(skip_locked=True, of=("self",), no_key=True)
    )
    count = 0
    for task in tasks:
        # The rater may be back at this moment: who has the row first keeps it, and nobody waits for anybody here.
        mine = (
            expired.filter(pk=over[task.pk])
            .select_for_update(skip_locked=True, no_key=True)
            .values_list("pk", flat=True)
            .first()
        )
        if mine is not None:
            Assignment.objects.filter(pk=mine).update(state=AssignmentState.EXPIRED, ended_at=now)
            put_back(task)
            count += 1
    return count


def put_back(task: Task) -> None:
    """One held place of a locked task is free again."""
    if task.state != TaskState.GOLD:
        move(task, held=-1)


def move(task: Task, *, held: int = 0, done: int = 0, complete: bool | None = None) -> None:
    """Change the counts of a locked task, and its state with them; whoever comes next finds it where it belongs.

    `complete` is whether its verdict is final; None leaves that as it is.
    """
    shift(task, held=held, done=done, complete=complete)
    rows.write(task, SHIFTED)


def shift(task: Task, *, held: int = 0, done: int = 0, complete: bool | None = None) -> None:
    """As `move`; saving SHIFTED is left to the caller."""
    task.held += held
    task.done += done
    if task.state not in (TaskState.WITHHELD, TaskState.GOLD):
        task.state = _state_of(task, task.state == TaskState.COMPLETE if complete is None else complete)
        task.stamp = now_stamp()


def _state_of(task: Task, complete: bool) -> TaskState:
    if complete or task.done >= task.wanted:
        return TaskState.COMPLETE
    return TaskState.FULL if task.held + task.done >= task.wanted else TaskState.BEGUN


def _may_take_more(member: CampaignRater, campaign: Campaign, held: int) -> bool:
    if campaign.per_rater_limit is None:
        return True
    return member.ratings + member.gold_ratings + held < campaign.per_rater_limit


def _next_task(member: CampaignRater, campaign: Campaign, held: int) -> Task | None:
    """The task to hand out, locked; None when there is none for this rater now."""
    if member.state == CampaignRater.State.QUALIFYING:
        found = _gold_task(member, GoldItem.Use.QUALIFICATION)
        wanting = member.gold_ratings + held < campaign.qualification_items
        return found or (_passed_over_item(member) if wanting else None)
    if campaign.gold_count and is_gold_turn(member.leases, campaign.gold_share, campaign.seed, member.rater_id):
        found = _gold_task(member, GoldItem.Use.HIDDEN)
        if found is not None:
            return found
    if member.taken + held >= campaign.task_count and _had_all(member, campaign):
        return None
    nearly = range(1, campaign.raters_per_image)
    if member.leases % RECLAIM_EVERY == 0:
        reclaim(campaign)
    found = _begun_task(member, nearly) or _fresh_task(member) or _begun_task(member, [campaign.raters_per_image])
    return found or _after_another_look(member, campaign)


def _had_all(member: CampaignRater, campaign: Campaign) -> bool:
    """Whether every task is, or was for good, this rater's: then nothing needs to be looked through."""
    holding = held_by(member).exclude(task__state=TaskState.GOLD).count()
    return member.taken + holding >= campaign.task_count


def _gold_task(member: CampaignRater, use: GoldItem.Use) -> Task | None:
    """A gold item that the rater has not had. Its task is not locked: any number of raters may have it."""
    items = GoldItem.objects.filter(campaign=member.campaign_id, use=use)
    ids = items.exclude(_had_by(member, "task")).order_by("pk").values_list("task_id", flat=True)[:GOLD_LOOKED_AT]
    chosen = min(ids, key=lambda pk: turn(member.rater_id, pk), default=None)
    return None if chosen is None else Task.objects.select_related("subject").get(pk=chosen)


def _passed_over_item(member: CampaignRater) -> Task | None:
    """An image of the qualification round that the rater skipped or reported: without it the round would never end."""
    passed = (AssignmentState.SKIPPED, AssignmentState.REPORTED)
    mine = Assignment.objects.filter(rater=member.rater_id, campaign=member.campaign_id, state__in=passed)
    again = mine.filter(task__gold__use=GoldItem.Use.QUALIFICATION).select_related("task__subject").order_by("ended_at")
    first = again.first()
    return None if first is None else first.task


def _fresh_task(member: CampaignRater) -> Task | None:
    campaign, place = member.campaign_id, member.place
    task = rows.fresh_task(campaign, place) or rows.fresh_task(campaign, 0, place)
    if task is not None:
        member.place = task.position + 1
    return task


def _begun_task(member: CampaignRater, missing: Sequence[int]) -> Task | None:
    """A begun task that the rater has not had, of those that lack the fewest ratings; it is locked."""
    horizon = now_stamp() - SETTLED
    found = _windows(member, missing)
    for left in missing:
        free = [(stamp, pk) for stamp, pk, level in found if level == left]
        member.cursors[str(left)] = min(min(free)[0] if free else horizon, horizon)
        for _, pk in sorted(free, key=lambda row: turn(member.rater_id, row[1])):
            if (task := rows.begun_task(pk)) is not None:
                return task
    return None


def _windows(member: CampaignRater, missing: Sequence[int]) -> list[tuple[int, int, int]]:
    """(stamp, id, missing ratings) of the first few tasks that are free for the rater, for each number missing.

    One statement for all: it is part of every rating.
    """
    if not missing:
        return []
    values: list[int] = []
    for left in missing:
        values += [member.campaign_id, left, member.cursors.get(str(left), 0), member.rater_id]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([FREE_TASKS] * len(missing)), values)
        return [(int(stamp), int(pk), int(left)) for stamp, pk, left in cursor.fetchall()]


def _after_another_look(member: CampaignRater, campaign: Campaign) -> Task | None:
    """Look at all begun tasks once more before saying that there is nothing, though not each time that is asked.

    A task is behind a rater's cursor by mistake when its stamp was committed late, or when it was passed over because
    another rater was taking it and then did not.
    """
    now = int(time.time())
    again = reclaim(campaign)
    if not again and now - member.cursors.get("looked", 0) < RECHECK_SECONDS:
        return None
    member.cursors = {"looked": now}
    return _begun_task(member, range(1, campaign.raters_per_image + 1))


def _had_by(member: CampaignRater, task: str) -> Exists:
    """Whether the rater has an assignment to the task that was neither given back nor ran out."""
    return Exists(Assignment.objects.filter(task=OuterRef(task), rater=member.rater_id).exclude(state__in=AGAIN))


def _assign(member: CampaignRater, task: Task, until: datetime, now: datetime) -> Assignment:
    """Hand a task over: its held count and the rater's number of images grow. A former draft comes back with it."""
    member.leases += 1
    # Another row of this rater's cannot appear meanwhile: their row in the campaign is locked.
    # A gold item's stamp stays 0, whoever has had it.
    new = task.stamp == 0 and task.state != TaskState.GOLD
    row = None if new else Assignment.objects.filter(task=task, rater=member.rater_id).first()
    if row is None:
        row = Assignment(task=task, rater_id=member.rater_id, campaign_id=member.campaign_id)
    row.task, row.number, row.reason = task, member.leases, ""
    row.state, row.leased_at, row.lease_until, row.ended_at = AssignmentState.HELD, now, until, None
    rows.insert(row) if row.pk is None else rows.write(row)
    if task.state != TaskState.GOLD:
        move(task, held=1)
    return row


@transaction.atomic
def take_back(assignment: Assignment, state: AssignmentState, reason: str = "") -> bool:
    """End a held assignment without a rating; False when it was not held any more. The task is free for others."""
    task = rows.task(assignment.task_id)
    still = Assignment.objects.filter(pk=assignment.pk, state=AssignmentState.HELD)
    if not still.update(state=state, ended_at=timezone.now(), reason=reason):
        return False
    put_back(task)
    return True
