"""What a show does where things go otherwise: late images, removed products, jobs given up, people's own verdicts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from catalog.models import Product
from generation.models import Candidate, Method, Run, RunStage
from jobs.context import JobContext
from jobs.models import Job, State, Step
from jobs.signals import job_finished
from ranking.models import Promotion, Ranker, Training
from raters.models import Campaign, CampaignFigures, Rater, Verdict
from raters.models.campaigns import Origin
from raters.services import campaigns, tasks
from raters.services import passing as passing_on
from raters.simulation import person
from review.models import Comparison
from tests.factories.catalog import make_photo
from tests.factories.generation import make_candidate, make_result, make_run
from tests.factories.ranking import make_ranker
from tests.factories.rating import YES, lease, make_campaign, make_rater, rate
from tests.vitrine.demo.conftest import SLOW, OverBut
from vitrine.demo import advancing, crowd, filling, looking, making, outcomes, shows, tour
from vitrine.demo.outcomes import Progress, judged
from vitrine.demo.shows import STEP, Show
from vitrine.demo.steps import step_named

GoOn = Callable[..., int]


def ready(show: Show, *names: str) -> list[bool]:
    return [step_named(show, name).ready(show) for name in names]


def step_job(show: Show, step: str, **made: Any) -> Job:
    """The job of a step, as it is after its work; `made` is what it noted."""
    job = Job.objects.create(
        kind=STEP, key=show.key(step), queue="cpu", state=State.SUCCEEDED, finished_at=timezone.now()
    )
    for name, result in made.items():
        Step.objects.create(job=job, name=name, result=result, fence=0)
    return job


def all_judged(over_but: OverBut, go_on: GoOn) -> tuple[Show, Campaign, Rater]:
    """A show of one's own photos whose eight images a rater has judged, and its figures and comparison made."""
    own = over_but(name="photos-1", crowd=False)
    go_on(without=SLOW)
    campaign, rater = Campaign.objects.get(), make_rater()
    for _ in range(8):
        rate(rater, campaign, YES)
    go_on(without=SLOW)
    return own, campaign, rater


def test_images_that_come_after_all_others_join_the_campaign(over_but: OverBut, go_on: GoOn) -> None:
    own = over_but(name="photos-1", crowd=False)
    go_on(without=SLOW)
    campaign = Campaign.objects.get()
    assert campaign.task_count == 8
    make_candidate(Run.objects.filter(product=own.products[0])[0], seed=7)
    advancing.advance()
    advancing.advance()
    campaign.refresh_from_db()
    assert campaign.task_count == 9
    rater = make_rater()
    for _ in range(9):
        rate(rater, campaign, YES)
    assert judged(own) == campaign
    agreement = next(stop for stop in tour.STOPS if stop.name == "agreement")
    assert agreement.where(own) == "", "there are no made-up raters of one's own photos"


def test_figures_are_made_anew_once_the_images_that_joined_are_judged(over_but: OverBut, go_on: GoOn) -> None:
    own, campaign, rater = all_judged(over_but, go_on)
    before = Job.objects.get(key=own.key("compare"))
    assert before.state == State.SUCCEEDED
    make_candidate(Run.objects.filter(product=own.products[0])[0], seed=7)
    advancing.advance()
    assert advancing.advance() == 0, "the new image has not been judged"
    assert Job.objects.get(key=own.key("compare")) == before
    campaign.refresh_from_db()
    rate(rater, campaign, YES)
    go_on(without=SLOW)
    again = Job.objects.get(key=own.key("compare"))
    assert (again.pk > before.pk, again.state) == (True, State.SUCCEEDED)
    assert advancing.advance() == 0


def figures_jobs() -> int:
    return Job.objects.filter(kind="raters.figures").count()


def test_figures_that_failed_once_are_asked_for_again_once_more_is_judged(over_but: OverBut, go_on: GoOn) -> None:
    own, campaign, rater = all_judged(over_but, go_on)
    assert (figures_jobs(), outcomes.figures_there(own).over, outcomes.figures_hold(campaign)) == (1, True, False)
    make_candidate(Run.objects.filter(product=own.products[0])[0], seed=7)
    advancing.advance()
    campaign.refresh_from_db()
    rate(rater, campaign, YES)
    assert not outcomes.figures_there(own).over
    go_on(without=SLOW)
    assert (figures_jobs(), outcomes.figures_there(own).over) == (2, True)


