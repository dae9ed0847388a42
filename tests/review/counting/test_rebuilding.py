"""Counting anew while life goes on, and when it comes to no end."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from jobs.models import Job
from raters.models import Campaign, Rater, Rating
from raters.services import changes
from review import figures, tasks
from review.counting import blocks, folding, rebuilding, tallies
from review.filters import Filters
from review.models import PACKED, Counter, JudgedImage, Move, Tally, Waiting
from review.scanning import chosen
from tests.factories.rating import NO, YES, make_rater, rate
from tests.review.counting.test_folding import rate_all, rated_campaign
from tests.review.made import mixed_world, run_job


def kept() -> set[tuple[int, ...]]:
    return {row for row in Tally.objects.values_list(*tallies.KEY, *tallies.SUMS) if any(row[5:])}


def forget_everything() -> None:
    """As on the day on which this room is new on a site with verdicts."""
    JudgedImage.objects.all().delete()
    Tally.objects.all().delete()


class Broken(RuntimeError):
    """The power went out."""


def break_off(*_: object, **__: object) -> None:
    raise Broken


def test_a_rebuild_that_breaks_off_leaves_the_sums_right(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made, people = rated_campaign(2, raters_per_image=1)
    rate_all(made, people)
    folding.count_all_waiting()
    rating = Rating.objects.order_by("pk")[0]
    changes.change(rating.rater, rating.assignment.uuid, NO)
    Waiting.objects.all().delete()  # nobody knows of it but a rebuild
    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "_wrong", break_off)
        with pytest.raises(Broken):
            rebuilding.rebuild()
    counter = Counter.objects.get()
    assert (counter.building, counter.reached, counter.partial) == ("", 0, False)
    assert figures.overview(Filters()).per_image.passed == 1
    assert rebuilding.differences() == []


def test_a_first_count_that_breaks_off_shows_what_is_counted(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed_world()
    right = figures.overview(Filters())
    monkeypatch.setattr(rebuilding, "MANY", 0)
    forget_everything()
    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "_added_up", break_off)
        with pytest.raises(Broken):
            rebuilding.rebuild()
    found = figures.overview(Filters())
    assert found.partial
    assert not right.partial
    assert not Tally.objects.exists()
    assert (found.per_image, found.per_product, found.questions) == (
        right.per_image,
        right.per_product,
        right.questions,
    )
    tasks.submit_count()
    tasks.submit_count()
    run_job(Job.objects.get(kind=tasks.REBUILD))
    again = figures.overview(Filters())
    assert not again.partial
    assert again.methods == right.methods
    assert rebuilding.differences() == []


def test_who_has_begun_to_read_blocks_reads_all_images(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "ITEMS", 1)
    monkeypatch.setattr(chosen, "AT_ONCE", 1)
    monkeypatch.setattr(rebuilding, "MANY", 0)
    mixed_world()
    pieces = chosen.pieces(Filters(), {"task"})
    read = next(pieces)["task"].tolist()
    JudgedImage.objects.update(ratings=9)  # all of them differ
    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "_added_up", break_off)
        with pytest.raises(Broken):
            rebuilding.rebuild()
    assert Counter.objects.values_list("partial", "packed").get() == (True, 0)
    for piece in pieces:
        read += piece["task"].tolist()
    assert sorted(read) == sorted(JudgedImage.objects.values_list("pk", flat=True))
    rebuilding.rebuild()
    assert Counter.objects.values_list("partial", "packed").get() == (False, PACKED)
    assert rebuilding.differences() == []


class Meanwhile:
    """Changes verdicts and has them counted while products are being added up; images of all of them, in turn."""

    def __init__(self, made: Campaign, people: list[Rater]) -> None:
        self.campaign, self.people = made, people
        self.left = list(Rating.objects.filter(campaign=made).order_by("pk"))
        self.counted = 0

    def __call__(self, _done: int, _total: int | None, message: str) -> None:
        if "added up" in message and self.left:
            for rating in (self.left.pop(), self.left.pop(0)):
                changes.change(rating.rater, rating.assignment.uuid, NO)
            self.counted += folding.count_waiting()


def test_what_is_counted_meanwhile_is_in_the_sums(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made, people = rated_campaign(6, products=6, raters_per_image=1)
    rate_all(made, people)
    folding.count_all_waiting()
    monkeypatch.setattr(rebuilding, "ROWS", 2)
    monkeypatch.setattr(blocks, "ITEMS", 1)
    Tally.objects.update(passed=99)
    meanwhile = Meanwhile(made, people)
    assert rebuilding.rebuild(meanwhile) > 0
    assert meanwhile.counted >= 4
    assert not Move.objects.exists()
    assert rebuilding.differences() == []
    assert Tally.objects.get(campaign=0, method=0, type=0, question=-1).passed == 6 - meanwhile.counted


def test_who_counts_notes_only_products_that_were_read(db: None) -> None:
    made, people = rated_campaign(2, products=2, raters_per_image=1)
    rate_all(made, people)
    folding.count_all_waiting()
    first, second = JudgedImage.objects.order_by("item")
    Counter.objects.update(building="somebody", reached=first.item)
    for image in (second, first):
        rating = Rating.objects.get(task=image.task_id)
        changes.change(rating.rater, rating.assignment.uuid, NO)
        folding.count_waiting()
    (move,) = Move.objects.all()
    moved = folding.by_key(move.sums)
    assert moved[0, 0, 0, 0, -1][tallies.SUMS.index("passed")] == -1


def test_one_at_a_time_counts_everything(db: None) -> None:
    mixed_world()
    Counter.objects.update(building="another", alive_at=timezone.now())
    with pytest.raises(rebuilding.CountingElsewhere, match="Wait until that is over"):
        rebuilding.rebuild()
    tasks.submit_rebuild()
    assert "Wait until" in run_job(Job.objects.get())["left"]
    Counter.objects.update(alive_at=timezone.now() - 2 * rebuilding.DEAD_AFTER)
    assert rebuilding.rebuild() == 0


def test_one_that_is_taken_for_dead_stops_when_it_finds_that(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed_world()

    def taken(done: int, total: int | None, message: str) -> None:
        Counter.objects.update(building="another", alive_at=timezone.now())

    with pytest.raises(rebuilding.CountingElsewhere, match="took over"):
        rebuilding.rebuild(taken)
    assert Counter.objects.get().building == "another"


def test_batches_that_differ_are_a_sign_of_life(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made, people = rated_campaign(3, raters_per_image=1)
    rate_all(made, people)
    forget_everything()
    monkeypatch.setattr(folding, "BATCH", 1)  # each of which has an image that differs
    earlier = timezone.now() - timedelta(minutes=4)
    signs = []

    def look(_done: int, _total: int | None, message: str) -> None:
        if "compared" in message:
            signs.append(Counter.objects.get().alive_at)
            Counter.objects.update(alive_at=earlier)

    assert rebuilding.rebuild(look) > 0
    assert len(signs) == 3
    assert all(sign and sign > earlier for sign in signs)


def test_a_first_count_looks_at_each_batch_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed_world()
    monkeypatch.setattr(rebuilding, "MANY", 0)
    monkeypatch.setattr(folding, "BATCH", 5)
    looked: list[int] = []
    differing = folding.differing

    def look(tasks: list[int]) -> folding.Changed:
        looked.append(len(tasks))
        return differing(tasks)

    monkeypatch.setattr(folding, "differing", look)
    forget_everything()
    rebuilding.rebuild()
    assert looked == [5, 5, 5, 5, 5, 2]  # the first twice: until then nobody knew
    assert rebuilding.differences() == []


def test_a_first_count_is_begun_again_only_when_nobody_is_at_it(db: None) -> None:
    Counter.objects.create(pk=1, partial=True, building="somebody", alive_at=timezone.now())
    tasks.submit_count()
    assert not Job.objects.exists()
    Counter.objects.update(alive_at=timezone.now() - timedelta(hours=1))
    tasks.submit_count()
    assert Job.objects.get().kind == tasks.REBUILD


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_page_does_not_wait_for_who_counts() -> None:
    made, person = rated_campaign(1, raters_per_image=1)[0], make_rater()
    rate(person, made, YES)
    held, over = threading.Event(), threading.Event()
    folding.be_there()

    def hold() -> None:
        with transaction.atomic():
            folding.lock()
            held.set()
            over.wait(60)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(60)
        found = figures.overview(Filters())
    finally:
        over.set()
        holder.join()
    assert found.waiting == 1
    assert figures.overview(Filters()).per_image.of == 1


class Late:
    """Has a product judged that was not there when the last of the others were read."""

    def __init__(self) -> None:
        self.made, self.people = rated_campaign(3, products=3, raters_per_image=1)
        self.signs: list[str] = []

    def __call__(self, _done: int, _total: int | None, message: str) -> None:
        if "added up" in message and not self.signs:
            rate_all(self.made, self.people)
            folding.count_all_waiting()
            self.signs.append(message)


def test_a_product_that_comes_behind_the_last_is_in_the_sums(db: None) -> None:
    made, people = rated_campaign(2, products=2, raters_per_image=1)
    rate_all(made, people)
    folding.count_all_waiting()
    late = Late()
    rebuilding.rebuild(late)
    assert late.signs == ["2 products added up"]
    assert Tally.objects.get(campaign=0, method=0, type=0, question=-1).products == 3
    assert rebuilding.differences() == []
