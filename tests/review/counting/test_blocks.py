"""Images come out of blocks as they went in, and blocks follow what is counted."""

import random
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from raters.models import Rating
from raters.services import changes
from review import picks
from review.counting import blocks, folding, rebuilding
from review.counting.rebuilding import EVERYTHING
from review.models import CHECK, PACKED, Block, Counter, JudgedImage, Waiting
from tests.factories.catalog import make_product
from tests.factories.generation import make_candidate, make_run
from tests.factories.rating import NO, rate
from tests.review.counting.test_folding import rate_all, rated_campaign
from tests.review.made import mixed_world

HIGHEST = (1 << 62) - 1
ALL_ITEMS = 1 << 40  # in one block, whatever ids they got


def image(task: int, **fields: object) -> JudgedImage:
    usual = {
        "campaign": 1, "question_set": 1, "questions": 8, "item": 7, "candidate": None, "type": -1, "method": 1,
        "prompt": 1, "voters": "person", "day": date(2026, 3, 1), "verdict": 1, "ratings": 3, "active_ms": 9_500,
        "passes": 255, "fails": 0, "alone": None, "yes": None, "maybe": None, "no": None, "unclear": None,
        "place_by_sum": None,
    }  # fmt: skip
    return JudgedImage(task_id=task, **usual | fields)


def random_image(task: int, chance: random.Random) -> JudgedImage:
    bits = {name: chance.randrange(1 << 60) for name in ("passes", "fails", "yes", "maybe", "no", "unclear")}
    return image(
        task, **bits, item=chance.randrange(300), candidate=chance.choice([None, chance.randrange(1 << 40)]),
        verdict=chance.choice([-1, 0, 1]), alone=chance.choice([None, 3]), voters=chance.choice(list(blocks.VOTERS)),
        day=date.fromordinal(739_000 + chance.randrange(800)), place_by_sum=chance.choice([None, 1, 100]),
    )  # fmt: skip


CHANCE = random.Random(2)  # noqa: S311 - no secret


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("one", [image(1)]),
        ("all alike but the task", [image(task) for task in (3, 1, 2)]),
        ("over a byte", [image(1, active_ms=0), image(2, active_ms=256)]),
        ("over two bytes", [image(1, item=0), image(2, item=1 << 16)]),
        ("over four bytes", [image(1, candidate=None), image(2, candidate=1 << 33)]),
        ("all bits", [image(1, passes=HIGHEST, yes=HIGHEST >> 2), image(2, passes=0, yes=None)]),
        ("anything", [random_image(task, CHANCE) for task in range(500)]),
    ],
)
def test_what_is_packed_comes_out(name: str, images: list[JudgedImage]) -> None:
    rows = blocks.rows_of(images)
    columns = blocks.unpack([blocks.pack(rows)])
    ordered = sorted(images, key=lambda one: (one.item, one.task_id))
    assert np.array_equal(np.column_stack([columns[name] for name in blocks.COLUMNS]), blocks.rows_of(ordered))


def test_some_columns_of_several_blocks() -> None:
    packed = [
        blocks.pack(blocks.rows_of([image(task, item=task) for task in some])) for some in ((1, 2), (130,), (260,))
    ]
    columns = blocks.unpack(packed, {"task", "method"})
    assert {name: column.tolist() for name, column in columns.items()} == {
        "task": [1, 2, 130, 260],
        "method": [1, 1, 1, 1],
    }
    assert blocks.unpack([], {"task"})["task"].tolist() == []


def packed_tasks() -> list[int]:
    data = Block.objects.order_by("number").values_list("data", flat=True)
    return blocks.unpack(list(data), {"task"})["task"].tolist()