def test_figures_hold_until_something_is_rated(over_but: OverBut, go_on: GoOn) -> None:
    over_but(name="photos-1", crowd=False)
    go_on(without=SLOW)
    campaign = Campaign.objects.get()
    CampaignFigures.objects.create(campaign=campaign, computed_at=timezone.now())
    assert outcomes.figures_hold(campaign)
    rate(make_rater(), campaign, YES)
    assert not outcomes.figures_hold(campaign)


def test_a_withheld_image_holds_nothing_up(over_but: OverBut, go_on: GoOn) -> None:
    own = over_but(name="photos-1", crowd=False)
    go_on(without=SLOW)
    campaign, rater = Campaign.objects.get(), make_rater()
    (reported,) = lease(rater, campaign)
    passing_on.report(rater, reported.uuid, "It does not load.")
    for _ in range(6):
        rate(rater, campaign, YES)
    assert judged(own) is None, "one is still handed out"
    rate(rater, campaign, YES)
    assert judged(own) == campaign
    go_on(without=SLOW)
    (shown,) = looking.all_shown(shows.operator())
    (line,) = [line for line in shown.lines if line.name == "rate"]
    assert (line.state, line.progress.said) == ("done", "7 of 7 rated; 1 withheld")
    assert ("Reports of images", f"/campaigns/{campaign.pk}/reports/") in line.links
    assert {line.state for line in shown.lines} == {"done"}
    before = Job.objects.get(key=own.key("figures"))
    tasks.release(reported.task)
    assert judged(own) is None
    rate(make_rater(), campaign, YES)
    go_on(without=SLOW)
    assert Job.objects.get(key=own.key("figures")).pk > before.pk, "once it is let go and rated, figures are made anew"


def test_a_campaign_that_was_closed_early_is_judged(over_but: OverBut, go_on: GoOn) -> None:
    own = over_but(name="photos-1", crowd=False)
    go_on(without=SLOW)
    campaign = Campaign.objects.get()
    rate(make_rater(), campaign, YES)
    assert judged(own) is None
    campaigns.close(campaign)
    assert judged(own) == campaign


def test_what_begins_anew_is_begun_once_whoever_else_looks(over_but: OverBut, go_on: GoOn) -> None:
    own, campaign, rater = all_judged(over_but, go_on)
    make_candidate(Run.objects.filter(product=own.products[0])[0], seed=7)
    advancing.advance()
    campaign.refresh_from_db()
    rate(rater, campaign, YES)
    # Its end, by being cancelled for what comes, has everybody look.
    Job.objects.filter(key=own.key("compare")).update(state=State.QUEUED, finished_at=None)
    job_finished.connect(advancing.on_job_finished)
    try:
        advancing.advance()
    finally:
        job_finished.disconnect(advancing.on_job_finished)
    waiting = Job.objects.filter(kind=STEP, state=State.QUEUED)
    assert [(job.key, job.params["step"]) for job in waiting] == [(own.key("figures"), "figures")]


@pytest.mark.parametrize(
    ("planned", "crowd", "images", "state"),
    [
        pytest.param(True, False, True, "yours", id="not found in its photos"),
        pytest.param(False, True, False, "yours", id="lacks something, and a crowd has nothing to judge"),
        pytest.param(True, True, True, "done", id="a crowd goes on without it"),
    ],
)
def test_a_product_that_waits_for_a_person_is_shown_where_to_help(
    over_but: OverBut, planned: bool, crowd: bool, images: bool, state: str
) -> None:
    own = over_but(name="photos-1", crowd=crowd)
    step_job(own, "first")
    cover = make_photo(Product.objects.get(pk=own.products[0]))
    Product.objects.filter(pk=own.products[0]).update(cover=cover)
    runs = Run.objects.filter(product=own.products[0])
    runs.update(state=Run.State.NEEDS_PERSON, finished_at=None, problem="No mug was found.")
    if not images:
        Candidate.objects.all().delete()
    for run in runs if planned else ():
        RunStage.objects.create(run=run, order=0, stage="segment", method=run.method, result=make_result("segment"))
    (asked,) = outcomes.asked_of_people(own)
    assert (asked.product.pk, asked.problem) == (own.products[0], "No mug was found.")
    assert asked.url == (f"/photos/{cover.pk}/cutout/" if planned else f"/products/{own.products[0]}/")
    lines = {line.name: line.state for line in looking.all_shown(shows.operator())[0].lines}
    assert lines["first"] == state


