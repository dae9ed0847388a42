"""The rows that every rating reads and writes, by statements written once.

Django builds the text of a query anew each time, from all columns of its tables, and that costs several times what the
database takes to answer it: a fifth of all that a rating costs. Rows that belong together come by one statement, for a
way to PostgreSQL and back costs more than what is asked there. What is not part of every rating goes through the ORM.
Rows are locked as `select_for_update(no_key=True)` does it: ratings of others name the same tasks, and a stronger lock
would make two raters who change places on gold items wait for each other. SQLite, whose writers take turns, locks none.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.models import Model

from raters.models import Assignment, Campaign, CampaignRater, QuestionSet, Rater, Rating, Subject, Task

Row = TypeVar("Row", bound=Model)
LOCKED, LEFT_TO_OTHERS = " FOR NO KEY UPDATE", " FOR NO KEY UPDATE SKIP LOCKED"
ALIASES = "abc"  # of joined tables, in their order
_STATES = """
    SELECT assignment.state, campaign.state FROM raters_assignment assignment
    JOIN raters_campaign campaign ON campaign.id = assignment.campaign_id WHERE assignment.id = %s"""


def rater_of(user: int) -> Rater | None:
    return _one(Rater, "user_id = %s", [user])


def assignment(rater: int, uuid: UUID, *, lock: bool = False) -> Assignment | None:
    """The rater's own assignment, with its campaign and that one's question set."""
    key = Assignment._meta.get_field("uuid").get_db_prep_value(uuid, connection)
    source = "a JOIN raters_campaign b ON b.id = a.campaign_id JOIN raters_questionset c ON c.id = b.question_set_id"
    where = f"{source} WHERE a.uuid = %s AND a.rater_id = %s"
    models = (Assignment, Campaign, QuestionSet)
    for held, campaign, asked in _joined(models, where, [key, rater], LOCKED if lock else ""):
        campaign.question_set = asked
        held.campaign = campaign
        return cast(Assignment, held)
    return None


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
    return _task("a.id = %s AND a.state = 'begun'", [pk])


def fresh_task(campaign: int, first: int, end: int | None = None) -> Task | None:
    """The first fresh task of the campaign's order in [first, end), with its subject, locked."""
    where, values = "a.campaign_id = %s AND a.state = 'fresh' AND a.position >= %s", [campaign, first]
    if end is not None:
        where, values = f"{where} AND a.position < %s", [*values, end]
    return _task(f"{where} ORDER BY a.position LIMIT 1", values)


def held(rater: int, campaign: int) -> list[Assignment]:
    """What the rater holds, oldest first, with tasks and subjects."""
    source = "a JOIN raters_task b ON b.id = a.task_id LEFT JOIN raters_subject c ON c.id = b.subject_id"
    where = f"{source} WHERE a.rater_id = %s AND a.campaign_id = %s AND a.state = 'held' ORDER BY a.number"
    mine = []
    for one, its_task, subject in _joined((Assignment, Task, Subject), where, [rater, campaign]):
        its_task.subject = subject
        one.task = its_task
        mine.append(one)
    return mine


def ratings_of(tasks: Sequence[int]) -> list[Rating]:
    return _among(Rating, "task_id", tasks)


def insert(row: Model) -> None:
    """As `row.save(force_insert=True)`; its key is set. Nothing listens to these models being saved."""
    text, fields = _insertion(type(row))
    with connection.cursor() as cursor:
        cursor.execute(text, [_stored(row, field, new=True) for field in fields])
        row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def write(row: Model, names: tuple[str, ...] = ()) -> None:
    """As `row.save(update_fields=names)`, or all fields. Raises DatabaseError where there is no such row any more."""
    text, fields = _change(type(row), names)
    with connection.cursor() as cursor:
        cursor.execute(text, [*(_stored(row, field, new=False) for field in fields), row.pk])
        if not cursor.rowcount:
            raise DatabaseError(f"{row} is in the database no more.")


