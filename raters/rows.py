"""The rows that every rating reads, by statements written once.

Django builds the text of a query anew each time, from all columns of its tables, and that costs several times what the
database takes to answer it: a fifth of all that a rating costs. What is not part of every rating goes through the ORM.
Rows are locked as `select_for_update(no_key=True)` does it: ratings of others name the same tasks, and a stronger lock
would make two raters who change places on gold items wait for each other. SQLite, whose writers take turns, locks none.
"""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model

from raters.models import Assignment, Campaign, CampaignRater, QuestionSet, Rater, Rating, Subject, Task

Row = TypeVar("Row", bound=Model)
LOCKED, LEFT_TO_OTHERS = " FOR NO KEY UPDATE", " FOR NO KEY UPDATE SKIP LOCKED"
_STATES = """
    SELECT assignment.state, campaign.state FROM raters_assignment assignment
    JOIN raters_campaign campaign ON campaign.id = assignment.campaign_id WHERE assignment.id = %s"""


def rater_of(user: int) -> Rater | None:
    return _one(Rater, "user_id = %s", [user])


def assignment(rater: int, uuid: UUID, *, lock: bool = False) -> Assignment | None:
    """The rater's own assignment, with its campaign and that one's question set."""
    key = Assignment._meta.get_field("uuid").get_db_prep_value(uuid, connection)
    held = _one(Assignment, "uuid = %s AND rater_id = %s", [key, rater], LOCKED if lock else "")
    if held is not None:
        held.campaign = _all(Campaign, "id = %s", [held.campaign_id])[0]
        held.campaign.question_set = _all(QuestionSet, "id = %s", [held.campaign.question_set_id])[0]
    return held


def member(rater: int, campaign: int) -> CampaignRater | None:
    """The rater's place in the campaign, locked."""
    return _one(CampaignRater, "rater_id = %s AND campaign_id = %s", [rater, campaign], LOCKED)


def task(pk: int) -> Task:
    """The task, locked."""
    return _all(Task, "id = %s", [pk], LOCKED)[0]


def states(held: Assignment) -> tuple[str, str]:
    """The states of the assignment and of its campaign as they are now."""
    with connection.cursor() as cursor:
        cursor.execute(_STATES, [held.pk])
        mine, its = cursor.fetchone()
    return mine, its


def campaign_state(pk: int) -> str:
    """The campaign's state as it is now; until the transaction ends nobody closes it (`services.campaigns.close`).

    The lock is the weakest there is: raters share it, and adding images does not wait for it.
    """
    lock = " FOR KEY SHARE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT state FROM raters_campaign WHERE id = %s{lock}", [pk])  # noqa: S608 - no values
        return str(cursor.fetchone()[0])


def begun_task(pk: int) -> Task | None:
    """The task with its subject, locked; None where it is begun no more, or another rater is taking it."""
    return _with_subject(_one(Task, "id = %s AND state = 'begun'", [pk], LEFT_TO_OTHERS))


def fresh_task(campaign: int, first: int, end: int | None = None) -> Task | None:
    """The first fresh task of the campaign's order in [first, end), with its subject, locked."""
    where, values = "campaign_id = %s AND state = 'fresh' AND position >= %s", [campaign, first]
    if end is not None:
        where, values = f"{where} AND position < %s", [*values, end]
    return _with_subject(_one(Task, f"{where} ORDER BY position LIMIT 1", values, LEFT_TO_OTHERS))


def held(rater: int, campaign: int) -> list[Assignment]:
    """What the rater holds, oldest first, with tasks and subjects."""
    where = "rater_id = %s AND campaign_id = %s AND state = 'held' ORDER BY number"
    mine = _all(Assignment, where, [rater, campaign])
    tasks = {row.pk: row for row in _among(Task, "id", [one.task_id for one in mine])}
    wanted = {row.subject_id for row in tasks.values() if row.subject_id is not None}
    subjects = {row.pk: row for row in _among(Subject, "id", list(wanted))}
    for row in tasks.values():
        row.subject = None if row.subject_id is None else subjects[row.subject_id]
    for one in mine:
        one.task = tasks[one.task_id]
    return mine


def ratings_of(tasks: Sequence[int]) -> list[Rating]:
    return _among(Rating, "task_id", tasks)


def _with_subject(found: Task | None) -> Task | None:
    if found is not None:
        of = found.subject_id
        found.subject = None if of is None else _all(Subject, "id = %s", [of])[0]
    return found


def _among(model: type[Row], column: str, values: Sequence[int]) -> list[Row]:
    return _all(model, f"{column} IN ({', '.join(['%s'] * len(values))})", values) if values else []


def _one(model: type[Row], where: str, values: Sequence[Any], lock: str = "") -> Row | None:
    return next(iter(_all(model, where, values, lock)), None)


def _all(model: type[Row], where: str, values: Sequence[Any], lock: str = "") -> list[Row]:
    """`where` is written in this module alone; what comes from outside is in `values`."""
    locked = lock if connection.features.has_select_for_update else ""
    table = model._meta.db_table
    return list(model._default_manager.raw(f"SELECT * FROM {table} WHERE {where}{locked}", values))  # noqa: S608
