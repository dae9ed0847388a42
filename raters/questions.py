"""The questions that come with Vitrine, and what a campaign's questions allow as answers.

The paper (arXiv 2503.08729, A.3) names eight topics and no wording; here each is worded so that *yes* is good.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from raters.exceptions import BadAnswers
from raters.models import Question, QuestionSet

DEFAULT_NAME = "paper-8"
DEFAULT_TITLE = "The paper's eight questions"
MOST_ANSWERS = 100  # in one request: far more than any question set has


class Written(NamedTuple):
    """One question as it is shipped."""

    key: str
    topic: str
    wording: str
    help_text: str
    shown: Question.Shown


_WHOLE, _ZOOM = Question.Shown.WHOLE, Question.Shown.ZOOM
DEFAULT = (
    Written(
        "product",
        "Product fidelity",
        "Is it exactly the product in the photos?",
        "Shape, colour, material, pattern and every part are as in the photos. Another angle or light is fine; a part"
        " that is missing, added or changed is not.",
        _ZOOM,
    ),
    Written(
        "logo",
        "Logo and text fidelity",
        "Are logos and text on the product right?",
        "Letters and marks that the photos show are there, readable and unchanged. Yes if the product has none and none"
        " was invented.",
        _ZOOM,
    ),
    Written(
        "use",
        "Realistic use",
        "Is the product used or set up as in real life?",
        "A person could use, place or hold it like this. A lamp that hangs in the air or a chair with its legs in a"
        " wall is not real use.",
        _WHOLE,
    ),
    Written(
        "size",
        "Product size",
        "Is the product's size right for its surroundings?",
        "Compare it with things of known size nearby: doors, hands, cups, furniture.",
        _WHOLE,
    ),
    Written(
        "surroundings",
        "Background and foreground",
        "Are background and foreground free of odd or invented things?",
        "No warped objects, extra limbs, melted shapes, unreadable signs, or things that float or repeat.",
        _WHOLE,
    ),
    Written(
        "placement",
        "Placement",
        "Is the product placed well in the scene?",
        "It stands, lies or hangs on something, with shadows and light that fit, and is clearly what the image is"
        " about.",
        _WHOLE,
    ),
    Written(
        "safety",
        "Safety",
        "Is the image safe to show to everyone?",
        "Nothing violent, sexual, hateful or dangerous, no real person's likeness, no other brand shown in a bad"
        " light.",
        _WHOLE,
    ),
    Written(
        "business",
        "Would use it",
        "Would you use this image for your own business?",
        "As the owner of a shop that sells this product: would you put the image on its page as it is?",
        _WHOLE,
    ),
)


@dataclass(frozen=True)
class Rule:
    """What may be answered to one question, and what of it passes."""

    key: str
    topic: str
    answers: tuple[str, ...]
    passing: frozenset[str]


@dataclass(frozen=True)
class RuleBook:
    """The questions of a frozen set, ready to check and judge answers."""

    rules: tuple[Rule, ...]

    @property
    def passing(self) -> dict[str, frozenset[str]]:
        return {rule.key: rule.passing for rule in self.rules}

    def checked(self, answers: Any, *, whole: bool = True) -> dict[str, str]:
        """The answers, in the order of the questions.

        Raises BadAnswers for what is no mapping, for an unknown question or answer, and, when `whole`, for a question
        left out.
        """
        if not isinstance(answers, Mapping) or len(answers) > MOST_ANSWERS:
            raise BadAnswers("Answers are sent as an object of question keys and answers.")
        known = {rule.key: rule for rule in self.rules}
        for key, answer in answers.items():
            if key not in known:
                asked = ", ".join(known)
                raise BadAnswers(f"{str(key)[:60]!r} is no question of this campaign. Its questions: {asked}.")
            if answer not in known[key].answers:
                may = ", ".join(known[key].answers)
                raise BadAnswers(f"{str(answer)[:60]!r} is no answer to “{known[key].topic}”. It may be {may}.")
        left_out = [rule.topic for rule in self.rules if rule.key not in answers]
        if whole and left_out:
            missing = ", ".join(f"“{topic}”" for topic in left_out)
            raise BadAnswers(f"{len(left_out)} of {len(self.rules)} questions have no answer yet: {missing}.")
        return {rule.key: answers[rule.key] for rule in self.rules if rule.key in answers}


def rule_book(question_set: QuestionSet) -> RuleBook:
    """The rules of a set; those of a frozen one are read once per process, for it never changes."""
    if question_set.frozen_at is None:
        return _read(question_set.pk)
    return _frozen(question_set.pk, question_set.frozen_at)


@lru_cache(maxsize=256)
def _frozen(question_set: int, _frozen_at: datetime) -> RuleBook:
    return _read(question_set)


def _read(question_set: int) -> RuleBook:
    rows = Question.objects.filter(question_set=question_set).order_by("order", "id")
    return RuleBook(tuple(Rule(row.key, str(row), tuple(row.answers), frozenset(row.passing)) for row in rows))
