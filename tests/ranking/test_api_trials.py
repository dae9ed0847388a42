"""Trials, notices, files and reasons for programs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from accounts.models import User
from generation.models import Candidate
from jobs.models import Job
from ranking.models import Explanation, Score, ScoredProduct, Trial
from ranking.services import notices, policy, trials
from raters.models import Campaign, Task, Verdict
from raters.models.campaigns import Origin
from raters.models.ratings import Outcome
from tests.factories.generation import make_candidate
from tests.factories.ranking import RatedWorld, make_evaluated, make_ranker, make_world, parted, rate
from tests.ranking.conftest import Trained

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
JSON = "application/json"
HUGE = 2**63


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


def scored_world(least: int = 1) -> tuple[RatedWorld, Trial]:
    """Ten products of three images of which a trial's ranker picks the last; the sum picks the first two."""
    world, ranker = make_world(10, 3, rated=False), make_ranker()
    trial = parted(trials.begin(ranker, 0.5), world.products, least)
    held = policy.settled()
    for candidate in world.candidates:
        Score.objects.create(
            ranker=ranker, candidate=candidate, product_id=candidate.run.product_id, probability=0.5,
            place=3 - (candidate.row or 0), picked=candidate.row == 2,
        )  # fmt: skip
    for product in world.products:
        ScoredProduct.objects.create(ranker=ranker, product=product, policy=held, images=3, picked=1, best=0.5)
    return world, trial


def test_a_trial_begins_is_listed_and_ends(client: Client) -> None:
    ranker = make_evaluated()
    asked = client.post("/api/ranker-trials/", {"ranker": ranker.pk, "share": 0.2}, content_type=JSON)
    assert asked.status_code == 201
    told = asked.json()
    assert (told["ranker"], told["name"], told["share"], told["running"]) == (ranker.pk, "heads v1", 0.2, True)
    assert (told["against"], told["against_name"], told["ended_at"]) == (None, "the plain sum", None)
    listed = client.get("/api/ranker-trials/").json()
    assert ([row["id"] for row in listed["results"]], listed["next"]) == ([told["id"]], None)
    again = client.post("/api/ranker-trials/", {"ranker": ranker.pk, "share": 0.2}, content_type=JSON)
    assert (again.status_code, again.json()["detail"]) == (409, "A trial is running already: end it first.")
    for _ in range(2):
        ended = client.post(f"/api/ranker-trials/{told['id']}/end/")
        assert (ended.status_code, ended.json()["running"], ended.json()["ended_at"] is None) == (200, False, False)
    assert trials.running() is None


def test_a_list_of_trials_comes_a_page_at_a_time_in_few_queries(
    client: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    ranker, champion = make_ranker(), make_ranker("champion")
    made = [Trial.objects.create(ranker=ranker, against=champion, share=0.1, seed=seed, running=False).pk
            for seed in range(52)]  # fmt: skip
    with django_assert_max_num_queries(8):
        first = client.get("/api/ranker-trials/").json()
    assert [row["id"] for row in first["results"]] == made[:1:-1]
    rest = client.get(f"/api/ranker-trials/?after={first['next']}").json()
    assert ([row["id"] for row in rest["results"]], rest["next"]) == (made[1::-1], None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"share": 0.6}, "A share of 0.6 cannot be: say more than 0 and at most 0.5 of the products."),
        ({"share": 0}, "A share of 0 cannot be"),
        ({"share": "half"}, "share: 'half' is no number: say one such as 0.25."),
        ({}, "share: It is missing; send a number"),
        ({"ranker": HUGE, "share": 0.1}, "will not do: send the id of one that there is."),
        ({"ranker": "heads", "share": 0.1}, "ranker: 'heads' will not do: send the id of one that there is."),
    ],
)
def test_a_trial_that_cannot_be_is_refused_in_words(client: Client, body: dict[str, Any], said: str) -> None:
    answer = client.post("/api/ranker-trials/", {"ranker": make_ranker().pk} | body, content_type=JSON)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert not Trial.objects.exists()


def test_both_sides_and_their_difference_are_told(client: Client) -> None:
    world, trial = scored_world()
    rate(world.candidates, world.pictures)
    Verdict.objects.update(outcome=Outcome.FAILED)
    inside = [one.pk for one in world.candidates if one.row == 2 and trials.in_trial(trial, one.run.product_id)]
    Verdict.objects.filter(task__candidate__in=inside).update(outcome=Outcome.PASSED)
    told = client.get(f"/api/ranker-trials/{trial.pk}/").json()
    tried, usual = told["sides"]
    assert (tried["title"], tried["products"], tried["product_rate"]) == ("heads v1", len(inside), 1.0)
    assert (usual["title"], usual["images"], usual["rate"]) == ("The plain sum", 2 * (10 - len(inside)), 0.0)
    assert told["difference"]["value"] == 1.0
    assert told["difference"]["low"] > 0
    assert told["difference"]["sentence"].startswith("More products of heads v1 have a passing pick")


