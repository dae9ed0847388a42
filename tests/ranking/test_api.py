"""Rankers, trainings, plans and picks for programs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from jobs.models import Job
from ranking.models import Promotion, RatingPlan, Score, ScoredProduct, Training
from ranking.services import policy
from tests.factories.generation import make_candidate
from tests.factories.ranking import make_evaluated, make_ranker, make_world

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
JSON = "application/json"
WHY = "The raters of the last campaign were tired."


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


def test_who_decides(client: Client) -> None:
    assert client.get("/api/rankers/champion/").json() == {"ranker": None, "by": "the plain sum", "log": []}
    make_evaluated("champion")
    told = client.get("/api/rankers/champion/").json()
    assert (told["ranker"]["state"], told["by"]) == ("champion", "heads v1")


def test_rankers_by_state_a_page_at_a_time(client: Client) -> None:
    for state in ("candidate", "shadow", "candidate"):
        make_ranker(state)
    told = client.get("/api/rankers/?state=candidate").json()
    assert [row["version"] for row in told["results"]] == [3, 1]
    assert told["next"] is None


@pytest.mark.parametrize("state", ["king", "%00", "Champion"])
def test_a_state_that_there_is_none_of_is_told(client: Client, state: str) -> None:
    answer = client.get(f"/api/rankers/?state={state}")
    assert answer.status_code == 400
    assert "is no state of a ranker: say one of candidate, shadow, champion, retired." in answer.json()["detail"]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "NaN", "1e999"])
@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        ("/api/rankers/policy/", {}, "threshold"),
        ("/api/rankers/policy/", {}, "distance"),
        ("/api/rating-plans/", {"budget": 5}, "top"),
        ("/api/rating-plans/", {"budget": 5}, "uncertain"),
        ("/api/ranker-trials/", {}, "share"),
    ],
)
def test_what_is_no_number_is_told_at_its_field(
    client: Client, address: str, body: dict[str, Any], field: str, value: str
) -> None:
    answer = client.post(address, {**body, field: value}, content_type=JSON)
    assert answer.status_code == 400
    assert answer.json()["errors"][field] == [f"{value!r} is no number: say one such as 0.25."]
    assert not RatingPlan.objects.exists()


def test_one_ranker_in_full(client: Client) -> None:
    ranker = make_evaluated()
    told = client.get(f"/api/rankers/{ranker.pk}/").json()
    assert told["figures"]["images"] == 300
    assert told["gate"]["promote"] is False
    assert told["why_not"].startswith("The gate says no")
    assert told["labels"]["images"] == 300
    assert client.get("/api/rankers/99/").status_code == 404


def test_the_gate_answers_409_and_a_reason_overrides_it(client: Client) -> None:
    ranker = make_evaluated()
    refused = client.post(f"/api/rankers/{ranker.pk}/promote/", {}, content_type=JSON)
    assert refused.status_code == 409
    assert "it is not shown to be better" in refused.json()["detail"]
    asked = client.post(f"/api/rankers/{ranker.pk}/promote/", {"reason": WHY}, content_type=JSON)
    assert asked.status_code == 202
    assert (asked.json()["kind"], asked.json()["state"]) == ("override", "preparing")
    assert Job.objects.get().pk == asked.json()["job"]
    again = client.post(f"/api/rankers/{ranker.pk}/promote/", {"reason": WHY}, content_type=JSON)
    assert again.status_code == 409


def test_rolled_back(client: Client) -> None:
    make_evaluated("champion")
    done = client.post("/api/rankers/rollback/", {"reason": "Worse."}, content_type=JSON)
    assert (done.status_code, done.json()["after"], done.json()["reason"]) == (200, None, "Worse.")
    assert client.post("/api/rankers/rollback/", {}, content_type=JSON).status_code == 409


def test_shadow_and_evaluation(client: Client) -> None:
    ranker = make_ranker()
    assert client.post(f"/api/rankers/{ranker.pk}/shadow/", {}, content_type=JSON).json()["state"] == "shadow"
    off = client.post(f"/api/rankers/{ranker.pk}/shadow/", {"on": False}, content_type=JSON)
    assert off.json()["state"] == "candidate"
    told = client.post(f"/api/rankers/{ranker.pk}/evaluate/", {}, content_type=JSON)
    assert told.status_code == 202
    assert Job.objects.filter(pk=told.json()["job"], kind="ranking.evaluate").exists()


def test_trainings(client: Client) -> None:
    asked = client.post("/api/trainings/", {"learner": "heads", "seed": 4}, content_type=JSON)
    assert asked.status_code == 202
    pk = asked.json()["id"]
    assert client.get(f"/api/trainings/{pk}/").json()["wish"]["seed"] == 4
    assert [row["id"] for row in client.get("/api/trainings/").json()["results"]] == [pk]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"learner": "oracle"}, "learner"), ({"seed": -1}, "seed"), ({"campaigns": "all"}, "campaigns"),
     ({"source": "gut"}, "source")],
)  # fmt: skip
def test_a_bad_training_is_told_by_field(client: Client, body: dict[str, Any], field: str) -> None:
    answer = client.post("/api/trainings/", body, content_type=JSON)
    assert answer.status_code == 400
    assert any(name.startswith(field) for name in answer.json()["errors"])
    assert not Training.objects.exists()


def test_the_policy(client: Client) -> None:
    assert client.get("/api/rankers/policy/").json()["top"] == 4
    assert client.post("/api/rankers/policy/", {"top": 2}, content_type=JSON).json()["top"] == 2
    assert client.post("/api/rankers/policy/", {"top": 0}, content_type=JSON).status_code == 400
    assert policy.current().top == 2


def test_plans_and_their_campaign(client: Client) -> None:
    asked = client.post("/api/rating-plans/", {"budget": 20, "seed": 3}, content_type=JSON)
    assert asked.status_code == 202
    plan = RatingPlan.objects.get(pk=asked.json()["id"])
    empty = client.post(f"/api/rating-plans/{plan.pk}/campaign/", {"name": "Next"}, content_type=JSON)
    assert (empty.status_code, "has no images yet" in empty.json()["detail"]) == (400, True)
    plan.images.create(candidate=make_candidate(), why="top", inclusion=0.5)
    told = client.get(f"/api/rating-plans/{plan.pk}/").json()
    assert (told["total"], told["parts"][0]["why"], told["images"][0]["inclusion"]) == (1, "top", 0.5)
    made = client.post(f"/api/rating-plans/{plan.pk}/campaign/", {"name": "Next"}, content_type=JSON)
    assert (made.status_code, made.json()["images"]) == (201, 1)
    assert client.get("/api/rating-plans/").json()["results"][0]["campaign"] == made.json()["campaign"]
    bad = client.post("/api/rating-plans/", {"budget": 5, "top": 0.9, "uncertain": 0.1}, content_type=JSON)
    assert bad.status_code == 400


def test_picks_of_a_product_and_that_none_is_good_enough(client: Client) -> None:
    world = make_world(1, 3, rated=False)
    product = world.products[0]
    told = client.get(f"/api/products/{product.pk}/picks/").json()
    assert (told["outcome"], told["by"], len(told["picked"])) == ("picked", "the plain sum", 2)
    champion = make_ranker("champion")
    assert client.get(f"/api/products/{product.pk}/picks/").json()["outcome"] == "not scored yet"
    ScoredProduct.objects.create(
        ranker=champion, product=product, policy=policy.settled(), images=3, picked=0, best=0.04,
        ids=sum(one.pk for one in world.candidates),
    )  # fmt: skip
    told = client.get(f"/api/products/{product.pk}/picks/").json()
    assert (told["outcome"], told["best"], told["threshold"], told["picked"]) == ("none good enough", 0.04, 0.1, [])
    assert client.get("/api/products/987654/picks/").status_code == 404


def test_scores_say_which_ranker_made_them(client: Client) -> None:
    candidate, ranker = make_candidate(), make_ranker("champion")
    Score.objects.create(
        ranker=ranker, candidate=candidate, product_id=candidate.run.product_id, probability=0.3, place=1, picked=True
    )
    told = client.get(f"/api/candidates/{candidate.pk}/scores/").json()["scores"]
    assert [(one["ranker"], one["name"], one["probability"], one["picked"]) for one in told] == [
        (ranker.pk, "heads v1", 0.3, True)
    ]
    assert client.get("/api/candidates/987654/scores/").status_code == 404


@pytest.mark.parametrize(
    "address",
    ["/api/rankers/{}/promote/", "/api/rankers/{}/shadow/", "/api/rankers/{}/evaluate/", "/api/rankers/rollback/",
     "/api/trainings/", "/api/rating-plans/", "/api/rankers/policy/"],
)  # fmt: skip
def test_analysts_read_and_change_nothing(client_for: ClientFor, analyst: User, address: str) -> None:
    ranker = make_evaluated("champion" if "rollback" in address else "candidate")
    answer = client_for(analyst).post(address.format(ranker.pk), {"reason": WHY, "budget": 9}, content_type=JSON)
    assert answer.status_code == 403
    ranker.refresh_from_db()
    assert ranker.state in ("candidate", "champion")
    assert not Promotion.objects.exists()
    assert not Job.objects.exists()
