"""The pages of ranking: what they show, what they refuse, and how many queries they take."""

from collections.abc import Callable
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import User
from generation.panels import panels_for
from jobs.models import Job
from ranking.models import DriftNotice, Explanation, Promotion, RatingPlan, Score, ScoredProduct, Training, Trial
from ranking.selectors import comparing
from ranking.services import explaining, notices, plans, policy, registry, training, trials
from ranking.services.training import Wish
from raters.models import Campaign
from tests.factories.generation import make_candidate
from tests.factories.ranking import make_evaluated, make_ranker, make_world, parted
from tests.factories.rating import make_campaign

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
WHY = "The raters of the last campaign were tired."


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


def shown(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def told(client: Client, address: str, **values: Any) -> str:
    """What is said on the page that a form leads to."""
    return " ".join(client.post(address, values, follow=True).content.decode().split())


# --- the overview ---------------------------------------------------------------------------------------------------


def test_at_first_the_sum_decides_and_the_page_says_what_to_do(client: Client) -> None:
    page = shown(client, "/ranking/")
    assert "Champion: the plain sum" in page
    assert "No ranker yet" in page
    assert "Roll back" not in page


def test_the_champions_figures_stand_beside_the_sum(client: Client) -> None:
    ranker = make_evaluated("champion")
    page = shown(client, "/ranking/")
    assert f'Champion: <a href="/ranking/{ranker.pk}/">heads v1</a>' in page
    for words in ("heads (this one)", "Plain sum", "One rater against the others", "heads beats the sum"):
        assert words in page
    assert "0.730 to 0.830" in page
    assert page.count('<svg class="chart"') == 2
    assert "As a table" in page
    assert "Roll back" in page


def test_trainings_promotions_notices_and_trials_are_told(client: Client) -> None:
    champion, other = make_evaluated("champion"), make_evaluated()
    notices.open_notice(champion, "features", "metrics.clip_i", "metrics.clip_i has moved.", {})
    registry.ask_for_promotion(other, reason=WHY)
    training.ask(Wish("heads"))
    trials.begin(other, 0.2)
    page = shown(client, "/ranking/")
    assert "metrics.clip_i has moved." in page
    assert "heads v2 becomes champion as soon as all images are scored" in page
    assert "of heads is waiting" in page
    assert "picks for 20% of the products" in page
    assert WHY in page


def test_an_analyst_sees_it_without_buttons(client_for: ClientFor, analyst: User) -> None:
    make_evaluated("champion")
    notices.open_notice(make_ranker(), "scores", "", "They have moved.", {})
    page = shown(client_for(analyst), "/ranking/")
    assert "<form" not in page.partition("<main")[2]
    assert "Train a ranker" not in page


def test_the_overview_takes_a_bounded_number_of_queries(
    client: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    make_evaluated("champion")
    for _ in range(30):
        make_evaluated()
    for number in range(12):
        Promotion.objects.create(kind="rollback", state="done", reason=str(number))
    with django_assert_max_num_queries(24):
        shown(client, "/ranking/")


def test_rankers_come_a_page_at_a_time(client: Client) -> None:
    rankers = [make_ranker() for _ in range(27)]
    page = shown(client, "/ranking/")
    assert "heads v27" in page
    assert "heads v2<" not in page
    assert "heads v2<" in shown(client, f"/ranking/?after={rankers[2].pk}")


# --- one ranker -----------------------------------------------------------------------------------------------------


def test_a_ranker_shows_its_gate_its_labels_and_its_files(client: Client) -> None:
    ranker = make_evaluated()
    ranker.files.create(name="ranker.json", key="rankers/00/x.json", sha256="ab" * 32, bytes=1234)
    page = shown(client, f"/ranking/{ranker.pk}/")
    for words in ("not passed", "it is not shown to be better", "ranker.json", "300 of 30 products", "52 (17%)"):
        assert words in page
    assert "Promote over the gate" in page


def test_one_that_was_never_evaluated_says_so(client: Client) -> None:
    page = shown(client, f"/ranking/{make_ranker().pk}/")
    assert "It has not been evaluated" in page
    assert "has not been through the gate" in page


def test_the_gate_stops_it_without_a_reason(client: Client) -> None:
    ranker = make_evaluated()
    answer = client.post(f"/ranking/{ranker.pk}/promote/", {"reason": "because"})
    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 409
    assert "The gate says no" in page
    assert "because</textarea>" in page
    assert not Promotion.objects.exists()


def test_with_a_reason_it_is_on_its_way(client: Client, operator: User) -> None:
    ranker = make_evaluated()
    page = told(client, f"/ranking/{ranker.pk}/promote/", reason=WHY)
    assert "becomes champion as soon as all images are scored" in page
    asked = Promotion.objects.get()
    assert (asked.kind, asked.by, asked.state) == ("override", operator, "preparing")


def test_through_the_gate_no_reason_is_asked_for(client: Client) -> None:
    ranker = make_evaluated(promote=True)
    page = shown(client, f"/ranking/{ranker.pk}/")
    assert "promote-reason" not in page
    told(client, f"/ranking/{ranker.pk}/promote/")
    assert Promotion.objects.get().kind == "promotion"


def test_rolled_back_at_once(client: Client) -> None:
    make_evaluated("champion")
    page = told(client, "/ranking/rollback/", reason="Worse.")
    assert "Rolled back: the plain sum decides again." in page
    assert "nothing before it to go back to" in told(client, "/ranking/rollback/")


@pytest.mark.parametrize(
    ("act", "values", "said"),
    [
        ("shadow", {}, "heads v1 scores along, and decides nothing"),
        ("unshadow", {}, "only another can change to candidate"),
        ("evaluate", {}, "is being held against today"),
        ("trial", {"share": "20"}, "picks for a share of the products now"),
        ("trial", {"share": "much"}, "is no share"),
        ("trial", {"share": "80"}, "A share of 0.8 cannot be"),
        ("dance", {}, "A ranker cannot be told to dance"),
    ],
)
def test_what_a_ranker_may_be_told(client: Client, act: str, values: dict[str, str], said: str) -> None:
    assert said in told(client, f"/ranking/{make_evaluated().pk}/do/{act}/", **values)


def test_a_page_of_a_ranker_takes_a_bounded_number_of_queries(
    client: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    ranker = make_evaluated()
    for number in range(40):
        ranker.files.create(name=f"trees-{number}.txt", key=f"rankers/00/{number}.txt", sha256="a", bytes=1)
    with django_assert_max_num_queries(18):
        shown(client, f"/ranking/{ranker.pk}/")


# --- policy, notices, trials ----------------------------------------------------------------------------------------


def test_the_policy_is_changed_in_percent(client: Client) -> None:
    assert 'value="10.0"' in shown(client, "/ranking/picks/edit/")
    told(client, "/ranking/picks/edit/", threshold="25", top="2", distance="0.1", retrain_after="0")
    now = policy.current()
    assert (now.threshold, now.top, now.distance, now.retrain_after) == (0.25, 2, 0.1, 0)


def test_a_policy_that_cannot_be_is_shown_again(client: Client) -> None:
    answer = client.post(
        "/ranking/picks/edit/", {"threshold": "120", "top": "2", "distance": "0", "retrain_after": "0"}
    )
    assert answer.status_code == 422
    assert policy.current().top == 4


def test_a_notice_is_closed(client: Client, operator: User) -> None:
    notice = notices.open_notice(make_ranker(), "scores", "", "They have moved.", {})
    assert "The notice is closed" in told(client, f"/ranking/notices/{notice.pk}/close/")
    assert DriftNotice.objects.get().closed_by == operator


def test_a_trial_shows_both_sides_and_ends(client: Client) -> None:
    trial = Trial.objects.create(ranker=make_evaluated(), share=0.2, seed=1)
    page = shown(client, f"/ranking/trials/{trial.pk}/")
    assert "Trial of heads v1" in page
    assert "The plain sum" in page
    assert "Nothing can be said yet: one of the sides has no rated pick." in page
    assert "The trial has ended" in told(client, f"/ranking/trials/{trial.pk}/end/")
    trial.refresh_from_db()
    assert not trial.running
    assert f'href="/ranking/trials/{trial.pk}/"' in shown(client, "/ranking/"), "it can be read later on"


def test_a_trials_picks_become_a_campaign_on_its_page(client: Client) -> None:
    trial = Trial.objects.create(ranker=make_evaluated(), share=0.5, seed=1)
    address = f"/ranking/trials/{trial.pk}/campaign/"
    none = client.post(address, {"name": "Next", "images": 20, "raters_per_image": 2})
    assert none.status_code == 422
    assert "has no product on its side with 10 picks or fewer" in none.content.decode()
    world = make_world(8, 3, rated=False)
    parted(trial, world.products)
    for one in world.candidates:
        Score.objects.create(
            ranker=trial.ranker, candidate=one, product_id=one.run.product_id, probability=0.5, place=1, picked=True
        )
    for product in world.products:
        ScoredProduct.objects.create(
            ranker=trial.ranker, product=product, policy=policy.settled(), images=3, picked=3, best=0.5
        )
    inside = sum(trials.in_trial(trial, product.pk) for product in world.products)
    page = told(client, address, name="Next", images="400", raters_per_image="2")
    assert f"as a draft with {3 * inside + 2 * (8 - inside)} images of both sides" in page
    assert Campaign.objects.get().raters_per_image == 2


def test_trials_stand_on_other_rooms_pages() -> None:
    begun = trials.begin(make_ranker(), 0.2)
    text = " ".join(render_to_string("ranking/_trials.html", {"trials": comparing.newest_trials()}).split())
    for words in ("heads v1 against the plain sum", "runs", "20% of the products", "Nothing can be said yet"):
        assert words in text
    assert f'href="/ranking/trials/{begun.pk}/"' in text


def test_reviews_page_of_comparisons_tells_trials(client: Client) -> None:
    assert "Rankers tried" not in shown(client, "/review/compare/")
    trials.begin(make_ranker(), 0.2)
    page = shown(client, "/review/compare/")
    assert "Rankers tried on a share of the products" in page
    assert "heads v1 against the plain sum" in page


# --- training -------------------------------------------------------------------------------------------------------


def test_a_training_is_asked_for_and_followed(client: Client, operator: User) -> None:
    campaign = make_campaign(1)
    assert campaign.name in shown(client, "/ranking/train/")
    page = told(
        client, "/ranking/train/", learner="heads", campaigns=[campaign.pk], rule="rater", source="majority", seed="5",
        note="try",
    )  # fmt: skip
    asked = Training.objects.get()
    assert Wish.from_plain(asked.wish) == Wish("heads", (campaign.pk,), "rater", "majority", 5, "try")
    assert asked.asked_by == operator
    assert f"Training #{asked.pk} is on its way" in page
    assert 'hx-trigger="every 2s"' in page
    assert "Cancel" in page


@pytest.mark.parametrize(
    "values",
    [{"learner": "oracle"}, {"seed": "-3"}, {"seed": ""}, {"rule": "coin"}, {"campaigns": ["99"]}, {"note": "x" * 301}],
)
def test_a_training_that_cannot_be_is_refused_at_its_field(client: Client, values: dict[str, Any]) -> None:
    usual = {"learner": "heads", "rule": "rater", "source": "majority", "seed": "0", "note": ""}
    answer = client.post("/ranking/train/", usual | values)
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert not Training.objects.exists()


def test_figures_come_while_it_trains_and_the_page_rests_at_its_end(client: Client) -> None:
    asked = Training.objects.create(
        wish={"learner": "heads", "seed": 0}, told=[{"step": "labels", "said": "300 labels.", "seconds": 0.2}]
    )
    page = shown(client, f"/ranking/trainings/{asked.pk}/live/")
    assert "300 labels." in page
    assert "hx-trigger" not in page, "it has no job that would go on"
    ranker = make_ranker()
    Training.objects.filter(pk=asked.pk).update(ranker=ranker, ended_at="2026-01-01T00:00:00Z")
    assert f'href="/ranking/{ranker.pk}/"' in shown(client, f"/ranking/trainings/{asked.pk}/")


def test_its_jobs_page_has_a_panel(client: Client) -> None:
    asked = training.ask(Wish("heads"))
    assert f"/ranking/jobs/{asked.job_id}/" in shown(client, f"/jobs/{asked.job_id}/")
    assert "every 3s" in shown(client, f"/ranking/jobs/{asked.job_id}/")
    assert "trains nothing that is known" in shown(client, "/ranking/jobs/987654/")


# --- what to rate next ----------------------------------------------------------------------------------------------


def test_a_plan_is_asked_for(client: Client) -> None:
    page = told(client, "/ranking/rate-next/", budget="40", top="50", uncertain="30")
    plan = RatingPlan.objects.get()
    assert plan.shares == pytest.approx({"top": 0.5, "uncertain": 0.3, "random": 0.2})
    assert "The images are being drawn" in page
    assert f"Plan #{plan.pk}" in shown(client, "/ranking/rate-next/")


@pytest.mark.parametrize("values", [{"budget": "0"}, {"top": "80", "uncertain": "20"}, {"budget": "x"}])
def test_a_plan_that_cannot_be_is_shown_again(client: Client, values: dict[str, str]) -> None:
    answer = client.post("/ranking/rate-next/", {"budget": "10", "top": "50", "uncertain": "25"} | values)
    assert answer.status_code == 422
    assert not RatingPlan.objects.exists()


def test_a_plan_becomes_a_campaign_on_its_page(client: Client) -> None:
    plan = RatingPlan.objects.create(budget=2, seed=1, gain={"sentence": "Expected: 1 passing image."})
    for why in ("top", "random"):
        plan.images.create(candidate=make_candidate(), why=why, inclusion=0.5, probability=0.4)
    page = shown(client, f"/ranking/plans/{plan.pk}/")
    for words in ("It would be picked", "By chance", "Expected: 1 passing image.", "50% to 50%"):
        assert words in page
    assert "as a draft with 2 images" in told(
        client, f"/ranking/plans/{plan.pk}/campaign/", name="Next", raters_per_image="2"
    )
    again = client.post(f"/ranking/plans/{plan.pk}/campaign/", {"name": "Next", "raters_per_image": "2"})
    assert again.status_code == 422
    assert Campaign.objects.count() == 1
    assert plans.job_of(plan) is None


# --- on others' pages -----------------------------------------------------------------------------------------------


def test_a_products_page_has_its_picks(client: Client) -> None:
    world = make_world(1, 3, rated=False)
    product = world.products[0]
    assert f"/ranking/products/{product.pk}/" in shown(client, product.get_absolute_url())
    assert "By the plain sum" in shown(client, f"/ranking/products/{product.pk}/")
    champion = make_ranker("champion")
    assert "Its images are not scored yet" in shown(client, f"/ranking/products/{product.pk}/")
    ScoredProduct.objects.create(
        ranker=champion, product=product, policy=policy.settled(), images=3, picked=0, best=0.04,
        ids=sum(one.pk for one in world.candidates),
    )  # fmt: skip
    page = shown(client, f"/ranking/products/{product.pk}/")
    assert "No image is good enough." in page
    assert "The best of 3 has a probability of passing of 4.0%; 10% is the least." in page


def test_a_candidates_page_says_what_rankers_say_and_why(
    client: Client, operator: User, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    candidate = make_candidate()
    assert [panel.url for panel in panels_for(candidate.pk, operator)] == [f"/ranking/candidates/{candidate.pk}/"]
    assert "No learned ranker has scored this image" in shown(client, f"/ranking/candidates/{candidate.pk}/")
    champion, shadow, idle = make_ranker("champion"), make_ranker("shadow"), make_ranker()
    for ranker in (champion, shadow, idle):
        Score.objects.create(
            ranker=ranker, candidate=candidate, product_id=candidate.run.product_id, probability=0.34, place=2
        )
    page = shown(client, f"/ranking/candidates/{candidate.pk}/")
    assert page.count("34%") == 2, "the idle one says nothing"
    assert f'hx-post="/ranking/candidates/{candidate.pk}/explain/" hx-trigger="load"' in page
    assert not Job.objects.exists(), "looking writes nothing"
    for _ in range(3):
        page = told(client, f"/ranking/candidates/{candidate.pk}/explain/")
        assert "A worker is finding out why" in page
        assert "hx-get" in page
    job = Job.objects.get()
    assert (job.params, job.asked_by) == ({"ranker": champion.pk, "candidate": candidate.pk}, operator)
    Job.objects.update(state="failed", error="Memory ran out.", finished_at=job.created_at)
    for page in (shown(client, f"/ranking/candidates/{candidate.pk}/"),
                 told(client, f"/ranking/candidates/{candidate.pk}/explain/")):  # fmt: skip
        assert "failed: Memory ran out." in page
        assert "hx-trigger" not in page
    assert Job.objects.count() == 1
    Explanation.objects.create(
        ranker=champion, candidate=candidate,
        contributions=[{"feature": "metrics.clip_i", "value": 0.8, "contribution": 0.7},
                       {"feature": "base", "value": 1, "contribution": -1.4}],
    )  # fmt: skip
    with django_assert_max_num_queries(14):
        page = shown(client, f"/ranking/candidates/{candidate.pk}/")
    assert "Why heads v1 says so" in page
    assert "CLIP-I" in page
    assert "+0.70" in page
    assert "hx-trigger" not in page


def test_while_many_wait_no_other_image_is_asked_about(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "MOST_WAITING", 2)
    champion = make_ranker("champion")
    for number in range(3):
        candidate = make_candidate()
        Score.objects.create(
            ranker=champion, candidate=candidate, product_id=candidate.run.product_id, probability=0.34, place=2
        )
        page = told(client, f"/ranking/candidates/{candidate.pk}/explain/")
        assert ("2 other images wait to be explained" in page) is (number == 2)
    assert Job.objects.count() == 2
    assert "load delay:10s" in page
