"""Take the next ready job: the most urgent, among equals what this process holds warm, else whoever's turn it is.

Each choice is one statement that seeks in the indexes job_ready and job_warm, from one asker to the next, and never
reads the backlog: its cost grows with the number of askers who have work ready, not with their jobs.
"""

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from jobs.lease import lease_end
from jobs.models import Attempt, Job
from jobs.warmth import NOTHING_WARM, Wish

# (affinity, asker) pairs looked at when a worker leaves what it holds warm: a bound, not a number to be met.
MOST_PAIRS = 1_000

# Statements as they stand: building them anew took half the time of a claim, on SQLite with the write lock held.
# The literals are what the condition of the two indexes says; the names in braces are filled in once, below.
_READY = (
    "{0}queue = %(queue)s AND {0}state = 'queued' AND {0}waiting_on = 0 AND NOT {0}paused"
    " AND ({0}run_after IS NULL OR {0}run_after <= %(now)s)"
)
_TAKE = """
UPDATE jobs_job SET state = 'running', fence = fence + 1, worker = %(worker)s,
       lease_until = %(until)s, heartbeat_at = %(now)s, started_at = coalesce(started_at, %(now)s)
WHERE state = 'queued' AND id {chosen}
RETURNING *
"""
_TOP = "SELECT priority FROM jobs_job WHERE {ready} ORDER BY priority DESC LIMIT 1"

# The oldest job of the asker who was served longest ago; `{only}` narrows it to one affinity.
_FAIR = """
WITH RECURSIVE top (priority) AS ({top}),
askers (asker) AS (
    SELECT (SELECT asker FROM jobs_job WHERE {ready} AND priority = (SELECT priority FROM top) {only}
            ORDER BY asker LIMIT 1)
    UNION ALL
    SELECT (SELECT asker FROM jobs_job WHERE {ready} AND priority = (SELECT priority FROM top) {only}
            AND asker > askers.asker ORDER BY asker LIMIT 1)
    FROM askers WHERE askers.asker IS NOT NULL
),
next (asker) AS (
    SELECT askers.asker FROM askers
    LEFT JOIN jobs_turn ON jobs_turn.queue = %(queue)s AND jobs_turn.asker = askers.asker
    WHERE askers.asker IS NOT NULL
    ORDER BY served_at IS NOT NULL, served_at, askers.asker LIMIT 1
)
SELECT id FROM jobs_job WHERE {ready} AND priority = (SELECT priority FROM top) {only}
AND asker = (SELECT asker FROM next) ORDER BY id LIMIT 1 {lock}
"""

# The same, of any affinity but one. It goes from pair to pair, so that the many jobs of that one are stepped over.
# Scalar subqueries, not joins: for a join SQLite reads the whole table once, to build a Bloom filter.
_OTHER = """
WITH RECURSIVE top (priority) AS ({top}),
firsts (id, number) AS (
    SELECT (SELECT id FROM jobs_job WHERE {ready} AND priority = (SELECT priority FROM top)
            ORDER BY affinity, asker, id LIMIT 1), 1
    UNION ALL
    SELECT coalesce(
        (SELECT after.id FROM jobs_job after WHERE {after_ready} AND after.priority = (SELECT priority FROM top)
         AND after.affinity = here.affinity AND after.asker > here.asker ORDER BY after.asker, after.id LIMIT 1),
        (SELECT after.id FROM jobs_job after WHERE {after_ready} AND after.priority = (SELECT priority FROM top)
         AND after.affinity > here.affinity ORDER BY after.affinity, after.asker, after.id LIMIT 1)
    ), firsts.number + 1
    FROM firsts JOIN jobs_job here ON here.id = firsts.id WHERE firsts.number < %(most)s
),
others (id, affinity, served_at) AS (
    SELECT firsts.id, (SELECT affinity FROM jobs_job first WHERE first.id = firsts.id),
           (SELECT served_at FROM jobs_turn WHERE jobs_turn.queue = %(queue)s
            AND jobs_turn.asker = (SELECT asker FROM jobs_job first WHERE first.id = firsts.id))
    FROM firsts WHERE firsts.id IS NOT NULL
),
next (id) AS (
    SELECT id FROM others WHERE affinity <> %(affinity)s
    ORDER BY served_at IS NOT NULL, served_at, id LIMIT 1
)
SELECT id FROM jobs_job WHERE {ready} AND id = (SELECT id FROM next) {lock}
"""

# Whatever is ready and not just being taken by another.
_ANY = "SELECT id FROM jobs_job WHERE {ready} ORDER BY priority DESC, asker, id LIMIT 1 {lock}"

