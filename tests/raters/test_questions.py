"""The shipped questions, and which answers are taken."""

from collections.abc import Callable
from typing import Any

import pytest

from raters.exceptions import BadAnswers
from raters.models import Question, QuestionSet
from raters.questions import DEFAULT, rule_book
from raters.services import questions
from tests.factories.at_once import twice_at_once
from tests.factories.rating import KEYS, YES, make_campaign, make_question_set

pytestmark = pytest.mark.django_db


def test_the_papers_eight_come_with_the_site() -> None:
    made = questions.default_question_set()
    rows = list(made.questions.all())
    assert [row.key for row in rows] == [written.key for written in DEFAULT]
    assert len(rows) == 8
    assert all(row.answers == ["yes", "maybe", "no", "unclear"] and row.passing == ["yes"] for row in rows)
    assert all(row.wording.endswith("?") and row.help_text for row in rows)
    assert questions.default_question_set() == made


def test_yes_is_good_in_each_wording() -> None:
    for written in DEFAULT:
        assert written.wording.startswith(("Is ", "Are ", "Would ")), written.key
        assert " not " not in written.wording, written.key


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        pytest.param(None, "sent as an object", id="nothing"),
        pytest.param([], "sent as an object", id="a list"),
        pytest.param("yes", "sent as an object", id="a text"),
        pytest.param({}, "8 of 8 questions have no answer yet", id="empty"),
        pytest.param(dict.fromkeys(KEYS[:5], "yes"), "3 of 8 questions have no answer yet: “Placement”", id="5 of 8"),
        pytest.param(YES | {"size": "banana"}, "'banana' is no answer to “Product size”", id="unknown answer"),
        pytest.param(YES | {"size": "Yes"}, "'Yes' is no answer", id="other case"),
        pytest.param(YES | {"size": True}, "'True' is no answer", id="no text"),
        pytest.param(YES | {"size": None}, "'None' is no answer", id="null"),
        pytest.param(YES | {"size": ["yes"]}, "is no answer", id="a list as an answer"),
        pytest.param(YES | {"colour": "yes"}, "'colour' is no question of this campaign", id="unknown question"),
        pytest.param({str(n): "yes" for n in range(101)}, "sent as an object", id="a flood"),
    ],
)
def test_answers_that_are_refused(answers: Any, sentence: str) -> None:
    book = rule_book(questions.default_question_set())
    with pytest.raises(BadAnswers, match=sentence):
        book.checked(answers)


def test_a_draft_may_be_incomplete_but_not_wrong() -> None:
    book = rule_book(questions.default_question_set())
    assert book.checked({"size": "no"}, whole=False) == {"size": "no"}
    with pytest.raises(BadAnswers):
        book.checked({"size": "nope"}, whole=False)


def test_answers_are_kept_in_the_order_of_the_questions() -> None:
    book = rule_book(questions.default_question_set())
    assert list(book.checked(dict(reversed(YES.items())))) == list(KEYS)


def test_a_set_that_may_change_is_read_anew_and_a_frozen_one_once(django_assert_num_queries: Any) -> None:
    made = make_question_set("a", "b")
    assert len(rule_book(made).rules) == 2
    questions.put_questions(made, [{"key": "c", "wording": "C?"}])
    assert [rule.key for rule in rule_book(made).rules] == ["c"]
    questions.freeze(made)
    rule_book(made)
    with django_assert_num_queries(0):
        rule_book(made)


def test_opening_a_campaign_freezes_its_questions() -> None:
    made = make_question_set("a")
    make_campaign(1, question_set=made)
    made.refresh_from_db()
    assert made.frozen_at is not None
    assert Question.objects.filter(question_set=made).count() == 1


def made_of_one_name() -> QuestionSet:
    one = {"key": "ok", "wording": "Is it?"}
    return questions.make_question_set("mugs", "Mugs", (row for row in [one]))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("make", "versions", "asked"),
    [
        pytest.param(made_of_one_name, [1, 2], 1, id="a set of one name: a version each"),
        pytest.param(questions.default_question_set, [1], 8, id="the paper's: one"),
    ],
)
def test_made_twice_at_once(make: Callable[[], QuestionSet], versions: list[int], asked: int) -> None:
    made = twice_at_once(lambda: make().pk, QuestionSet)
    rows = QuestionSet.objects.order_by("version")
    assert [row.version for row in rows] == versions
    assert made == {row.pk for row in rows}
    assert {row.questions.count() for row in rows} == {asked}
