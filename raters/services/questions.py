"""Makes question sets, and new versions of frozen ones."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from raters.exceptions import BadCampaign
from raters.models import Question, QuestionSet
from raters.questions import DEFAULT, DEFAULT_NAME, DEFAULT_TITLE

MOST_QUESTIONS = 40
MOST_ANSWERS = 9  # one digit key each


def default_question_set() -> QuestionSet:
    """The paper's eight questions; made when they are not there yet, once, however many ask for them at once."""
    found = _newest(DEFAULT_NAME)
    if found is not None:
        return found
    written = [one._asdict() for one in DEFAULT]
    try:
        return _made(QuestionSet(name=DEFAULT_NAME, title=DEFAULT_TITLE), written)
    except IntegrityError:  # somebody else has made them meanwhile
        found = _newest(DEFAULT_NAME)
        if found is None:
            raise
        return found


def make_question_set(name: str, title: str, questions: Iterable[Mapping[str, Any]], *, by: Any = None) -> QuestionSet:
    """A new set, or the next version of the one of that name; questions are in the order in which they are asked.

    Each has key and wording, and may have topic, help_text, shown, answers, passing. Raises BadCampaign.
    """
    given = list(questions)
    try:
        return _made(_next(name, title, by), given)
    except IntegrityError:  # somebody else has made that version meanwhile: this is the one after it
        return _made(_next(name, title, by), given)


def _newest(name: str) -> QuestionSet | None:
    return QuestionSet.objects.filter(name=name).order_by("-version").first()


def _next(name: str, title: str, by: Any) -> QuestionSet:
    newest = _newest(name)
    return QuestionSet(name=name, title=title, version=newest.version + 1 if newest else 1, made_by=by)


@transaction.atomic
def _made(question_set: QuestionSet, questions: Iterable[Mapping[str, Any]]) -> QuestionSet:
    _valid(question_set, f"The question set {question_set.name!r}")
    question_set.save()
    put_questions(question_set, questions)
    return question_set


@transaction.atomic
def put_questions(question_set: QuestionSet, questions: Iterable[Mapping[str, Any]]) -> None:
    """Put these in place of the set's questions. Raises BadCampaign for a frozen set, and for a question that is wrong.

    A question needs at least two answers, all different, and at least one that passes and one that does not.
    """
    if question_set.frozen_at is not None:
        raise BadCampaign(f"{question_set} is frozen: campaigns have used it. Make its next version.")
    rows = _rows(question_set, questions)
    question_set.questions.all().delete()
    Question.objects.bulk_create(rows)


@transaction.atomic
def change_question_set(question_set: QuestionSet, title: str, questions: Iterable[Mapping[str, Any]]) -> None:
    """Another title and other questions for a set that no campaign has asked yet. Raises BadCampaign."""
    row = QuestionSet.objects.select_for_update().get(pk=question_set.pk)
    put_questions(row, questions)
    row.title = title
    _valid(row, f"The question set {row.name!r}")
    row.save(update_fields=["title"])


def freeze(question_set: QuestionSet) -> None:
    """From now on it never changes: a campaign asks it."""
    QuestionSet.objects.filter(pk=question_set.pk, frozen_at=None).update(frozen_at=timezone.now())
    question_set.refresh_from_db(fields=["frozen_at"])


def check_questions(questions: Iterable[Mapping[str, Any]]) -> None:
    """Raise BadCampaign where a set of these questions could not be made; nothing is written."""
    _rows(QuestionSet(), questions)


def _rows(question_set: QuestionSet, questions: Iterable[Mapping[str, Any]]) -> list[Question]:
    rows = [_question(question_set, order, given) for order, given in enumerate(questions)]
    if not 0 < len(rows) <= MOST_QUESTIONS:
        raise BadCampaign(f"A set has 1 to {MOST_QUESTIONS} questions, and this one would have {len(rows)}.")
    twice = {row.key for row in rows if sum(other.key == row.key for other in rows) > 1}
    if twice:
        raise BadCampaign(f"The key {min(twice)!r} is used for more than one question.")
    return rows


def _question(question_set: QuestionSet, order: int, given: Mapping[str, Any]) -> Question:
    row = Question(question_set=question_set, order=order, **given)
    row.topic = row.topic or row.key.replace("_", " ").replace("-", " ").capitalize()[:60]
    _valid(row, f"Question {order + 1} ({row.key!r})", exclude={"question_set"})
    answers, passing = row.answers, row.passing
    if not 2 <= len(answers) <= MOST_ANSWERS or len(set(answers)) != len(answers):
        raise BadCampaign(f"Question {order + 1} ({row.key!r}) needs 2 to {MOST_ANSWERS} answers, all different.")
    if not passing or not set(passing) < set(answers):
        raise BadCampaign(f"Question {order + 1} ({row.key!r}) needs an answer that passes and one that does not.")
    return row


def _valid(row: QuestionSet | Question, what: str, exclude: set[str] | None = None) -> None:
    try:
        row.full_clean(exclude=exclude, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, sentences = next(iter(error.message_dict.items()))
        raise BadCampaign(f"{what} has a wrong {field.replace('_', ' ')}: {sentences[0]}") from None
