"""Counts what changed; builds all of it anew; and tells where the two differ.

Who counts holds the counter's row, so that only one does at a time. Raters never wait for it: they only add rows to
`Waiting`, and what changes while somebody counts is counted next.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from raters.models import Verdict
from raters.turns import writing
from review.counting import facts, tallies
from review.counting.tallies import KEY, SUMS, Key
from review.models import Counter, JudgedImage, Tally, Waiting

BATCH = 500  # tasks in one transaction
AT_ONCE = 20_000  # rows read at a time
_WRITTEN = [name for name in facts.COMPARED if name != "task_id"]


@dataclass(frozen=True)
class Difference:
    """Something kept that is not what the verdicts say: which row, and both versions in words."""

    row: str
    kept: str
    computed: str


def count_waiting(most: int = BATCH) -> int:
    """Count up to so many changed verdicts, oldest first, in one transaction; returns how many notes it took."""
    if not Waiting.objects.exists():
        return 0
    with writing():
        _lock()
        notes = dict(Waiting.objects.order_by("pk").values_list("pk", "task")[:most])
        _count(sorted(set(notes.values())))
        Waiting.objects.filter(pk__in=list(notes)).delete()
        Counter.objects.filter(pk=1).update(counted_at=timezone.now())
    return len(notes)


def count_all_waiting() -> int:
    """Count until nothing waits; returns how many notes it took."""
    total = 0
    while taken := count_waiting():
        total += taken
    return total


def rebuild() -> int:
    """Bring every image and every sum to what the verdicts say; returns how many differed.

    Images in short transactions; the sums in one, all anew, during which raters go on and nobody else counts. Broken
    off before that, it leaves sums that `check` finds wrong.
    """
    changed = 0
    for tasks in _all_tasks():
        with writing():
            _lock()
            changed += _count(tasks, sums=False)
    with writing():
        _lock()
        wrong = _wrong_tallies()
        _write_tallies({key: computed for key, (_, computed) in wrong.items()})
        Counter.objects.filter(pk=1).update(rebuilt_at=timezone.now(), counted_at=timezone.now())
    return changed + len(wrong)


def differences() -> list[Difference]:
    """What is kept wrong, after what waits is counted. Raters may go on: an image that differs is looked at twice."""
    count_all_waiting()
    suspects = [task for tasks in _all_tasks() for task in _differing(tasks)]
    with writing():
        _lock()
        notes = Waiting.objects.values("task")
        found = [
            Difference(f"image of task {task}", _words(kept), _words(computed))
            for batch in _batches(suspects)
            for task, (kept, computed) in _differing(batch).items()
            if not notes.filter(task=task).exists()
        ]
        for key, (mine, computed) in _wrong_tallies().items():
            told = ", ".join(f"{name} {value}" for name, value in zip(KEY, key, strict=True))
            found.append(Difference(f"sums of {told}", str(mine), str(computed)))
    return found


def _lock() -> None:
    Counter.objects.get_or_create(pk=1)
    Counter.objects.select_for_update().get(pk=1)


def _count(tasks: Sequence[int], *, sums: bool = True) -> int:
    """Make the tasks' images what their verdicts say, and move the sums with them; returns how many changed."""
    changed = _differing(tasks)
    if not changed:
        return 0
    gone = [task for task, (_, computed) in changed.items() if computed is None]
    new = [computed for _, computed in changed.values() if computed is not None]
    old = [kept for kept, _ in changed.values() if kept is not None]
    if sums:
        _move_tallies(_difference(changed, new, old))
    JudgedImage.objects.filter(task__in=gone).delete()
    JudgedImage.objects.bulk_create(
        new, batch_size=BATCH, update_conflicts=True, unique_fields=["task"], update_fields=_WRITTEN
    )
    return len(changed)


def _difference(changed: Container[int], new: list[JudgedImage], old: list[JudgedImage]) -> dict[Key, list[int]]:
    """By how much sums move where images of these tasks change; read before they do."""
    before = list(JudgedImage.objects.filter(item__in={fact.item for fact in [*new, *old]}))
    after = [fact for fact in before if fact.task_id not in changed] + new
    moved = tallies.tallies_of(after)
    tallies.add(moved, tallies.tallies_of(before), sign=-1)
    return {key: sums for key, sums in moved.items() if any(sums)}


def _differing(tasks: Sequence[int]) -> dict[int, tuple[JudgedImage | None, JudgedImage | None]]:
    """By task: what is kept, and what the verdict says, where these are not the same."""
    kept = JudgedImage.objects.in_bulk(tasks)
    computed = facts.facts_of(tasks)
    found = {}
    for task in {*kept, *computed}:
        mine, right = kept.get(task), computed.get(task)
        if mine is None or right is None or facts.plain(mine) != facts.plain(right):
            found[task] = (mine, right)
    return found


def _move_tallies(moved: dict[Key, list[int]]) -> None:
    there = _stored(moved)
    tallies.add(there, moved)
    _write_tallies({key: there[key] for key in moved})


def _write_tallies(wanted: dict[Key, list[int]]) -> None:
    """Rows without a product, an undecided image or a rating are not kept."""
    empty = [key for key, sums in wanted.items() if not any(sums)]
    for batch in _batches(empty, 100):
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
    return {} if not columns else _by_key(Tally.objects.filter(**where).values_list(*KEY, *SUMS))


def _by_key(rows: Iterable[tuple[int, ...]]) -> dict[Key, list[int]]:
    return {(row[0], row[1], row[2], row[3], row[4]): list(row[5:]) for row in rows}


def _wrong_tallies() -> dict[Key, tuple[list[int], list[int]]]:
    """By key: kept and computed sums that differ; none at all is all zeros."""
    computed: dict[Key, list[int]] = {}
    for images in _products():
        tallies.add(computed, tallies.tallies_of_product(images))
    kept = _by_key(Tally.objects.values_list(*KEY, *SUMS).iterator(chunk_size=AT_ONCE))
    nothing = [0] * len(SUMS)
    return {
        key: (kept.get(key, nothing), computed.get(key, nothing))
        for key in {*kept, *computed}
        if kept.get(key, nothing) != computed.get(key, nothing)
    }


def _products() -> Iterator[list[JudgedImage]]:
    """The images of each product, read along the index over items."""
    images: list[JudgedImage] = []
    for fact in JudgedImage.objects.order_by("item", "task").iterator(chunk_size=AT_ONCE):
        if images and fact.item != images[0].item:
            yield images
            images = []
        images.append(fact)
    if images:
        yield images


def _all_tasks() -> Iterator[list[int]]:
    """Tasks with a verdict, in batches by id, and at last those whose image is kept without one."""
    after = 0
    while batch := list(Verdict.objects.filter(task__gt=after).order_by("task").values_list("task", flat=True)[:BATCH]):
        yield batch
        after = batch[-1]
    yield from _batches(list(JudgedImage.objects.filter(task__verdict=None).values_list("task", flat=True)))


def _batches(tasks: Sequence[int] | Sequence[Key], size: int = BATCH) -> Iterator[list]:  # type: ignore[type-arg]
    for start in range(0, len(tasks), size):
        yield list(tasks[start : start + size])


def _words(fact: JudgedImage | None) -> str:
    if fact is None:
        return "nothing"
    return ", ".join(f"{name} {value}" for name, value in zip(facts.COMPARED, facts.plain(fact), strict=True))