def _stored(row: Model, field: Any, *, new: bool) -> Any:
    return field.get_db_prep_save(field.pre_save(row, new), connection)


@cache
def _insertion(model: type[Model]) -> tuple[str, list[Any]]:
    fields = _written(model)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places}) RETURNING id", fields  # noqa: S608


@cache
def _change(model: type[Model], names: tuple[str, ...]) -> tuple[str, list[Any]]:
    fields: list[Any] = [model._meta.get_field(name) for name in names] or _written(model)
    columns = ", ".join(f'"{field.column}" = %s' for field in fields)
    return f"UPDATE {model._meta.db_table} SET {columns} WHERE id = %s", fields  # noqa: S608 - no values


def _written(model: type[Model]) -> list[Any]:
    return [field for field in _fields(model) if not (field.primary_key or field.generated)]


def _task(where: str, values: Sequence[Any]) -> Task | None:
    """A task with its subject, locked; None where there is none, or another rater is taking it."""
    source = f"a LEFT JOIN raters_subject b ON b.id = a.subject_id WHERE {where}"
    for found, subject in _joined((Task, Subject), source, values, LEFT_TO_OTHERS):
        found.subject = subject
        return cast(Task, found)
    return None


def _among(model: type[Row], column: str, values: Sequence[int]) -> list[Row]:
    return _all(model, f"{column} IN ({', '.join(['%s'] * len(values))})", values) if values else []


def _one(model: type[Row], where: str, values: Sequence[Any], lock: str = "") -> Row | None:
    return next(iter(_all(model, where, values, lock)), None)


def _all(model: type[Row], where: str, values: Sequence[Any], lock: str = "") -> list[Row]:
    """`where` is written in this module alone; what comes from outside is in `values`."""
    locked = lock if connection.features.has_select_for_update else ""
    table = model._meta.db_table
    return list(model._default_manager.raw(f"SELECT * FROM {table} WHERE {where}{locked}", values))  # noqa: S608


def _joined(models: tuple[type[Model], ...], source: str, values: Sequence[Any], lock: str = "") -> list[list[Any]]:
    """A row of each model for each row found; None for one that is not there (a LEFT JOIN).

    `source` is what follows the first table's name: its alias, the joins, the conditions; as `where` in `_all`. The
    lock is of the first table's rows alone.
    """
    columns, converters = _shape(models)
    locked = lock.replace("UPDATE", "UPDATE OF a") if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {models[0]._meta.db_table} {source}{locked}", values)  # noqa: S608
        found = cursor.fetchall()
    return [_instances(models, _converted(list(row), converters)) for row in found]


@cache
def _shape(models: tuple[type[Model], ...]) -> tuple[str, list[tuple[int, list[Any], Any]]]:
    """The columns of the models, and, by place, how what the database gives becomes what a model holds."""
    fields = [(alias, field) for alias, model in zip(ALIASES, models, strict=False) for field in _fields(model)]
    places = [field.get_col(field.model._meta.db_table) for _, field in fields]
    found = [
        (number, connection.ops.get_db_converters(place) + place.get_db_converters(connection), place)
        for number, place in enumerate(places)
    ]
    text = ", ".join(f'{alias}."{field.column}"' for alias, field in fields)
    return text, [row for row in found if row[1]]


def _fields(model: type[Model]) -> list[Any]:
    return list(model._meta.concrete_fields)


def _converted(row: list[Any], converters: list[tuple[int, list[Any], Any]]) -> list[Any]:
    for number, ways, place in converters:
        for way in ways:
            row[number] = way(row[number], place, connection)
    return row


def _instances(models: tuple[type[Model], ...], row: list[Any]) -> list[Any]:
    found, start = [], 0
    for model in models:
        fields = _fields(model)
        own = row[start : start + len(fields)]
        there = own[fields.index(model._meta.pk)] is not None
        found.append(model.from_db(DEFAULT_DB_ALIAS, [field.attname for field in fields], own) if there else None)
        start += len(fields)
    return found
