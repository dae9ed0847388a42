"""The question-set editor: new sets, changes, versions, and what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from raters.forms.questions import words
from raters.models import QuestionSet
from raters.selectors.rating_room import choices
from raters.services.questions import default_question_set
from tests.factories.rating import make_campaign

ROW = {
    "topic": "Colour", "key": "colour", "wording": "Is the colour right?", "help_text": "", "shown": "whole",
    "answers": "yes, no", "passing": "yes", "ORDER": "1",
}  # fmt: skip


@pytest.fixture
def site(client_for: Callable[[User | None], Client], operator: User) -> Client:
    return client_for(operator)


def sent(*rows: dict[str, Any], initial: int = 0, **fields: Any) -> dict[str, Any]:
    """What the editor sends for these rows."""
    form = {"name": "colours", "title": "Colours", "q-TOTAL_FORMS": len(rows), "q-INITIAL_FORMS": initial} | fields
    return form | {f"q-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}


def test_a_set_is_made_in_the_order_of_its_places(site: Client) -> None:
    size = ROW | {"topic": "Size", "key": "size", "ORDER": "0", "answers": "yes, maybe, no", "passing": "yes, maybe"}
    site.post("/questions/new/", sent(ROW, size))
    made = QuestionSet.objects.get(name="colours")
    assert [question.key for question in made.questions.all()] == ["size", "colour"]
    assert made.questions.all()[0].passing == ["yes", "maybe"]


def test_one_in_use_gets_a_new_version_and_one_not_in_use_is_changed(site: Client) -> None:
    site.post("/questions/new/", sent(ROW))
    first = QuestionSet.objects.get(name="colours")
    site.post(f"/questions/{first.pk}/edit/", sent(ROW | {"wording": "Is it as red?"}, title="Reds", initial=1))
    first.refresh_from_db()
    assert (first.title, first.questions.get().wording) == ("Reds", "Is it as red?")
    make_campaign(1, question_set=first)
    assert "this becomes version 2" in site.get(f"/questions/{first.pk}/edit/").content.decode()
    site.post(f"/questions/{first.pk}/edit/", sent(ROW | {"wording": "Is it blue?"}, initial=1))
    assert first.questions.get().wording == "Is it as red?"
    assert QuestionSet.objects.get(name="colours", version=2).questions.get().wording == "Is it blue?"


def test_a_question_is_taken_out(site: Client) -> None:
    site.post("/questions/new/", sent(ROW, ROW | {"key": "size", "ORDER": "2"}))
    made = QuestionSet.objects.get(name="colours")
    rows = [ROW | {"DELETE": "on"}, ROW | {"key": "size", "ORDER": "2"}]
    site.post(f"/questions/{made.pk}/edit/", sent(*rows, initial=2))
    assert [question.key for question in made.questions.all()] == ["size"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wording": ""}, "This field is required"),
        ({"key": "two words"}, "Enter a valid"),
        ({"answers": "yes"}, "needs 2 to 9 answers"),
        ({"passing": "yes, no"}, "one that does not"),
        ({"passing": "perhaps"}, "needs an answer that passes"),
    ],
)
def test_a_question_that_cannot_be_is_refused_in_words(site: Client, change: dict[str, str], said: str) -> None:
    response = site.post("/questions/new/", sent(ROW | change))
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not QuestionSet.objects.filter(name="colours").exists()


def test_the_papers_questions_are_there_to_copy(site: Client, client_for: Callable[[User], Client]) -> None:
    page = site.get("/questions/").content.decode()
    assert "The paper&#x27;s eight questions" in page
    paper = default_question_set()
    copy = site.get(f"/questions/new/?from={paper.pk}").content.decode()
    assert "Is it exactly the product in the photos?" in copy
    assert "Is it exactly the product in the photos?" in site.get(f"/questions/{paper.pk}/").content.decode()


@pytest.mark.parametrize(
    ("text", "parts"), [("yes, no", ["yes", "no"]), (" yes ,, maybe ", ["yes", "maybe"]), ("", []), (",", [])]
)
def test_answers_are_words_between_commas(text: str, parts: list[str]) -> None:
    assert words(text) == parts


@pytest.mark.parametrize(
    ("answers", "letters"),
    [
        (["yes", "maybe", "no", "unclear"], ["y", "m", "n", "u"]),
        (["good", "great", "bad"], ["", "", "b"]),
        (["skip", "1", "keep"], ["", "", "k"]),
    ],
)
def test_a_letter_gives_an_answer_where_nothing_else_has_it(answers: list[str], letters: list[str]) -> None:
    assert [choice["letter"] for choice in choices(answers)] == letters