def test_picks_of_both_sides_become_a_draft(client: Client) -> None:
    world, trial = scored_world()
    made = client.post(f"/api/ranker-trials/{trial.pk}/campaign/", {"name": "Next", "images": 400}, content_type=JSON)
    assert made.status_code == 201
    campaign = Campaign.objects.get(pk=made.json()["campaign"])
    asked = Candidate.objects.filter(pk__in=Task.objects.filter(campaign=campaign).values("candidate"))
    expected = {
        one.pk for one in world.candidates
        if (one.row == 2) is trials.in_trial(trial, one.run.product_id) and (one.row == 2 or one.row < 2)
    }  # fmt: skip
    assert (campaign.state, set(asked.values_list("pk", flat=True))) == ("draft", expected)
    assert made.json()["images"] == len(expected)


def test_what_raters_were_asked_for_is_not_asked_again(client: Client) -> None:
    _, trial = scored_world(least=5)
    address = f"/api/ranker-trials/{trial.pk}/campaign/"
    made = [client.post(address, {"name": "Next", "images": images}, content_type=JSON) for images in (4, 4, 400)]
    assert [one.json()["images"] for one in made] == [4, 4, 7]  # of five products with one pick, and five with two
    assert Task.objects.values("candidate").distinct().count() == 15
    none = client.post(address, {"name": "Next", "images": 400}, content_type=JSON)
    assert none.status_code == 400
    assert "heads v1 has no product left that no campaign since the trial began" in none.json()["detail"]
    Campaign.objects.update(origin=Origin.SIMULATION)
    again = client.post(address, {"name": "Next", "images": 400}, content_type=JSON)
    assert again.json()["images"] == 15, "a made-up crowd's verdicts do not count for it"


@pytest.mark.parametrize(
    ("images", "status", "said"),
    [(1, 400, "images"), (20_001, 400, "images"), (3, 400, "The plain sum has no product on its side with 1 picks")],
)
def test_a_campaign_of_too_few_or_too_many_images(client: Client, images: int, status: int, said: str) -> None:
    _, trial = scored_world()
    answer = client.post(
        f"/api/ranker-trials/{trial.pk}/campaign/", {"name": "Next", "images": images}, content_type=JSON
    )
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True)
    assert not Campaign.objects.exists()


def test_notices_are_listed_and_closed(client: Client) -> None:
    ranker = make_ranker("champion")
    kept = notices.open_notice(ranker, "scores", "", "They have moved.", {"psi": 0.3})
    told = client.get("/api/rankers/notices/").json()["results"]
    assert [(row["id"], row["ranker"], row["kind"], row["figures"]) for row in told] == [
        (kept.pk, ranker.pk, "scores", {"psi": 0.3})
    ]
    assert client.post(f"/api/rankers/notices/{kept.pk}/close/").json()["closed_at"] is not None
    assert client.get("/api/rankers/notices/").json() == {"results": []}


def test_a_rankers_files_come_as_they_were_trained(client: Client, trained: Trained, tmp_path: Any) -> None:
    from ranking.learning.loading import load  # noqa: PLC0415 - numpy is wanted here alone
    from ranking.running import files  # noqa: PLC0415

    for told in client.get(f"/api/rankers/{trained.ranker.pk}/").json()["files"]:
        answer = client.get(f"/api/rankers/{trained.ranker.pk}/files/{told['name']}/")
        (tmp_path / told["name"]).write_bytes(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
        assert answer.headers["ETag"] == f'"{told["sha256"]}"'
        assert f'attachment; filename="{told["name"]}"' == answer.headers["Content-Disposition"]
    assert load(tmp_path).told == files.fitted(trained.ranker).told
    for name in ("other.txt", "..%2Fsecret"):
        assert client.get(f"/api/rankers/{trained.ranker.pk}/files/{name}/").status_code == 404
    default_storage.delete(trained.ranker.files.get(name="ranker.json").key)
    gone = client.get(f"/api/rankers/{trained.ranker.pk}/files/ranker.json/")
    assert (gone.status_code, "gone from the store" in gone.json()["detail"]) == (404, True)


def test_why_an_image_has_its_probability_is_asked_and_told(client_for: ClientFor, analyst: User) -> None:
    client, candidate = client_for(analyst), make_candidate()
    address = f"/api/candidates/{candidate.pk}"
    none = client.post(f"{address}/explain/")
    assert (none.status_code, "No learned ranker has scored" in none.json()["detail"]) == (404, True)
    ranker = make_ranker("champion")
    Score.objects.create(
        ranker=ranker, candidate=candidate, product_id=candidate.run.product_id, probability=0.3, place=1
    )
    asked = [client.post(f"{address}/explain/") for _ in range(2)]
    assert {(one.status_code, one.json()["ranker"], one.json()["job"]) for one in asked} == {
        (202, ranker.pk, Job.objects.get().pk)
    }
    assert client.get(f"{address}/scores/").json()["scores"][0]["why"] is None
    why = [{"feature": "metrics.clip_i", "value": 0.8, "contribution": 0.7},
           {"feature": "base", "value": 1.0, "contribution": -1.5}]  # fmt: skip
    Explanation.objects.create(ranker=ranker, candidate=candidate, contributions=why)
    assert client.get(f"{address}/scores/").json()["scores"][0]["why"] == why


def test_a_training_of_a_campaign_that_no_database_keeps_is_refused(client: Client) -> None:
    answer = client.post("/api/trainings/", {"campaigns": [HUGE]}, content_type=JSON)
    assert (answer.status_code, "campaigns.0" in answer.json()["errors"]) == (400, True)
