"""How picks follow from scores: one policy holds, and none is ever changed."""

from typing import Any

import pytest

from jobs.models import Job
from ranking.exceptions import BadWish
from ranking.models import Policy
from ranking.services import policy, scoring
from tests.factories.accounts import make_user
from tests.factories.ranking import make_ranker

pytestmark = pytest.mark.django_db


def test_there_is_one_from_the_start_and_looking_at_it_writes_nothing() -> None:
    assert (policy.current().top, policy.current().retrain_after) == (4, 500)
    assert Policy.objects.count() == 0
    assert policy.settled() == policy.settled() == policy.current()
    assert Policy.objects.count() == 1


def test_a_change_is_a_new_one_with_its_maker() -> None:
    first, person = policy.settled(), make_user()
    made = policy.change(by=person, top=2)
    assert (made.top, made.threshold, made.made_by) == (2, first.threshold, person)
    assert policy.current() == made
    assert Policy.objects.count() == 2


def test_no_change_is_none() -> None:
    first = policy.settled()
    assert policy.change(top=first.top) == first


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"threshold": 1.5}, "A threshold is 0 to 1"),
        ({"distance": 3.0}, "a distance 0 to 2"),
        ({"threshold": float("nan")}, "A threshold of nan and a distance of 0.02: both must be numbers"),
        ({"distance": float("inf")}, "both must be numbers"),
        ({"top": 0}, "0 picks of a product cannot be"),
        ({"top": 101}, "say 1 to 100"),
        ({"colour": "red"}, "'colour' is no part of the policy"),
    ],
)
def test_one_that_cannot_be_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(BadWish, match=said):
        policy.change(**values)
    assert policy.current().top == 4


def test_rankers_in_use_pick_anew_and_are_asked_once() -> None:
    make_ranker("champion")
    make_ranker("shadow")
    make_ranker("retired")
    policy.change(top=3)
    policy.change(top=2)
    assert Job.objects.filter(kind=scoring.SCORE).count() == 2