def test_a_crowds_campaign_is_left_alone(over: Show) -> None:
    make_candidate(Run.objects.filter(product=over.products[0])[0], seed=7)
    assert making.add_late(over) == 0
    assert set(Campaign.objects.values_list("task_count", flat=True)) == {8}


def test_what_a_visitor_runs_beside_a_show_is_not_of_it(demo: Settings, db: None) -> None:
    """The ablation on all products, as before it was cut to twelve: as many as all that the step wants are over."""
    filling.add_methods()
    filling.add_samples()
    show = shows.samples(wanted=shows.USUAL_SET)
    waiting = set(show.rest[:12])
    for name in shows.SWAPS:
        method = Method.objects.get(name=name)
        for product in Product.objects.filter(pk__in=show.rest):
            state = "running" if product.pk in waiting and name == shows.SWAPS[0] else "succeeded"
            make_candidate(make_run(product, method=method, state=state))
    rest = step_named(show, "rest").progress(show)
    assert (rest.done, rest.total, rest.said) == (18 - 12 + 6, 18 + 6, "24 images")
    assert len(outcomes.images(show)) == 24
    Run.objects.update(state=Run.State.SUCCEEDED, finished_at=timezone.now())
    assert step_named(show, "rest").progress(show).over


def test_a_show_goes_on_with_the_version_that_it_has_begun_with(over_but: OverBut) -> None:
    """As where a recipe of the small ones has changed since, and the second product was not begun."""
    show = over_but(learned=shows.SMALL_SET, learns=shows.SMALL[:1])
    old = Method.objects.get(name=shows.SMALL[0])
    drawn = make_candidate(make_run(Product.objects.get(pk=show.first[0]), method=old, state="succeeded"))
    newest = Method.objects.create(name=old.name, version=2, title=old.title, recipe=old.recipe)
    assert drawn.pk in outcomes.images(show)
    making.learn(show, JobContext(step_job(show, "learn")))
    begun = Run.objects.filter(method__name=old.name).order_by("pk").values_list("product", "method__version")
    assert list(begun) == [(show.first[0], 1), (show.first[1], 1)]
    Run.objects.filter(product=show.first[1], method=old).update(method=newest)
    making.learn(show, JobContext(Job.objects.get(key=show.key("learn"))))
    assert begun.count() == 2, "another version will do"


def test_a_method_that_cannot_begin_stops_the_images_and_not_the_photos(begun: Show, go_on: GoOn) -> None:
    Method.objects.filter(name=shows.SWAPS[0]).update(retired=True)
    go_on(most=12)
    states = dict(Job.objects.filter(kind=STEP).values_list("params__step", "state"))
    assert states == {"photos": State.SUCCEEDED, "first": State.FAILED}
    assert "is retired" in Job.objects.get(key=begun.key("first")).error


def test_what_comes_after_the_crowd_has_ended_is_judged_with_the_rest(over: Show, go_on: GoOn) -> None:
    """As where the step that learns had failed, and is retried once all is over."""
    runs, before = Run.objects.filter(product=over.products[0]), Job.objects.get(key=over.key("crowd"))
    make_candidate(runs[0], seed=7)
    runs.update(state=Run.State.RUNNING, finished_at=None)
    assert advancing.advance() == 0, "more may come"
    runs.update(state=Run.State.SUCCEEDED, finished_at=timezone.now())
    go_on(without=SLOW)
    assert advancing.advance() == 0
    assert Job.objects.get(key=over.key("crowd")).pk > before.pk
    assert Job.objects.get(key=over.key("compare")).state == State.SUCCEEDED
    made_up = Campaign.objects.filter(origin=Origin.SIMULATION).order_by("pk")
    assert list(made_up.values_list("task_count", "state")) == [(8, "closed"), (9, "closed")]
    assert judged(over) == made_up[1]


@pytest.mark.parametrize("crowd", [True, False])
def test_of_two_that_see_at_once_that_there_is_more_one_begins(
    over_but: OverBut, go_on: GoOn, monkeypatch: pytest.MonkeyPatch, crowd: bool
) -> None:
    """The second has looked before the first has begun anything, and goes on after it."""
    show = over_but() if crowd else all_judged(over_but, go_on)[0]
    go_on(without=SLOW)
    make_candidate(Run.objects.filter(product=show.products[0])[0], seed=7)
    if not crowd:
        advancing.advance()
        rate(Rater.objects.get(), Campaign.objects.get(), YES)
    name, step = ("crowd_is_behind", "crowd") if crowd else ("more_are_judged", "figures")
    looks, firsts = getattr(advancing, name), []

    def look(show: Show) -> bool:
        found = bool(looks(show))
        if found and not firsts:
            firsts.append(True)
            firsts.append(Job.objects.get(key=show.key(step)).pk if advancing.advance() else None)
        return found

    monkeypatch.setattr(advancing, name, look)
    assert advancing.advance() == 0
    now = Job.objects.get(key=show.key(step))
    assert (now.pk, now.state) == (firsts[1], State.QUEUED)
    assert not Job.objects.filter(kind=STEP, state=State.CANCELLED).exists()


