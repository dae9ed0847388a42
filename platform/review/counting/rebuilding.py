"""Builds all that figures are counted from anew, or tells where it is wrong, while pages and counting go on.

The counter is held for moments only. Images are compared outside of it, and written some at a time. The sums are added
up in memory, product by product in the order of their ids; `Counter.reached` says how far, and whoever counts meanwhile
notes in `Move` by how much products up to there changed. At the end both are put together and kept in one transaction:
a rebuild that breaks off leaves the sums as they were. Blocks are held against the images on the way, some at a time.
Where most images are new, as at the first count, sums and blocks cannot follow image by image: the counter says
`partial`, and pages scan the images until a rebuild has come to its end. Blocks stay as they were until they are
replaced: whoever has begun to read them reads all images, some as of a moment ago.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from raters.models import Verdict
from raters.turns import writing
from review.counting import blocks, facts, folding, tallies
from review.counting.tallies import KEY, SUMS, Key
from review.models import CHECK, PACKED, Counter, JudgedImage, Move, Tally, Waiting

MANY = 50  # images of a batch that differ, from which sums are built once at the end in place of moved each time
ROWS = 5_000  # images that are read while the counter is held, and those of the last one's block
EVERYTHING = 2**63 - 1  # beyond any item
DEAD_AFTER = timedelta(minutes=5)  # a rebuild that gave no sign for so long has broken off
Progress = Callable[[int, int | None, str], None]
Totals = dict[Key, list[int]]


class CountingElsewhere(RuntimeError):
    """Somebody else builds or checks all sums; the text is the sentence for the person."""


@dataclass(frozen=True)
class Difference:
    """Something kept that is not what the verdicts say: which row, and both versions in words."""

    row: str
    kept: str
    computed: str


@dataclass(frozen=True)
class Checked:
    """What is wrong; and how many images have moved, by the sum, in products that got others since: nothing wrong."""

    differences: list[Difference]
    moved: int


def rebuild(progress: Progress = lambda *_: None) -> int:
    """Bring every image and every sum to what the verdicts say; returns how many differed. Raises CountingElsewhere.

    Places by the sum are brought up as well, and are none of these.
    """
    changed, seen = 0, 0
    with _turn(uuid.uuid4().hex) as turn:
        for tasks in _all_tasks():
            changed += _mend(tasks, turn)
            seen += len(tasks)
            progress(seen, None, f"{seen:,} images compared")
        totals, packed = _added_up(turn, progress, mend=True)
        with writing():
            wrong = _wrong(totals, turn)
            folding.write_tallies({key: computed for key, (_, computed) in wrong.items()})
            now = timezone.now()
            Counter.objects.filter(pk=1).update(rebuilt_at=now, counted_at=now, partial=False, packed=PACKED)
    return changed + len(packed) + len(wrong)


def differences(progress: Progress = lambda *_: None) -> list[Difference]:
    """What is kept wrong, after what waits is counted. Raises CountingElsewhere."""
    return check(progress).differences


def check(progress: Progress = lambda *_: None) -> Checked:
    """The same, and how many images have moved. Raises CountingElsewhere."""
    folding.count_all_waiting()
    found: list[Difference] = []
    moved = 0
    with _turn(f"{CHECK}{uuid.uuid4().hex[:20]}") as turn:
        for tasks in _all_tasks():
            suspects, places = _apart(tasks)
            moved += len(places)
            found += _surely(suspects) if suspects else []
            _alive(turn)
        totals, packed = _added_up(turn, progress, mend=False)
        found += packed
        with writing():
            for key, (mine, computed) in _wrong(totals, turn).items():
                told = ", ".join(f"{name} {value}" for name, value in zip(KEY, key, strict=True))
                found.append(Difference(f"sums of {told}", str(mine), str(computed)))
    return Checked(found, moved)


def has_broken_off() -> bool:
    """Whether a first count of everything came to no end, and nobody is at it."""
    return Counter.objects.filter(pk=1, partial=True).exclude(alive_at__gte=timezone.now() - DEAD_AFTER).exists()


@contextmanager
def _turn(mine: str) -> Iterator[str]:
    """The right to build, by a name that is given back whatever happens; taken from one that gave no sign for long."""
    folding.be_there()
    with writing():
        counter = _held()
        if counter.building and counter.alive_at and timezone.now() - counter.alive_at < DEAD_AFTER:
            raise CountingElsewhere(
                f"All verdicts are being counted anew or checked, last sign {counter.alive_at:%H:%M:%S} UTC. Wait until"
                " that is over; one that broke off is given up after 5 minutes."
            )
        _set(building=mine, reached=0, alive_at=timezone.now())
        Move.objects.all().delete()
    try:
        yield mine
    finally:
        with writing():
            if _held().building == mine:
                _set(building="", reached=0, alive_at=None)
                Move.objects.all().delete()


def _mend(tasks: list[int], turn: str) -> int:
    """Images that differ are looked at once more with the counter held: others may have counted them meanwhile.

    At a first count, where most differ, all are looked at that one time only.
    """
    is_first = Counter.objects.filter(pk=1, partial=True).exists()
    suspects, moved = (tasks, []) if is_first else _apart(tasks)
    _alive(turn)
    if not suspects and not moved:
        return 0
    with writing():
        counter = _mine(turn)
        if len(suspects) > MANY and not counter.partial:
            counter.partial, counter.packed = True, 0
            _set(partial=True, packed=0)
        changed = folding.bring_up(suspects, counter)
        folding.place_anew(moved, counter)
    _alive(turn)
    return changed


def _apart(tasks: list[int]) -> tuple[list[int], list[int]]:
    """Those whose images differ, and those whose images have only moved in their products."""
    found = folding.differing(tasks)
    moved = [task for task, both in found.items() if facts.only_moved(*both)]
    return sorted(found.keys() - set(moved)), moved


def _surely(suspects: list[int]) -> list[Difference]:
    """Of these images, those that differ and do not wait to be counted."""
    with writing():
        _held()
        waiting = set(Waiting.objects.filter(task__in=suspects).values_list("task", flat=True))
        return [
            Difference(f"image of task {task}", _words(kept), _words(computed))
            for task, (kept, computed) in folding.differing(suspects).items()
            if task not in waiting and not facts.only_moved(kept, computed)
        ]


def _added_up(turn: str, progress: Progress, *, mend: bool) -> tuple[Totals, list[Difference]]:
    """The sums of all images, each product's as they were when `Counter.reached` came to it; and blocks that differ."""
    totals: Totals = {}
    differing: list[Difference] = []
    products, reached = 0, 0
    while reached < EVERYTHING:
        reached, images, wrong = _next_images(turn, mend=mend)
        tallies.add(totals, tallies.tallies_of(images))
        differing += wrong
        products += len({fact.item for fact in images})
        progress(products, None, f"{products:,} products added up")
    return totals, differing


