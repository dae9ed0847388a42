"""Images come out of blocks as they went in, and blocks follow what is counted."""

import random
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from raters.models import Rating
from raters.services import changes
from review.counting import blocks, folding, rebuilding
from review.models import PACKED, Block, Counter, JudgedImage, Waiting
from tests.factories.generation import make_candidate, make_run
from tests.factories.rating import NO, rate
from tests.review.counting.test_folding import rate_all, rated_campaign
from tests.review.made import mixed_world

HIGHEST = (1 << 62) - 1


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


def test_what_was_counted_before_there_were_blocks_is_packed_by_a_rebuild(db: None) -> None:
    mixed_world()
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
    ("name", "damage", "kept", "computed"),
    [
        ("a block that is gone", lambda: Block.objects.all().delete(), "nothing", "22 images packed as "),
        ("other verdicts", spoil, "22 images packed as ", "22 images packed as "),
        ("one too many", add_one, "1 images packed as ", "nothing"),
    ],
)
def test_a_wrong_block_is_found_and_mended(
    name: str, damage: Callable[[], None], kept: str, computed: str, db: None
) -> None:
    mixed_world()
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


def test_an_image_made_since_is_seen_by_the_next_rebuild(db: None) -> None:
    made, people = rated_campaign(1, raters_per_image=1)
    run = make_run()
    made.tasks.update(candidate=make_candidate(run, score=0.5, place=1))
    rate(people[0], made)
    folding.count_all_waiting()
    make_candidate(run, score=0.9, place=2)
    assert [one.row for one in rebuilding.differences()] == [f"image of task {JudgedImage.objects.get().pk}"]
    rebuilding.rebuild()
    assert JudgedImage.objects.get().place_by_sum == 2
    assert not Waiting.objects.exists()