def test_blocks_follow_what_is_counted(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(blocks, "ITEMS", 2)
    made, people = rated_campaign(6, products=6, raters_per_image=1)
    rate_all(made, people)
    folding.count_waiting(2)
    assert len(packed_tasks()) == 2
    folding.count_all_waiting()
    assert sorted(packed_tasks()) == sorted(JudgedImage.objects.values_list("pk", flat=True))
    assert Counter.objects.get().packed == PACKED
    number = Block.objects.count()
    assert number in (3, 4)
    first, *others = Rating.objects.order_by("pk")
    changes.change(first.rater, first.assignment.uuid, NO)
    for rating in others:
        changes.withdraw(rating.rater, rating.assignment.uuid)
    folding.count_all_waiting()
    assert packed_tasks() == [first.task_id]
    assert Block.objects.count() == 1
    assert rebuilding.differences() == []


@pytest.fixture
def world_in_one_block(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "ITEMS", ALL_ITEMS)
    mixed_world()


@pytest.mark.usefixtures("world_in_one_block")
def test_what_was_counted_before_there_were_blocks_is_packed_by_a_rebuild() -> None:
    Block.objects.all().delete()
    Counter.objects.update(packed=0)
    rating = Rating.objects.order_by("pk")[0]
    changes.change(rating.rater, rating.assignment.uuid, NO)
    folding.count_all_waiting()
    assert not Block.objects.exists()
    assert rebuilding.differences() == []
    assert rebuilding.rebuild() == 1
    assert Counter.objects.get().packed == PACKED
    assert sorted(packed_tasks()) == sorted(JudgedImage.objects.values_list("pk", flat=True))
    assert rebuilding.rebuild() == 0


def spoil() -> None:
    block = Block.objects.get()
    rows = np.column_stack(list(blocks.unpack([block.data]).values()))
    rows[:, blocks.COLUMNS.index("verdict")] = 0
    Block.objects.update(data=blocks.pack(rows))


def add_one() -> None:
    Block.objects.create(number=10**6, data=blocks.pack(blocks.rows_of([image(1, item=10**6 * blocks.ITEMS)])))


@pytest.mark.parametrize(
    ("name", "counter", "there", "is_followed"),
    [
        ("none is made", {"packed": 0}, False, False),
        ("another format", {"packed": PACKED + 1}, True, False),
        ("a rebuild that has not come there", {"packed": 0, "building": "somebody"}, True, False),
        ("a rebuild that has", {"packed": 0, "building": "somebody", "reached": EVERYTHING}, False, True),
        ("a check that has", {"packed": 0, "building": f"{CHECK}of somebody", "reached": EVERYTHING}, False, False),
        ("a check of what is made", {"building": f"{CHECK}of somebody", "reached": EVERYTHING}, False, True),
    ],
)
def test_blocks_that_are_still_to_be_made_are_left_alone(
    name: str, counter: dict[str, object], there: bool, is_followed: bool, db: None
) -> None:
    made, people = rated_campaign(1, raters_per_image=1)
    (rating,) = rate_all(made, people)
    folding.count_all_waiting()
    Block.objects.update(data=b"as others write them")
    if not there:
        Block.objects.all().delete()
    Counter.objects.update(**counter)
    changes.change(rating.rater, rating.assignment.uuid, NO)
    folding.count_all_waiting()
    kept = [bytes(data) for data in Block.objects.values_list("data", flat=True)]
    right = [blocks.pack(blocks.rows_of(JudgedImage.objects.all()))]
    assert kept == (right if is_followed else [b"as others write them"] if there else [])


@pytest.mark.parametrize(
    ("name", "damage", "kept", "computed"),
    [
        ("a block that is gone", lambda: Block.objects.all().delete(), "nothing", "22 images packed as "),
        ("other verdicts", spoil, "22 images packed as ", "22 images packed as "),
        ("one too many", add_one, "1 images packed as ", "nothing"),
    ],
)
def test_a_wrong_block_is_found_and_mended(
    name: str, damage: Callable[[], None], kept: str, computed: str, world_in_one_block: None
) -> None:
    damage()
    (one,) = rebuilding.differences()
    assert one.row.startswith("block ")
    assert one.kept.startswith(kept)
    assert one.computed.startswith(computed)
    assert one.kept != one.computed
    assert rebuilding.rebuild() == 1
    assert rebuilding.differences() == []


def test_a_new_image_of_a_product_moves_the_places_of_the_others(db: None) -> None:
    made, people = rated_campaign(2, products=1, raters_per_image=1)
    run = make_run()
    places = []
    for place, score in enumerate((0.5, 0.9), start=1):
        task = rate(people[0], made).task_id
        made.tasks.filter(pk=task).update(candidate=make_candidate(run, score=score, place=place))
        folding.count_all_waiting()
        places.append(dict(JudgedImage.objects.values_list("task__candidate__score", "place_by_sum")))
    assert places == [{0.5: 1}, {0.5: 2, 0.9: 1}]
    assert rebuilding.differences() == []


def test_an_image_made_since_is_seen_by_the_next_rebuild(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rebuilding, "MANY", 0)
    made, people = rated_campaign(1, raters_per_image=1)
    run = make_run()
    made.tasks.update(candidate=make_candidate(run, score=0.5, place=1))
    rate(people[0], made)
    folding.count_all_waiting()
    make_candidate(run, score=0.9, place=2)
    call_command("review", "check")  # nothing is wrong
    told = capsys.readouterr().out
    assert "Images that moved by the sum, as their products got others since: 1." in told
    assert "Every figure kept is what the verdicts say." in told
    stood = []
    progress = lambda *_: stood.append(Counter.objects.values_list("partial", "packed").get())  # noqa: E731
    assert rebuilding.rebuild(progress) == 0
    assert set(stood) == {(False, PACKED)}  # sums and blocks were in use all the time
    assert JudgedImage.objects.get().place_by_sum == 2
    (block,) = Block.objects.values_list("data", flat=True)
    assert blocks.unpack([block])["place_by_sum"].tolist() == [2]
    assert rebuilding.check() == rebuilding.Checked([], 0)
    assert not Waiting.objects.exists()


def test_places_are_looked_up_for_some_at_a_time(
    db: None, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[[int], Any]
) -> None:
    run, other = make_run(), make_run(make_product("Another"))
    images = [make_candidate(one, score=score, place=1).pk for score in (0.1, 0.2, 0.3) for one in (run, other)]
    with django_assert_num_queries(1):
        places = picks.places_by_sum(images)
    assert [places[image] for image in images] == [3, 3, 2, 2, 1, 1]
    monkeypatch.setattr(picks, "AT_ONCE", 4)
    with django_assert_num_queries(2):
        assert picks.places_by_sum(images) == places
    assert picks.places_by_sum([]) == {}