def _next_images(turn: str, *, mend: bool) -> tuple[int, list[JudgedImage], list[Difference]]:
    """The images of the next products, about ROWS of them, up to which item they are, and blocks that differ from them.

    The counter says that they have been read, and that all have where these are the last: who counts others from there
    on notes them as well.
    """
    with writing():
        counter = _mine(turn)
        rest = JudgedImage.objects.filter(item__gt=counter.reached).order_by("item")
        last = rest.values_list("item", flat=True)[ROWS - 1 : ROWS].first()
        reached = EVERYTHING if last is None else blocks.last_of(last)
        _set(reached=reached, alive_at=timezone.now())
        images = list(rest.filter(item__lte=reached))
        wrong = blocks.wrong(images, counter.reached, reached)
        if mend:
            blocks.write({number: right for number, (_, right) in wrong.items()})
    if not mend and counter.packed != PACKED:  # the next rebuild makes them, and nobody reads them until then
        return reached, images, []
    told = {number: [blocks.said_of(data) for data in both] for number, both in wrong.items()}
    return reached, images, [Difference(f"block {number}", *both) for number, both in told.items()]


def _wrong(totals: Totals, turn: str) -> dict[Key, tuple[list[int], list[int]]]:
    """By key: kept and computed sums that differ; none at all is all zeros. The counter is held from here on."""
    _mine(turn)
    for sums in Move.objects.order_by("pk").values_list("sums", flat=True):
        tallies.add(totals, folding.by_key(sums))
    kept = folding.by_key(Tally.objects.values_list(*KEY, *SUMS).iterator(chunk_size=folding.AT_ONCE))
    nothing = [0] * len(SUMS)
    return {
        key: (kept.get(key, nothing), totals.get(key, nothing))
        for key in {*kept, *totals}
        if kept.get(key, nothing) != totals.get(key, nothing)
    }


def _held() -> Counter:
    counter = folding.lock()
    if counter is None:
        raise CountingElsewhere("The counter's row is gone: somebody deletes rows of review. Try again.")
    return counter


def _mine(turn: str) -> Counter:
    counter = _held()
    if counter.building != turn:
        raise CountingElsewhere("Another count of all verdicts took over, as this one gave no sign for 5 minutes.")
    return counter


def _alive(turn: str) -> None:
    Counter.objects.filter(pk=1, building=turn).update(alive_at=timezone.now())


def _set(**values: object) -> None:
    Counter.objects.filter(pk=1).update(**values)


def _all_tasks() -> Iterator[list[int]]:
    """Tasks with a verdict, in batches by id, and at last those whose image is kept without one."""
    size, after = folding.BATCH, 0
    while batch := list(Verdict.objects.filter(task__gt=after).order_by("task").values_list("task", flat=True)[:size]):
        yield batch
        after = batch[-1]
    yield from folding.batches(list(JudgedImage.objects.filter(task__verdict=None).values_list("task", flat=True)))


def _words(fact: JudgedImage | None) -> str:
    if fact is None:
        return "nothing"
    return ", ".join(f"{name} {value}" for name, value in zip(facts.COMPARED, facts.plain(fact), strict=True))
