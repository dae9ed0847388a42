"""A file of others' ratings on its way: looked through, shown, taken on a yes; and what may break in between."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db.models.signals import post_delete
from django.utils import timezone

from raters.exchange.importing import Wish
from raters.exchange.reading import BadFile
from raters.models import Campaign, QuestionSet, Rating, RatingsImport
from raters.services import imports, questions
from raters.signals import ratings_import_wanted
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db
State = RatingsImport.State
GOOD = "task,rater,question,answer\na,r1,ok,yes\na,r2,ok,yes\nb,r1,ok,no\n"
BAD = "task,rater,question,answer\n,r1,ok,yes\na,r1,ok,yes\na,r1,ok,no\n"


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The rows that work was asked for; a test's transaction never commits, so that here it counts as done at once."""
    heard: list[int] = []

    def hear(row: int, **_: Any) -> None:
        heard.append(row)

    monkeypatch.setattr("raters.services.imports.transaction.on_commit", lambda tell: tell())
    ratings_import_wanted.connect(hear)
    yield heard
    ratings_import_wanted.disconnect(hear)


def kept(text: str = GOOD, name: str = "theirs.csv", *, at_once: bool = False, **wish: Any) -> RatingsImport:
    return imports.keep(io.BytesIO(text.encode()), name, Wish("Theirs", **wish), at_once=at_once)


def is_there(row: RatingsImport) -> bool:
    return default_storage.exists(row.upload_key)


def test_a_file_is_looked_through_and_nothing_is_taken(wanted: list[int]) -> None:
    row = imports.run(kept())
    assert wanted == [row.pk]
    assert (row.state, row.rows, row.tasks, row.ratings, row.campaign) == (State.CHECKED, 3, 2, 3, None)
    assert row.questions == [
        {"key": "ok", "answers": ["yes", "maybe", "no", "unclear"], "passing": ["yes"], "given": {"yes": 2, "no": 1}}
    ]
    assert not Campaign.objects.exists()
    assert is_there(row)
    assert imports.run(row).state == State.CHECKED


def test_after_a_yes_it_is_a_campaign(wanted: list[int]) -> None:
    row, person = imports.run(kept()), make_user()
    imports.take(row, by=person)
    assert wanted == [row.pk, row.pk]
    row = imports.run(RatingsImport.objects.get(pk=row.pk))
    assert (row.state, row.ratings, Rating.objects.count()) == (State.DONE, 3, 3)
    assert row.campaign is not None
    assert (row.campaign.name, row.campaign.origin) == ("Theirs", "import")
    assert row.finished_at is not None
    assert not is_there(row)


def test_one_that_is_to_be_taken_at_once_needs_no_yes(operator_wish: Wish) -> None:
    row = imports.run(imports.keep(io.BytesIO(GOOD.encode()), "theirs.csv", operator_wish, at_once=True))
    assert row.state == State.DONE
    assert row.campaign is not None
    assert row.campaign.made_by == operator_wish.by


@pytest.fixture
def operator_wish() -> Wish:
    return Wish("Theirs", by=make_user())