# What may run beside a job of that kind: never one that had a strike, nor one that needs a smaller group.
# Materialized, so that the limit holds: PostgreSQL must not look into it again for each row of the update.
_BESIDE = """
WITH chosen AS MATERIALIZED (
    SELECT id FROM jobs_job WHERE {ready} AND priority = %(priority)s AND affinity = %(affinity)s {only}
    AND kind = %(kind)s AND strikes = 0 AND halvings <= %(halvings)s
    ORDER BY asker, id LIMIT %(count)s {lock}
)
"""

_SERVED = """
INSERT INTO jobs_turn (queue, asker, served_at) VALUES (%s, %s, %s)
ON CONFLICT (queue, asker) DO UPDATE SET served_at = excluded.served_at
"""


def _statement(choice: str, *, only: str = "", lock: str = "") -> str:
    ready = _READY.format("")
    filled = choice.format(
        top=_TOP.format(ready=ready), ready=ready, after_ready=_READY.format("after."), only=only, lock=lock
    )
    if choice == _BESIDE:
        return filled + _TAKE.format(chosen="IN (SELECT id FROM chosen)")
    return _TAKE.format(chosen=f"= ({filled})")


def statements(lock: str = "") -> dict[str, str]:
    """The claims by name; `lock` is the clause that passes over rows which others are just taking."""
    return {
        "warm": _statement(_FAIR, only="AND affinity = %(affinity)s", lock=lock),
        "other": _statement(_OTHER, lock=lock),
        "fair": _statement(_FAIR, lock=lock),
        "any": _statement(_ANY, lock=lock),
        "beside, of the same asker": _statement(_BESIDE, only="AND asker = %(asker)s", lock=lock),
        "beside": _statement(_BESIDE, lock=lock),
    }


_PLAIN, _PASSING_OVER = statements(), statements("FOR UPDATE SKIP LOCKED")


def claim(queue: str, worker: str, wish: Wish = NOTHING_WARM) -> Job | None:
    """Take a ready job of a queue for that worker, with a new attempt; None when there is none.

    On PostgreSQL rows that others are just taking are passed over; on SQLite the transaction holds the only write lock.
    """
    with transaction.atomic():
        for choice in _choices(wish):
            taken = take(choice, queue=queue, worker=worker, affinity=wish.affinity)
            if taken:
                _note_turn(taken[0])
                return taken[0]
    return None


def claim_beside(job: Job, worker: str, together: int) -> list[Job]:
    """Take more ready jobs to run with one that was just claimed, so that there are `together`; by rising id.

    They are of its kind, affinity and priority, those of the same asker first. A job that had a strike runs alone, and
    each time that memory ran out halves the group.
    """
    wanted = (together >> job.halvings) - 1
    if wanted < 1 or not job.affinity or job.strikes:
        return []
    same = {name: getattr(job, name) for name in ("queue", "priority", "affinity", "kind", "halvings", "asker")}
    with transaction.atomic():
        taken = take("beside, of the same asker", worker=worker, count=wanted, **same)
        if len(taken) < wanted:
            taken += take("beside", worker=worker, count=wanted - len(taken), **same)
    return sorted(taken, key=lambda one: one.pk)


def take(choice: str, *, queue: str, worker: str, **named: Any) -> list[Job]:
    """Inside a transaction: claim what that statement chooses, each job with a new attempt."""
    known = _PASSING_OVER if connection.features.has_select_for_update_skip_locked else _PLAIN
    now = timezone.now()
    said, until = (connection.ops.adapt_datetimefield_value(time) for time in (now, lease_end(now)))
    values = {"queue": queue, "worker": worker, "now": said, "until": until, "most": MOST_PAIRS, **named}
    taken = list(Job.objects.raw(known[choice], values))
    for job in taken:
        Attempt.objects.create(job_id=job.pk, number=job.fence, worker=worker)
    return taken


def _choices(wish: Wish) -> list[str]:
    """What to try, in this order. "any" is for PostgreSQL, where the chosen row may just be another's."""
    choices = ["fair", "any"] if connection.features.has_select_for_update_skip_locked else ["fair"]
    if not wish.affinity:
        return choices
    return ["other", *choices] if wish.enough else ["warm", *choices]


def _note_turn(job: Job) -> None:
    # Last in the transaction: two who begin jobs of the same asker wait for each other here.
    with connection.cursor() as cursor:
        served_at = connection.ops.adapt_datetimefield_value(job.heartbeat_at)
        cursor.execute(_SERVED, [job.queue, job.asker, served_at])