def test_a_crowd_that_was_called_off_leaves_no_campaign_open(over_but: OverBut, go_on: GoOn) -> None:
    show = over_but()
    former, others = (make_campaign(1, origin=Origin.SIMULATION) for _ in range(2))
    job = Job.objects.create(
        kind=STEP, params={"show": show.name, "step": "crowd"}, queue="cpu", state=State.CANCELLED,
        finished_at=timezone.now(),
    )  # fmt: skip
    Step.objects.create(job=job, name="campaign", result=former.pk, fence=0)
    go_on(without=SLOW)
    states = dict(Campaign.objects.values_list("pk", "state"))
    assert (states[former.pk], states[others.pk]) == ("closed", "open")


def test_training_methods_wait_for_nobodys_ratings(over_but: OverBut) -> None:
    own = over_but(name="photos-1", crowd=False, learned="mini")
    assert ready(own, "learn", "compare") == [True, False]
    lines = {line.name: line.state for line in looking.all_shown(shows.operator())[0].lines}
    assert (lines["learn"], lines["compare"]) == ("waiting", "yours")
    Run.objects.filter(product=own.products[0]).update(state=Run.State.RUNNING, finished_at=None)
    assert ready(own, "learn") == [False]


@pytest.mark.parametrize(
    ("state", "goes_on", "crowd"),
    [
        pytest.param(State.QUEUED, False, False, id="it has not begun"),
        pytest.param(State.SUCCEEDED, False, False, id="its runs are about to be there"),
        pytest.param(State.FAILED, False, True, id="it failed before any run"),
        pytest.param(State.CANCELLED, False, True, id="it was cancelled"),
        pytest.param(State.FAILED, True, False, id="it failed, and a run goes on"),
    ],
)
def test_a_crowd_waits_for_what_learns_unless_that_was_given_up(
    over_but: OverBut, state: State, goes_on: bool, crowd: bool
) -> None:
    show = over_but(learned=shows.SMALL_SET, learns=shows.SMALL)
    step_job(show, "learn")
    Job.objects.filter(key=show.key("learn")).update(
        state=state, finished_at=None if state == State.QUEUED else timezone.now()
    )
    if goes_on:
        method = Method.objects.get(name=shows.SMALL[0])
        make_run(Product.objects.get(pk=show.first[0]), method=method, model_set="mini", state="running")
    assert ready(show, "crowd") == [crowd]


def test_the_runs_of_each_method_that_learns_are_led_to(over_but: OverBut) -> None:
    show = over_but(learned=shows.SMALL_SET, learns=shows.SMALL)
    old = Method.objects.get(name=shows.SMALL[1])
    newest = Method.objects.create(name=old.name, version=2, title=old.title, recipe=old.recipe)
    pks = (Method.objects.get(name=shows.SMALL[0]).pk, newest.pk)
    assert step_named(show, "learn").links(show) == [
        (f"Runs of {name}", f"/runs/?method={pk}") for name, pk in zip(shows.SMALL, pks, strict=True)
    ]


def test_where_all_first_products_ask_a_person_the_others_are_rated(
    over_but: OverBut, go_on: GoOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shows, "FIRST", 1)
    own = over_but(name="photos-1", crowd=False)
    asking, others = (Run.objects.filter(product__in=products) for products in (own.first, own.rest))
    Candidate.objects.filter(run__in=asking).delete()
    asking.update(state=Run.State.NEEDS_PERSON, finished_at=None)
    others.update(state=Run.State.RUNNING, finished_at=None)
    assert ready(own, "rate", "more") == [False, False]
    others.update(state=Run.State.SUCCEEDED, finished_at=timezone.now())
    assert ready(own, "rate", "more") == [True, False]
    go_on(without=SLOW)
    assert Campaign.objects.get().task_count == 4


