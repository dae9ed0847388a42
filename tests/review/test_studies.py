"""Metrics against people and the planner: what a worker makes of an address, and what the page shows of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from jobs.exceptions import JobError
from jobs.models import Job, State
from raters.models import Campaign, Rating
from review import against_people, plans
from review.filters import Filters
from review.models import Study
from review.services import studies
from review.study_forms import MetricsForm, PlannerForm, metrics_query
from tests.factories.accounts import make_user
from tests.factories.catalog import make_product
from tests.factories.ranking import make_ranker
from tests.review.made import judged, run_job
from tests.review.measured import measured, scored

ClientFor = Callable[[User | None], Client]
PLAN = {"base": 10, "expected": 25, "images": 6, "raters": 3, "power": 80, "level": 5}


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(against_people, "RESAMPLES", 60)
    monkeypatch.setattr(against_people, "RESAMPLES_OF_TYPES", 30)


def test_metrics_are_held_against_the_verdicts(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    measured()
    scored(make_ranker())
    quick(monkeypatch)
    found = against_people.compute(metrics_query(Filters(), 1))
    rows = {row.name: row for row in found.rows}
    assert (found.images, found.products, found.of_images) == (48, 12, 48)
    assert rows["sum"].figures["auc"].value == 1
    assert rows["sum"].figures["top_1"].value == 1
    assert rows["clip_t"].figures["pearson"].value is None
    assert rows["seg_clip_i"].said == "No judged image has a value of it."
    (ranker,) = [scale for scale in found.scales if scale.probability]
    assert rows[ranker.key].figures["auc_within"].value == 1
    assert [(one["predicted"], one["value"]) for one in found.reliability[ranker.key]] == [
        (pytest.approx(0.1), 0), (pytest.approx(0.9), 1),
    ]  # fmt: skip
    (week,) = found.drift[ranker.key]
    assert (week["value"], week["of"]) == (1, 24)
    assert [one.name for one in found.types] == ["mug"]
    assert found.scatter["seg_clip_i"] == {"points": [], "groups": []}
    assert sum(one["of"] for one in found.scatter["sum"]["groups"]) == 48


def test_of_many_images_whole_products_are_drawn(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    measured()
    quick(monkeypatch)
    monkeypatch.setattr(against_people, "MOST_IMAGES", 20)
    found = against_people.compute(metrics_query(Filters(), 3))
    assert (found.of_images, found.of_products, found.products, found.images) == (48, 12, 5, 20)
    assert found.images == against_people.compute(metrics_query(Filters(), 3)).images


def test_nothing_judged_is_said(db: None) -> None:
    study = studies.ask(Study.Kind.METRICS, metrics_query(Filters(campaign=9), 3))
    with pytest.raises(JobError, match="nothing to hold against people"):
        studies.run(study.pk)
    study.refresh_from_db()
    assert "nothing to hold" in study.problem


def test_asking_twice_makes_it_once_and_again_when_it_is_there(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(products=3)
    quick(monkeypatch)
    query = metrics_query(Filters(), 3)
    first = studies.ask(Study.Kind.METRICS, query)
    assert studies.ask(Study.Kind.METRICS, query) == first
    run_job(Job.objects.get())
    again = studies.ask(Study.Kind.METRICS, query)
    assert again != first
    assert studies.newest(Study.Kind.METRICS, query) == again
    assert studies.newest(Study.Kind.METRICS, metrics_query(Filters(), 4)) is None


def test_the_page_on_metrics_from_asking_to_figures(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    measured()
    scored(make_ranker())
    quick(monkeypatch)
    assert "Not computed for these images yet" in client.get("/review/metrics/").content.decode()
    response = client.post("/review/metrics/?method=a&first=2")
    assert (response.status_code, response.url) == (302, "/review/metrics/?method=a&first=2")
    waiting = client.get(response.url).content.decode()
    assert "Being computed" in waiting
    study = Study.objects.get()
    assert "HX-Refresh" not in client.get(f"/review/studies/{study.pk}/").headers
    run_job(Job.objects.get())
    assert client.get(f"/review/studies/{study.pk}/").headers["HX-Refresh"] == "true"
    page = client.get(response.url).content.decode()
    assert "48 judged images of 12 products" in page
    assert page.count('data-plot="') == 2  # the third has one week only, and says so
    assert "no course to draw" in page
    assert "100.0 %" in page
    assert 'data-plot="against-clip-i"' in client.get(f"{response.url}&metric=clip_i").content.decode()
    assert 'data-plot="against-clip-i"' not in client.get(f"{response.url}&metric=gone").content.decode()


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
@pytest.mark.parametrize(
    ("address", "sent"),
    [("/review/metrics/?method=a&first=2", {}), ("/review/planner/", PLAN)],
    ids=["metrics", "plan"],
)
def test_a_study_whose_job_ended_without_it_is_asked_for_again(
    address: str, sent: dict[str, Any], state: State, client: Client
) -> None:
    page = client.post(address, sent).url
    study = Study.objects.get()
    assert 'hx-trigger="every 2s"' in client.get(page).content.decode()
    Job.objects.update(state=state, error="the worker was stopped", finished_at=timezone.now())
    assert client.get(f"/review/studies/{study.pk}/").headers["HX-Refresh"] == "true"
    told = client.get(page).content.decode()
    assert "It was not made" in told
    assert "every 2s" not in told
    assert ("Compute again" if "metrics" in address else "Simulate") in told
    client.post(address, sent)
    assert Study.objects.count() == 2
    assert "Being computed" in client.get(page).content.decode()


@pytest.mark.parametrize("query", ["since=2026-02-01&until=2026-01-01", "first=0", "first=x"])
def test_metrics_of_what_cannot_be(query: str, client: Client) -> None:
    assert client.get(f"/review/metrics/?{query}").status_code == 422
    assert client.post(f"/review/metrics/?{query}").status_code == 422
    assert not Study.objects.exists()


def test_usual_choices_stand_in_for_what_is_not_given() -> None:
    assert MetricsForm({}).asked() == (3, "")
    assert MetricsForm({"first": "5", "metric": "clip_i"}).asked() == (5, "clip_i")


def test_the_planner_from_form_to_figures(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "POINTS", 3)
    monkeypatch.setattr(plans.planning, "STUDIES", 200)
    assert "What do you expect?" in client.get("/review/planner/").content.decode()
    response = client.post("/review/planner/", PLAN)
    address = response.url
    assert address == "/review/planner/?base=10&expected=25&images=6&raters=3&power=80&level=5"
    assert client.post("/review/planner/", PLAN).url == address
    run_job(Job.objects.get())
    page = client.get(address).content.decode()
    result = Study.objects.get().result
    assert result["ratings"] == result["products"] * 6 * 2 * 3
    assert f"<strong>{result['products']:,}</strong>" in page
    assert "no time of a rating is known" in page
    assert "fewer than 10 products are judged" in page
    assert 'data-plot="power"' in page


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"expected": 10}, "no number of products tells them apart"),
        ({"base": 0}, "greater than or equal to 0.1"),
        ({"images": 0}, "greater than or equal to 1"),
        ({"icc": 2}, "less than or equal to 0.95"),
        ({"power": "much"}, "Enter a number"),
    ],
)
def test_plans_that_cannot_be_are_told(change: dict[str, Any], why: str, client: Client) -> None:
    response = client.post("/review/planner/", PLAN | change)
    assert response.status_code == 422
    assert why in response.content.decode()
    assert not Study.objects.exists()


def test_a_plan_beyond_reach_says_so(client: Client) -> None:
    study = studies.ask(Study.Kind.PLAN, PlannerForm(PLAN | {"expected": 10.1, "images": 1}).query)
    with pytest.raises(JobError, match="more than 5,000 products"):
        studies.run(study.pk)
    assert "too small" in client.get(f"/review/planner/?{study.query}").content.decode()


def test_a_plan_takes_what_is_observed(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "POINTS", 2)
    wanted = []
    for number in range(16):
        product = make_product(f"Mug {number}")
        good = number % 4 == 0
        wanted += [(product, method, "beach", [good, good, good, number == 1]) for method in "ab"]
    judged(wanted)
    found = plans.compute(PlannerForm(PLAN | {"seconds": 20}).query)
    assert found.icc.source == "observed in 16 products"
    assert found.icc.value > 0.4
    assert found.shared.source == "observed in 16 products of two methods"
    assert found.shared.value > 0.9
    assert found.hours == pytest.approx(found.ratings * 20 / 3600)
    given = plans.compute(PlannerForm(PLAN | {"icc": 0.2, "shared": 0}).query)
    assert (given.icc.source, given.icc.value, given.shared.value) == ("as given", 0.2, 0)
    assert given.seconds is None
    timed = Rating.objects.filter(pk__in=Rating.objects.order_by("pk").values("pk")[:4])
    timed.update(active_ms=9_000)
    assert plans.compute(PlannerForm(PLAN).query).seconds == 9
    newest = Rating.objects.filter(active_ms=9_000).latest("pk")
    Rating.objects.filter(pk=newest.pk).update(active_ms=5_000)
    monkeypatch.setattr(plans, "TIMED", 2)
    assert plans.compute(PlannerForm(PLAN).query).seconds == 7
    Rating.objects.filter(pk=newest.pk).update(origin="simulation")
    assert plans.compute(PlannerForm(PLAN).query).seconds == 9
    other = PlannerForm(PLAN | {"campaign": Campaign.objects.get().pk + 1})
    assert plans.compute(other.query).seconds is None


@pytest.mark.parametrize("address", ["/review/metrics/", "/review/planner/", "/review/studies/1/", "/review/weeks/"])
def test_only_who_may_look_sees_it(address: str, client_for: ClientFor, rater: User) -> None:
    for person in (rater, make_user()):
        assert client_for(person).get(address).status_code in (403, 404)
    assert client_for(None).get(address).status_code == 302


def test_a_study_that_there_is_not(client: Client) -> None:
    assert client.get("/review/studies/999/").status_code == 404


def test_weeks_are_a_part_of_a_page(client: Client) -> None:
    measured(products=2)
    assert "within one week" in client.get("/review/weeks/?method=a").content.decode()
    assert client.get("/review/weeks/?campaign=x").status_code == 422