@pytest.mark.parametrize(
    ("fresh", "opened"),
    [(True, False), (False, False), (False, True)],
    ids=["begun anew", "about to open the file after a lost lease", "with the file open after a lost lease"],
)
def test_taken_twice_is_one_campaign(fresh: bool, opened: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    row = kept(at_once=True)
    other = RatingsImport.objects.get(pk=row.pk)
    with monkeypatch.context() as patch:
        if opened:  # who has a file open goes on reading it, whoever drops it
            patch.setattr(default_storage, "delete", lambda _name: None)
        first = imports.run(row)
    second = imports.run(RatingsImport.objects.get(pk=row.pk) if fresh else other)
    assert not is_there(row)
    assert [one.campaign_id for one in (first, second)] == list(Campaign.objects.values_list("pk", flat=True)) * 2
    assert (second.state, Rating.objects.count(), QuestionSet.objects.count()) == (State.DONE, 3, 1)


def test_a_look_that_comes_late_changes_nothing_that_came_after_it() -> None:
    """A worker thought dead ends its look after another one has, and a person has said yes meanwhile."""
    row = kept()
    late = RatingsImport.objects.get(pk=row.pk)
    imports.take(imports.run(row))
    assert imports.run(late).state == State.TAKING
    imports.give_up(row.pk, "Its job #7 failed.", steps=[State.CHECKING])
    row.refresh_from_db()
    assert (row.state, row.problem) == (State.TAKING, "")
    assert imports.run(row).state == State.DONE


def test_a_file_that_is_lost_fails_the_job() -> None:
    row = kept()
    default_storage.delete(row.upload_key)
    with pytest.raises(FileNotFoundError):
        imports.run(row)
    assert RatingsImport.objects.get().state == State.CHECKING


def test_a_crash_in_between_leaves_neither_campaign_nor_word_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    row = kept(at_once=True)

    def crash(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(imports, "_note", crash)
        with pytest.raises(MemoryError):
            imports.run(row)
    row = RatingsImport.objects.get(pk=row.pk)
    assert (row.state, Campaign.objects.count()) == (State.TAKING, 0)
    assert imports.run(row).state == State.DONE


@pytest.mark.parametrize("at_once", [False, True])
def test_bad_rows_refuse_the_file_and_are_told(at_once: bool) -> None:
    row = imports.run(kept(BAD, at_once=at_once))
    assert (row.state, row.rows, row.bad) == (State.REFUSED, 3, 2)
    assert row.problems[0] == "Line 2 has no task."
    assert row.problems[1].startswith("Line 4 is a second answer of rater 'r1'")
    assert not Campaign.objects.exists()
    assert not is_there(row)


@pytest.mark.parametrize(
    ("name", "text", "wish", "problem"),
    [
        ("no answers", "task,rater,question,answer\n", {}, "The file has no answers."),
        ("no column", "task,rater\na,b\n", {}, "The column 'question' is missing."),
        (
            "what passes is not to be told",
            GOOD.replace("yes", "good").replace("no", "bad"),
            {},
            "Which answers to 'ok'",
        ),
        ("not in the scale", GOOD, {"scale": ["1", "2"]}, "is not in the scale 1, 2."),
    ],
)
def test_what_cannot_be_read_is_said(name: str, text: str, wish: dict[str, Any], problem: str) -> None:
    row = imports.run(kept(text, **wish))
    assert row.state == State.REFUSED, name
    assert problem in row.problem
    assert not is_there(row)


MANY = "task,rater,question,answer\n"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (
            "questions",
            MANY + "".join(f"a,r1,q{number},yes\n" for number in range(41)),
            "more than 40 questions: 'q40' is one too many",
        ),
        (
            "answers",
            MANY + "".join(f"a{number},r1,remark,text {number}\n" for number in range(10)),
            "'remark' has more than 9 different answers, such as 'text 9'",
        ),
        (
            "raters of an image",
            MANY + "".join(f"a,r{number},ok,yes\n" for number in range(1001)),
            "Raters per image is 1001: it may be 1 to 1000.",
        ),
        ("one answer that all gave", MANY + "a,r1,ok,5\n", "Question 1 ('ok') needs 2 to 9 answers"),
    ],
)
def test_the_look_refuses_what_could_not_be_taken(name: str, text: str, problem: str) -> None:
    """A person is asked for a yes only where it can be followed; limits are the same for both steps."""
    looked, taken = imports.run(kept(text)), imports.run(kept(text, at_once=True))
    assert [row.state for row in (looked, taken)] == [State.REFUSED] * 2, name
    assert problem in looked.problem
    assert looked.problem == taken.problem
    assert not Campaign.objects.exists()


