"""Counts what changed: images first, then the sums that they move, in short transactions.

Who counts holds the counter's row, so that only one does at a time. Raters never wait for it: they only add rows to
`Waiting`, and what changes while somebody counts is counted next. Pages that find it held leave the counting to others.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy

from django.db.models import Q
from django.utils import timezone

from raters.turns import writing
from review import picks
from review.counting import blocks, facts, tallies
from review.counting.tallies import KEY, SUMS, Key
from review.models import PACKED, Counter, JudgedImage, Move, Tally, Waiting

BATCH = 500  # tasks in one transaction
AT_ONCE = 20_000  # rows read at a time
# By task: what was kept of its image, and what its verdict says.
Changed = dict[int, tuple[JudgedImage | None, JudgedImage | None]]
_WRITTEN = [name for name in facts.COMPARED if name != "task_id"]


def count_waiting(most: int = BATCH, *, wait: bool = True) -> int:
    """Count up to so many changed verdicts, oldest first, in one transaction; returns how many notes it took.

    With `wait` off, none while somebody else counts.
    """
    if not Waiting.objects.exists():
        return 0
    be_there()
    with writing():
        counter = lock(wait=wait)
        if counter is None:
            return 0
        notes = dict(Waiting.objects.order_by("pk").values_list("pk", "task")[:most])
        bring_up(sorted(set(notes.values())), counter)
        Waiting.objects.filter(pk__in=list(notes)).delete()
        Counter.objects.filter(pk=1).update(counted_at=timezone.now())
    return len(notes)


def count_all_waiting() -> int:
    """Count until nothing waits; returns how many notes it took."""
    total = 0
    while taken := count_waiting():
        total += taken
    return total


def be_there() -> None:
    """Make the counter's row before a transaction that holds it: others would wait to learn whether there is one."""
    if not Counter.objects.filter(pk=1).exists():
        Counter.objects.get_or_create(pk=1, defaults={"packed": _packed_from_the_start()})


def _packed_from_the_start() -> int:
    """Where no image is counted yet, none is missing from the blocks."""
    return 0 if JudgedImage.objects.exists() else PACKED


def lock(*, wait: bool = True) -> Counter | None:
    """The counter, held until the transaction ends; without `wait`, None while somebody else holds it."""
    return Counter.objects.select_for_update(skip_locked=not wait).filter(pk=1).first()


def bring_up(tasks: Sequence[int], counter: Counter) -> int:
    """Make the tasks' images what their verdicts say, and move the sums with them; returns how many changed.

    Called with the counter held. Sums that are partial are left alone; a rebuild under way is told what moves.
    """
    changed: Changed = differing(tasks)
    if not changed:
        return 0
    if not counter.partial or counter.reached:
        items = {fact.item for both in changed.values() for fact in both if fact is not None}
        before = list(JudgedImage.objects.filter(item__in=items))
        changed |= _placed_anew([fact for fact in before if fact.task_id not in changed])
        _move(before, [fact for fact in before if fact.task_id not in changed] + _new(changed), counter)
    gone = [task for task, (_, computed) in changed.items() if computed is None]
    JudgedImage.objects.filter(task__in=gone).delete()
    _write(changed, _WRITTEN, counter)
    return len(changed)


def place_anew(tasks: Sequence[int], counter: Counter) -> None:
    """Bring images' places by the sum to what they are now; called with the counter held. No sum moves with them."""
    _write(_placed_anew(JudgedImage.objects.filter(task__in=tasks)), ["place_by_sum"], counter)


def _write(changed: Changed, fields: Sequence[str], counter: Counter) -> None:
    """Keep the images that there are now, and the blocks that all of them are in."""
    JudgedImage.objects.bulk_create(
        _new(changed), batch_size=BATCH, update_conflicts=True, unique_fields=["task"], update_fields=fields
    )
    blocks.follow(changed, counter)


def _new(changed: Changed) -> list[JudgedImage]:
    return [computed for _, computed in changed.values() if computed is not None]


def _placed_anew(facts: Iterable[JudgedImage]) -> Changed:
    """Those whose place by the sum is another than when they were counted: their product has got images since."""
    facts = list(facts)
    places = picks.places_by_sum({fact.candidate for fact in facts if fact.candidate is not None})
    found: Changed = {}
    for fact in facts:
        place = None if fact.candidate is None else places.get(fact.candidate)
        if place != fact.place_by_sum:
            moved = copy(fact)
            moved.place_by_sum = place
            found[fact.task_id] = (fact, moved)
    return found


def differing(tasks: Sequence[int]) -> Changed:
    """By task: what is kept, and what the verdict says, where these are not the same."""
    kept = JudgedImage.objects.in_bulk(tasks)
    computed = facts.facts_of(tasks)
    found: Changed = {}
    for task in {*kept, *computed}:
        mine, right = kept.get(task), computed.get(task)
        if mine is None or right is None or facts.plain(mine) != facts.plain(right):
            found[task] = (mine, right)
    return found


def _move(before: Sequence[JudgedImage], after: Sequence[JudgedImage], counter: Counter) -> None:
    """Move the sums by what these products' images change to, and note it for a rebuild that has read them."""
    if not counter.partial:
        _move_tallies(_difference(before, after))
    if counter.reached:
        read = [[fact for fact in images if fact.item <= counter.reached] for images in (before, after)]
        moved = _difference(*read)
        if moved:
            Move.objects.create(sums=[[*key, *sums] for key, sums in moved.items()])


def _difference(before: Iterable[JudgedImage], after: Iterable[JudgedImage]) -> dict[Key, list[int]]:
    moved = tallies.tallies_of(after)
    tallies.add(moved, tallies.tallies_of(before), sign=-1)
    return {key: sums for key, sums in moved.items() if any(sums)}


def _move_tallies(moved: dict[Key, list[int]]) -> None:
    there = _stored(moved)
    tallies.add(there, moved)
    write_tallies({key: there[key] for key in moved})


def write_tallies(wanted: dict[Key, list[int]]) -> None:
    """Keep these sums. Rows without a product, an undecided image or a rating are not kept."""
    empty = [key for key, sums in wanted.items() if not any(sums)]
    for batch in batches(empty, 100):
        where = Q()
        for key in batch:
            where |= Q(**dict(zip(KEY, key, strict=True)))
        Tally.objects.filter(where).delete()
    rows = [
        Tally(**dict(zip(KEY, key, strict=True)), **dict(zip(SUMS, sums, strict=True)))
        for key, sums in wanted.items()
        if any(sums)
    ]
    Tally.objects.bulk_create(
        rows, batch_size=BATCH, update_conflicts=True, unique_fields=list(KEY), update_fields=list(SUMS)
    )


def _stored(keys: Iterable[Key]) -> dict[Key, list[int]]:
    """The kept sums around these keys."""
    columns = [set(values) for values in zip(*keys, strict=True)]
    where = {f"{name}__in": values for name, values in zip(KEY, columns, strict=False)}
    return {} if not columns else by_key(Tally.objects.filter(**where).values_list(*KEY, *SUMS))


def by_key(rows: Iterable[Sequence[int]]) -> dict[Key, list[int]]:
    """Rows of KEY and SUMS as sums by key."""
    return {(row[0], row[1], row[2], row[3], row[4]): list(row[5:]) for row in rows}


def batches(tasks: Sequence[int] | Sequence[Key], size: int = BATCH) -> Iterator[list]:  # type: ignore[type-arg]
    for start in range(0, len(tasks), size):
        yield list(tasks[start : start + size])
