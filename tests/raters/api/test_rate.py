"""Rating by a program with a token: the page's acts and refusals."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import User
from raters.models import Campaign, Rating
from raters.services import campaigns
from tests.factories import rating as made

pytestmark = pytest.mark.django_db


class Program:
    """Calls with a rater's token."""

    def __init__(self, user: User, campaign: Campaign) -> None:
        self._headers = {"Authorization": f"Bearer {tokens.make_token(user, 'program')[1]}"}
        self._base = f"/api/rate/{campaign.pk}/"

    def __call__(self, act: str, **body: Any) -> Any:
        strict = Client(enforce_csrf_checks=True)
        return strict.post(self._base + act + "/", body, content_type="application/json", headers=self._headers)

    def get(self, address: str) -> Any:
        return Client().get(address, headers=self._headers).json()

    def mine(self) -> Any:
        return self.get(self._base + "mine/")


@pytest.fixture
def campaign(db: None) -> Campaign:
    return made.make_campaign(3)


@pytest.fixture
def program(rater: User, campaign: Campaign) -> Program:
    return Program(rater, campaign)


def test_a_whole_rating(program: Program) -> None:
    task = program("next").json()["task"]
    sent = {"assignment": task["assignment"], "request_id": str(uuid4()), "answers": made.NO, "times": {"size": 900}}
    after = program("submit", **sent, active_ms=5000).json()
    assert after["progress"]["done"] == 1
    assert after["task"]["assignment"] != task["assignment"]
    rating = Rating.objects.get()
    assert (rating.answers, rating.times, rating.active_ms) == (made.NO, {"size": 900}, 5000)
    program("submit", **sent)
    assert Rating.objects.count() == 1
    assert program.mine()["ratings"][0]["answers"] == made.NO


def test_changed_withdrawn_skipped_reported_left(program: Program) -> None:
    first = program("next").json()["task"]["assignment"]
    second = program("submit", assignment=first, request_id=str(uuid4()), answers=made.NO).json()["task"]["assignment"]
    assert program("change", assignment=first, answers=made.YES).json() == {"answers": made.YES}
    assert program("withdraw", assignment=first, reason="A slip.").json() == {"withdrawn": True}
    third = program("skip", assignment=second, reason="cannot judge").json()["task"]["assignment"]
    program("report", assignment=third, reason="broken")
    assert program("leave").json() == {"returned": 0}


def test_what_may_be_rated_and_what_is_asked(program: Program, campaign: Campaign) -> None:
    made.make_campaign(1, by_invitation=True)
    made.make_campaign(1, open=False)
    room = program.get("/api/rate/")["results"]
    assert room == [{"id": campaign.pk, "name": campaign.name, "state": "open", "done": 0}]
    asked = program.get(f"/api/rate/{campaign.pk}/")
    assert [one["key"] for one in asked["questions"]] == list(made.KEYS)
    assert [choice["value"] for choice in asked["questions"][0]["choices"]] == ["yes", "maybe", "no", "unclear"]
    assert (asked["guidelines_version"], asked["examples"]) == (1, [])
    assert not {"method", "gold_share", "origin", "seed", "task_count"} & set(asked)


def test_half_a_rating_is_kept(program: Program) -> None:
    task = program("next").json()["task"]
    sent = {"assignment": task["assignment"], "answers": {"size": "no"}, "times": {"size": 5}, "active_ms": 7}
    assert program("draft", **sent).json() == {"saved": True, "lease_seconds": 900, "answers": {"size": "no"}}
    again = program("next").json()["task"]
    assert (again["draft"], again["times"], again["active_ms"]) == ({"size": "no"}, {"size": 5}, 7)
    assert program("draft", assignment=str(uuid4()), answers={}).status_code == 404


def test_what_is_named_is_kept_when_a_program_leaves(program: Program) -> None:
    asked = program("next").json()
    assert program("leave", keep=[asked["task"]["assignment"]]).json() == {"returned": 1}
    assert program("leave", keep=["x"]).status_code == 400
    assert program("leave").json() == {"returned": 1}


def test_of_a_draft_raters_learn_nothing(rater: User) -> None:
    program = Program(rater, made.make_campaign(1, open=False))
    for act in ("next", "leave"):
        answer = program(act)
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such campaign.")


@pytest.mark.parametrize(
    ("name", "changed", "status"),
    [
        ("partial", {"answers": {"size": "yes"}}, 422),
        ("unknown answer", {"answers": {**made.YES, "size": "banana"}}, 422),
        ("not held", {"assignment": str(uuid4())}, 404),
        ("no request id", {"request_id": "x"}, 400),
        ("no milliseconds", {"times": {"size": -4}}, 400),
        ("answers no object", {"answers": "yes"}, 400),
    ],
)
def test_refusals(program: Program, name: str, changed: dict[str, Any], status: int) -> None:
    held = program("next").json()["task"]["assignment"]
    answer = program("submit", **({"assignment": held, "request_id": str(uuid4()), "answers": made.YES} | changed))
    assert answer.status_code == status, name
    assert answer.json()["detail"]
    assert not Rating.objects.exists()


def test_anothers_assignment_is_not_found(program: Program, campaign: Campaign) -> None:
    held = made.lease(made.make_rater(), campaign)[0].uuid
    answer = program("submit", assignment=str(held), request_id=str(uuid4()), answers=made.YES)
    assert answer.status_code == 404


def test_nothing_tells_method_or_gold(program: Program) -> None:
    task = program("next").json()["task"]
    assert not {"method", "gold", "score", "prompt", "candidate"} & set(task)


def test_another_campaigns_address_tells_nothing_of_a_gold_item(rater: User) -> None:
    """Whether the expected answers are told is for the image's own campaign to say."""
    silent = made.make_campaign(1, open=False, gold_share=0.5)
    made.make_gold(silent, 1)
    talking = made.make_campaign(1, gold_feedback=True)
    campaigns.open_campaign(silent)
    program, through = Program(rater, silent), Program(rater, talking)
    asked = program("next").json()
    for task in (asked["task"], asked["ahead"]):
        sent = {"assignment": task["assignment"], "request_id": str(uuid4()), "answers": made.NO}
        assert through("submit", **sent).json()["feedback"] is None
    assert Rating.objects.filter(gold=True).count() == 1