def test_removed_products_hold_nothing_up(over_but: OverBut) -> None:
    own = over_but(name="photos-1", crowd=False)
    Product.objects.get(pk=own.products[0]).delete()
    first = step_named(own, "first").progress(own)
    assert (first.done, first.total, outcomes.photos_there(own).total) == (2, 2, 1)
    assert outcomes.existing(own.products) == own.products[1:]
    Product.objects.all().delete()
    assert making.run_swaps(lambda show: show.first, own, JobContext(step_job(own, "first"))) == {}


@pytest.mark.parametrize(
    ("state", "over", "said"),
    [(State.QUEUED, False, ""), (State.FAILED, True, "failed."), (State.CANCELLED, True, "was cancelled.")],
)
def test_a_comparison_that_was_given_up_is_told(db: None, state: State, over: bool, said: str) -> None:
    show = Show("photos-1", "Own", ())
    assert outcomes.compared(show) == Progress(0, 1)
    row = Comparison.objects.create(methods=["a", "b"])
    step_job(show, "compare", comparison=row.pk)
    ended = timezone.now() if state != State.QUEUED else None
    job = Job.objects.create(kind="review.compare", key=row.job_key, queue="cpu", state=state, finished_at=ended)
    told = outcomes.compared(show)
    assert (told.over, told.said) == (over, said and f"The comparison was not made: its job #{job.pk} {said}")
    Comparison.objects.filter(pk=row.pk).update(computed_at=timezone.now())
    assert outcomes.compared(show) == Progress(1, 1)


@pytest.fixture
def passing(db: None) -> tuple[Show, Ranker]:
    """A show whose ranker the gate lets through, held against the plain sum."""
    show = Show("samples", "The sample catalogue", ())
    shows.begin(show)
    ranker = make_ranker(gate={"promote": True, "against": None})
    step_job(show, "train", training=Training.objects.create(wish={}, ranker=ranker, ended_at=timezone.now()).pk)
    return show, ranker


def gate(show: Show) -> dict[str, Any]:
    """What the gate's step does in a worker's hands."""
    job = Job.objects.create(
        kind=STEP, key=show.key("gate"), queue="cpu", state=State.RUNNING, worker="cpu@test:1",
        lease_until=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    return making.pass_gate(show, JobContext(job))


def judge(**settings: Any) -> Campaign:
    campaign = make_campaign(1, raters_per_image=1, **settings)
    rate(make_rater(), campaign, YES)
    assert Verdict.objects.filter(campaign=campaign, final=True).count() == 1
    return campaign


def test_the_demos_ranker_decides_where_nobody_else_has_judged(passing: tuple[Show, Ranker]) -> None:
    show, ranker = passing
    judge(origin=Origin.SIMULATION)
    step_job(show, "rate", campaign=judge().pk)  # what the visitor rates is the demonstration's, too
    assert gate(show)["promoted"] is True
    assert Promotion.objects.get().after == ranker


def test_it_does_not_decide_for_people_who_have_judged(passing: tuple[Show, Ranker]) -> None:
    show, _ = passing
    judge()
    assert gate(show) == {"promoted": False}
    assert not Promotion.objects.exists()
    assert "The gate lets it through, and it does not decide: people have judged images" in outcomes.gated(show).said


def test_it_does_not_take_the_place_of_anothers_ranker(passing: tuple[Show, Ranker]) -> None:
    show, ranker = passing
    champion = make_ranker("champion", name="real")
    Ranker.objects.filter(pk=ranker.pk).update(gate={"promote": True, "against": champion.pk})
    assert gate(show) == {"promoted": False}
    assert "real v1 decides" in outcomes.gated(show).said


def test_it_takes_the_place_of_one_that_the_demo_trained_before(passing: tuple[Show, Ranker]) -> None:
    """As where the crowd is asked once more, since a small set has learned."""
    show, ranker = passing
    champion = make_ranker("champion", name="former")
    Ranker.objects.filter(pk=ranker.pk).update(gate={"promote": True, "against": champion.pk})
    former = Job.objects.create(kind=STEP, queue="cpu", state=State.SUCCEEDED, finished_at=timezone.now())
    training = Training.objects.create(wish={}, ranker=champion, ended_at=timezone.now())
    Step.objects.create(job=former, name="training", result=training.pk, fence=0)
    assert gate(show)["promoted"] is True


def test_one_of_the_crowd_is_careless_as_the_tour_says() -> None:
    people = [person(crowd.SEED, number, crowd.CARELESS) for number in range(crowd.RATERS)]
    assert sum(one.careless for one in people) == 1
