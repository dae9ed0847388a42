"""A campaign set up by a program alone: made, changed, filled, given raters, opened, paused, closed."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from raters.models import Campaign, CampaignRater, QuestionSet
from raters.services import campaigns
from tests.factories import rating as made
from tests.factories.accounts import make_user
from tests.factories.catalog import image_bytes
from tests.factories.generation import make_candidate, make_method, make_run
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
JSON = "application/json"
QUESTIONS = {
    "name": "lamps",
    "title": "Lamps",
    "questions": [{"key": "lit", "wording": "Is it lit?"}, {"key": "cable", "wording": "Is the cable right?"}],
}


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/{path}", body, content_type=JSON)


def patch(client: Client, path: str, **body: Any) -> Any:
    return client.patch(f"/api/{path}", body, content_type=JSON)


def test_the_whole_way(client: Client) -> None:
    asked = post(client, "question-sets/", **QUESTIONS).json()
    rater = make_user(Role.RATER)
    new = post(client, "campaigns/", name="Lamps", question_set=asked["id"], by_invitation=True).json()
    base = f"campaigns/{new['id']}/"
    run = make_run()
    for _ in range(3):
        make_candidate(run)
    assert post(client, f"{base}images/", runs=[run.pk], dry=True).json() == {"count": 3}
    assert post(client, f"{base}images/", runs=[run.pk], sample=2).json()["added"] == 2
    assert patch(client, base, raters_per_image=2, tie_break=True).json()["rating_target"] == 4
    assert post(client, f"{base}raters/invite/", usernames=[rater.username]).json() == {"invited": 1}
    states = [post(client, f"{base}do/{act}/").json()["state"] for act in ("open", "pause", "open", "close")]
    assert states == ["open", "paused", "open", "closed"]
    campaign = Campaign.objects.get()
    assert (campaign.question_set_id, campaign.tie_break, campaign.task_count) == (asked["id"], True, 2)
    assert CampaignRater.objects.get().rater.user == rater


@pytest.mark.parametrize(
    ("choice", "fit"),
    [
        ({}, 3),
        ({"methods": ["ours"]}, 2),
        ({"methods": ["ours", "theirs"]}, 3),
        ({"methods": ["theirs"], "picked": True}, 0),
        ({"places": 1}, 2),
        ({"score_from": 0.5}, 2),
        ({"score_to": 0.45}, 1),
        ({"sample": 2, "strata": "method"}, 2),
    ],
)
def test_images_by_choice(client: Client, choice: dict[str, Any], fit: int) -> None:
    methods = {name: make_method(name) for name in ("ours", "theirs")}
    ours, theirs = (make_run(method=method) for method in methods.values())
    make_candidate(ours, score=0.9, place=1, picked=True)
    make_candidate(ours, score=0.4, place=2)
    make_candidate(theirs, score=0.6, place=1)
    body = choice | {"methods": [methods[name].pk for name in choice["methods"]]} if "methods" in choice else choice
    campaign = made.make_campaign(0, open=False)
    assert post(client, f"campaigns/{campaign.pk}/images/", **body, dry=True).json() == {"count": fit}
    answer = post(client, f"campaigns/{campaign.pk}/images/", **body)
    assert (answer.status_code, answer.json()["added"], answer.json()["images"]) == (201, fit, fit)


def test_images_made_elsewhere(client: Client) -> None:
    campaign = made.make_campaign(0, open=False)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("list.csv", "image,product,photos\na.png,Mug,b.png\nmissing.png,Mug,b.png\n")
        for name in ("a.png", "b.png"):
            opened.writestr(name, image_bytes(encoding="PNG"))
    for added, there in ((1, 0), (0, 1)):
        packed.seek(0)
        packed.name = "images.zip"
        answer = client.post(f"/api/campaigns/{campaign.pk}/images/upload/", {"archive": packed})
        told = answer.json()
        assert (answer.status_code, told["added"], told["there"], told["stopped_at"]) == (201, added, there, None)
        assert [row["line"] for row in told["refused"]] == [3]
    broken = client.post(f"/api/campaigns/{campaign.pk}/images/upload/", {"archive": io.BytesIO(b"no zip")})
    assert (broken.status_code, "not a zip archive" in broken.json()["detail"]) == (400, True)


def test_a_draft_is_emptied_and_forgotten(client: Client) -> None:
    campaign = made.make_campaign(2, open=False)
    assert client.get(f"/api/campaigns/{campaign.pk}/images/").json()["images"] == 2
    assert client.delete(f"/api/campaigns/{campaign.pk}/images/").json() == {"removed": 2}
    assert client.delete(f"/api/campaigns/{campaign.pk}/").status_code == 204
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("call", "path", "body", "sentence"),
    [
        ("patch", "", {"vote": "rater"}, "Vote cannot be changed once a campaign was opened"),
        ("patch", "", {"lease_minutes": 100_000}, "a whole number from 1 to 1,440"),
        ("patch", "", {"raters_per_image": 51}, "a whole number from 1 to 50"),
        ("patch", "", {"question_set": 2_000_000_000}, "There is no question set 2000000000."),
        ("delete", "", {}, "Only a campaign that was never opened can be deleted"),
        ("delete", "images/", {}, "Images stay in a campaign once it was opened"),
        ("post", "images/", {"runs": ["x"]}, "'x' will not do: send a whole number"),
        ("post", "images/", {"runs": [2**63]}, "from 1 to 9,223,372,036,854,775,807"),
        ("post", "images/", {"strata": "colour"}, "'colour' will not do: send one of"),
        ("post", "images/", {"score_from": "nan"}, "score_from: 'nan' is no number: say one such as 0.25."),
        ("post", "images/", {"score_to": "-inf"}, "score_to: '-inf' is no number"),
        ("patch", "", {"gold_share": "nan"}, "gold_share: 'nan' is no number"),
        ("patch", "", {"qualification_share": "NaN"}, "qualification_share: 'NaN' is no number"),
        ("post", "images/", {"score_from": 2, "score_to": 1}, "No score is at least 2"),
        ("post", "raters/invite/", {"usernames": ["nobody"]}, "'nobody' is no active person who may rate."),
        ("post", "images/upload/", {}, "Unsupported media type"),
    ],
)
def test_refusals_of_an_open_campaign(
    client: Client, call: str, path: str, body: dict[str, Any], sentence: str
) -> None:
    campaign = made.make_campaign(1)
    answer = getattr(client, call)(f"/api/campaigns/{campaign.pk}/{path}", body, content_type=JSON)
    assert 400 <= answer.status_code < 500
    assert sentence in answer.json()["detail"]


def test_later_settings_of_an_open_campaign(client: Client) -> None:
    campaign = made.make_campaign(1, per_rater_limit=5)
    told = patch(client, f"campaigns/{campaign.pk}/", name="Lamps", per_rater_limit=None, guidelines="Look.").json()
    assert (told["name"], told["per_rater_limit"]) == ("Lamps", None)
    campaign.refresh_from_db()
    assert (campaign.guidelines, campaign.guidelines_version) == ("Look.", 2)


def test_question_sets(client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    assert post(client, "question-sets/", **QUESTIONS).json()["version"] == 1
    told = post(client, "question-sets/", **QUESTIONS).json()
    assert (told["version"], told["questions"][0]["passing"]) == (2, ["yes"])
    campaigns.make_campaign("Paper")
    with django_assert_max_num_queries(8):
        rows = client.get("/api/question-sets/").json()["results"]
    assert [(row["name"], row["version"], len(row["questions"])) for row in rows] == [
        ("paper-8", 1, 8), ("lamps", 2, 2), ("lamps", 1, 2),
    ]  # fmt: skip


def test_a_set_that_nobody_was_asked_is_changed_and_a_frozen_one_is_not(client: Client) -> None:
    asked = post(client, "question-sets/", **QUESTIONS).json()
    address, body = f"/api/question-sets/{asked['id']}/", QUESTIONS | {"title": "Floor lamps"}
    body["questions"] = [{"key": "lit", "wording": "Does it shine?", "answers": ["yes", "no"], "help_text": ""}]
    told = client.put(address, body, content_type=JSON).json()
    assert (told["title"], told["version"], told["frozen_at"]) == ("Floor lamps", 1, None)
    assert [(one["wording"], one["answers"]) for one in told["questions"]] == [("Does it shine?", ["yes", "no"])]
    made.make_campaign(1, question_set=QuestionSet.objects.get())
    refused = client.put(address, body, content_type=JSON)
    assert (refused.status_code, "is frozen: campaigns have used it" in refused.json()["detail"]) == (400, True)
    assert client.get(address).json()["frozen_at"] is not None
    assert client.get("/api/question-sets/2000000000/").status_code == 404


@pytest.mark.parametrize(
    ("questions", "sentence"),
    [
        ([], "1 to 40 questions"),
        ([{"key": "lit", "wording": "Lit?", "passing": ["maybe", "often"]}], "an answer that passes"),
        ([{"wording": "Lit?"}], "It is missing; send"),
    ],
)
def test_questions_that_cannot_be_asked(client: Client, questions: list[dict[str, Any]], sentence: str) -> None:
    answer = post(client, "question-sets/", name="x", title="X", questions=questions)
    assert answer.status_code == 400
    assert sentence in answer.json()["detail"]
    assert not QuestionSet.objects.exists()


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("patch", "campaigns/{}/"),
        ("delete", "campaigns/{}/"),
        ("post", "campaigns/{}/images/"),
        ("delete", "campaigns/{}/images/"),
        ("post", "campaigns/{}/images/upload/"),
        ("post", "campaigns/{}/raters/invite/"),
        ("post", "question-sets/"),
        ("put", "question-sets/1/"),
    ],
)
def test_what_changes_something_is_for_operators(
    client_for: ClientFor, rater: User, analyst: User, call: str, path: str
) -> None:
    address = f"/api/{path}".format(made.make_campaign(1, open=False).pk)
    statuses = [
        getattr(client_for(user), call)(address, {}, content_type=JSON).status_code for user in (rater, analyst)
    ]
    assert statuses == [403, 403]
    assert getattr(client_for(None), call)(address, {}, content_type=JSON).status_code in (401, 403)


def test_analysts_read(client_for: ClientFor, analyst: User) -> None:
    campaign = made.make_campaign(2, methods=("ours", "theirs"))
    told = client_for(analyst).get(f"/api/campaigns/{campaign.pk}/images/").json()
    assert sorted((row["method"], row["images"]) for row in told["methods"]) == [("ours", 1), ("theirs", 1)]
    assert client_for(analyst).get("/api/question-sets/").status_code == 200