def test_an_image_with_more_ratings_than_a_campaign_here_asks_for_is_taken() -> None:
    row = imports.run(kept(GOOD + "".join(f"a,s{number},ok,no\n" for number in range(60)), at_once=True))
    assert row.campaign is not None
    assert (row.state, row.campaign.raters_per_image) == (State.DONE, 62)


def test_the_chosen_questions_are_shown_with_what_was_given() -> None:
    asked = questions.default_question_set()
    row = imports.run(kept("task,rater,question,answer\na,r1,size,yes\n", question_set=asked))
    assert [one["key"] for one in row.questions][3] == "size"
    assert row.questions[3]["given"] == {"yes": 1}
    assert row.questions[0]["given"] == {}


def test_of_no_known_kind(wanted: list[int]) -> None:
    with pytest.raises(BadFile, match="of no known kind"):
        kept(name="theirs.doc")
    assert not RatingsImport.objects.exists()
    assert wanted == []


@pytest.mark.parametrize("state", [State.CHECKING, State.REFUSED, State.TAKING, State.DONE])
def test_only_what_was_looked_through_is_taken(state: RatingsImport.State, wanted: list[int]) -> None:
    row = kept()
    RatingsImport.objects.update(state=state)
    with pytest.raises(imports.CannotTake, match="nothing to be taken"):
        imports.take(row)
    assert wanted == [row.pk]


def test_a_file_that_nobody_works_on_is_dropped() -> None:
    row = kept()
    with pytest.raises(imports.CannotTake, match="being worked on"):
        imports.drop(row)
    imports.run(row)
    imports.drop(row)
    assert not RatingsImport.objects.exists()
    assert not is_there(row)


def test_files_without_a_yes_for_a_week_are_forgotten() -> None:
    old, young, going = (kept() for _ in range(3))
    for row in (old, young):
        imports.run(row)
    week = timezone.now() - timedelta(days=8)
    RatingsImport.objects.filter(pk__in=[old.pk, going.pk]).update(created_at=week)
    assert imports.forget_old() == 1
    assert set(RatingsImport.objects.values_list("pk", flat=True)) == {young.pk, going.pk}
    assert not is_there(old)


def test_one_that_gets_its_yes_at_that_moment_is_not_forgotten() -> None:
    old, chosen = imports.run(kept()), imports.run(kept())
    RatingsImport.objects.update(created_at=timezone.now() - timedelta(days=8))

    def say_yes(instance: RatingsImport, **_: Any) -> None:
        RatingsImport.objects.exclude(pk=instance.pk).update(state=State.TAKING)

    post_delete.connect(say_yes, sender=RatingsImport)
    try:
        assert imports.forget_old() == 1
    finally:
        post_delete.disconnect(say_yes, sender=RatingsImport)
    left = RatingsImport.objects.get()
    assert left.pk in (old.pk, chosen.pk)
    assert is_there(left)


def test_files_without_a_row_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = kept()
    lost = default_storage.save(f"{imports.FOLDER}/lost.csv", io.BytesIO(b"x"))
    assert imports.forget_old() == 0
    monkeypatch.setattr(imports, "LOST_AFTER", timedelta(days=-1))
    assert imports.forget_old() >= 1
    assert not default_storage.exists(lost)
    assert is_there(waiting)


def test_given_up_says_why_and_what_has_ended_stays() -> None:
    going, done = kept(), imports.run(kept(at_once=True))
    for row in (going, done):
        imports.give_up(row.pk, "Its job #7 was cancelled.")
        row.refresh_from_db()
    assert (going.state, going.problem) == (State.REFUSED, "Its job #7 was cancelled.")
    assert not is_there(going)
    assert (done.state, done.problem) == (State.DONE, "")


def test_a_path_in_the_name_is_not_kept() -> None:
    assert kept(name="../../etc/theirs.csv").file_name == "theirs.csv"
    assert Path(kept().upload_key).parent.name == imports.FOLDER
