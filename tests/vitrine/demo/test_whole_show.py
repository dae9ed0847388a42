"""The whole loop at its smallest, on real classes: two products, two images each by four methods, to a comparison."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from pytest_django import Settings

from catalog.models import Photo
from generation.models import Candidate, PhotoCaption, Run
from generation.pipeline import Stage
from jobs import services
from jobs.context import JobContext
from jobs.models import Job, State
from ranking.models import Training
from raters.models import Campaign, CampaignFigures, Rating, Task, Verdict
from raters.models.campaigns import CampaignState, Origin
from raters.statistics import consensus
from review.models import Comparison, JudgedImage, Voters
from tests.factories.generation import make_light_set
from tests.factories.rating import YES, make_rater, rate
from tests.factories.stand_ins import Workshop
from tests.vitrine.demo.conftest import SLOW, OverBut
from vitrine.demo import advancing, looking, shows
from vitrine.demo.crowd import facts_of
from vitrine.demo.shows import STEP, SWAPS, Show, operator
from vitrine.demo.steps import step_named, steps_of

GoOn = Callable[..., int]
LEFT = {"rate": "yours"}  # to the visitor
TABLES = (
    Photo,
    Run,
    Candidate,
    Campaign,
    Task,
    Rating,
    Verdict,
    CampaignFigures,
    Training,
    Comparison,
    JudgedImage,
    Job,
)


def counts() -> dict[str, int]:
    return {table.__name__: table.objects.count() for table in TABLES}  # type: ignore[attr-defined]


def crowds() -> Campaign:
    return Campaign.objects.get(origin=Origin.SIMULATION)


@pytest.fixture
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """crowd-kit takes 20 ms a round, however small the table is: half a minute in all."""
    monkeypatch.setitem(consensus.METHODS, "mace", partial(consensus.mace, rounds=1))
    monkeypatch.setitem(consensus.METHODS, "dawid_skene", partial(consensus.dawid_skene, rounds=3))
    monkeypatch.setattr(consensus, "MACE_RESTARTS", 1)


@pytest.mark.timeout(900)  # half a minute of work, and a machine may be busy
@pytest.mark.usefixtures("few_rounds")
def test_photos_become_images_verdicts_and_a_comparison(begun_as_usual: Show, go_on: GoOn) -> None:
    show = begun_as_usual
    go_on()
    (shown,) = looking.all_shown(operator())
    assert {line.name: line.state for line in shown.lines} == {step.name: "done" for step in steps_of(show)} | LEFT
    assert not shown.live
    assert not Job.objects.filter(state=State.FAILED).exists()
    _check_images(show)
    _check_campaigns()
    _check_what_follows()
    _check_what_the_crowd_knew()
    _check_that_nothing_is_done_twice(show, go_on)


def _check_images(show: Show) -> None:
    assert Photo.objects.count() == 4
    images = Candidate.objects.select_related("run__method")
    assert sorted((image.run.product_id, image.run.method.name) for image in images) == sorted(
        (product, name) for product in show.products for name in (*SWAPS, *shows.SMALL) for _ in range(2)
    )
    assert all(image.clip_i is not None and image.dino_i is not None and image.embeddings for image in images)
    drawn = [image for image in images if image.run.method.name in shows.SMALL]
    assert {(image.width, image.run.model_set) for image in drawn} == {(64, shows.SMALL_SET)}
    told = PhotoCaption.objects.filter(photo__product__in=show.products).values_list("template", flat=True)
    assert set(told) == {"a photo of a {product} in a studio, soft daylight"}, "nothing of what the products look like"
    swapped = [image for image in images if image not in drawn]
    pairs = {(image.run.product_id, image.prompt): set() for image in swapped}  # type: ignore[var-annotated]
    for image in swapped:
        pairs[image.run.product_id, image.prompt].add(image.sha256)
    assert {len(pictures) for pictures in pairs.values()} == {2}, "the same scenes, and other pictures of them"


def _check_campaigns() -> None:
    yours = Campaign.objects.get(origin=Origin.PERSON)
    assert (yours.state, yours.raters_per_image, yours.task_count) == (CampaignState.OPEN, 1, 8)
    assert not yours.ratings.exists(), "what waits for a person is left to a person"
    made_up = crowds()
    assert (made_up.state, made_up.task_count, made_up.ratings.count()) == (CampaignState.CLOSED, 16, 48)
    assert "Simulated" in made_up.name
    assert set(made_up.ratings.values_list("origin", "rater__origin")) == {(Origin.SIMULATION, Origin.SIMULATION)}
    assert set(JudgedImage.objects.values_list("voters", flat=True)) == {Voters.SIMULATED}


def _check_what_follows() -> None:
    assert CampaignFigures.objects.get(campaign=crowds()).computed_at
    training = Training.objects.get()
    assert training.wish["campaigns"] == [crowds().pk]
    assert training.ended_at
    comparison = Comparison.objects.get()
    compared = [name.split()[0] for name in comparison.methods]
    assert compared[:2] == list(SWAPS), "the others are held against the first"
    assert set(compared[2:]) <= set(shows.SMALL), "where enough of what they drew is decided"
    assert comparison.computed_at
    assert f"campaign={crowds().pk}" in comparison.query


def _check_what_the_crowd_knew() -> None:
    known = facts_of(crowds())
    assert len({picture for _, picture in known.values()}) == len(known) == 16
    swapped = [facts for facts, _ in known.values() if facts.likeness is None]
    assert len(swapped) == 8
    assert {(facts.shadow, facts.light) for facts in swapped} == {(True, True), (False, False)}
    assert all(0 < facts.quality <= 1 and facts.context and facts.noun for facts in swapped)


def _check_that_nothing_is_done_twice(show: Show, go_on: GoOn) -> None:
    before = counts()
    shows.begin(show)
    assert advancing.advance() == 0
    for step in steps_of(show):
        # As after a crash between the work and the end of its job.
        job = Job.objects.get(key=show.key(step.name))
        step.work(show, JobContext(job))
    go_on()
    assert counts() == before
    assert not Job.objects.filter(kind=STEP).exclude(state=State.SUCCEEDED).exists()


@pytest.mark.parametrize("most", [1, 2, 4, 6])
def test_broken_off_anywhere_it_goes_on_to_the_same_end(over_but: OverBut, go_on: GoOn, most: int) -> None:
    """What waits is cancelled after so many jobs, as a person may; `take_up` is what `make demo` calls."""
    show = over_but()
    go_on(most, without=SLOW)
    advancing.advance()
    waiting = Job.objects.filter(state=State.QUEUED, kind__startswith="demo.").values_list("pk", flat=True)
    cancelled = services.cancel_many(waiting).done
    assert shows.take_up(show) == cancelled
    go_on(without=SLOW)
    (shown,) = looking.all_shown(operator())
    assert {line.name: line.state for line in shown.lines} == {step.name: "done" for step in steps_of(show)} | LEFT
    assert Campaign.objects.count() == 2
    assert crowds().ratings.count() == 24


@pytest.fixture
def small_set(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """A small set that learns and draws in no time."""
    workshop = Workshop()
    monkeypatch.setattr(Stage, "code", lambda stage: workshop.code(stage))  # noqa: PLW0108 - binds
    settings.MODEL_SETS_DIR = tmp_path
    file = tmp_path / f"{make_light_set(tmp_path, shows.SMALL_SET)}.toml"
    file.write_text(f'scenes = ["{{product}} here", "{{product}} there"]\n{file.read_text()}')


@pytest.fixture
def learning(small_set: None, over_but: OverBut) -> Show:
    """A show whose swaps are there, and which has the small set learn."""
    return over_but(learned=shows.SMALL_SET, learns=shows.SMALL)


def test_what_the_small_set_draws_is_judged_with_the_rest(learning: Show, go_on: GoOn) -> None:
    go_on(without=SLOW)
    (shown,) = looking.all_shown(operator())
    assert {line.name: line.state for line in shown.lines} == {step.name: "done" for step in steps_of(learning)} | LEFT
    drawn = Candidate.objects.filter(run__method__name__in=shows.SMALL, dropped="")
    assert set(drawn.values_list("run__method__name", "run__product", "run__model_set")) == {
        (name, product, shows.SMALL_SET) for name in shows.SMALL for product in learning.products
    }
    facts = [facts for facts, _ in facts_of(crowds()).values()]
    assert len(facts) == 8 + drawn.count()
    assert sum(one.likeness == pytest.approx(0.5) for one in facts if one.likeness is not None) == drawn.count()
    assert [name.split()[0] for name in Comparison.objects.get().methods] == [*SWAPS, *shows.SMALL]
    assert {image.run.method.name for one in shown.drawn for image in one.images} == set(shows.SMALL)
    assert not Task.objects.filter(campaign__origin=Origin.PERSON, candidate__in=drawn).exists(), (
        "64 px are few to rate"
    )


def test_a_small_set_that_is_asked_for_when_all_is_over_is_judged_too(small_set: None, over: Show, go_on: GoOn) -> None:
    first, before = Job.objects.get(key=over.key("first")), Campaign.objects.count()
    for _ in range(2):
        shows.begin(replace(over, learned=shows.SMALL_SET, learns=shows.SMALL))
        go_on(without=SLOW)
        (shown,) = looking.all_shown(operator())
        assert {line.state for line in shown.lines if line.name not in LEFT} == {"done"}
        comparison, crowd = Comparison.objects.latest("pk"), Campaign.objects.latest("pk")
        assert [name.split()[0] for name in comparison.methods] == [*SWAPS, *shows.SMALL]
        drawn = Candidate.objects.filter(run__method__name__in=shows.SMALL, dropped="").count()
        assert (crowd.origin, crowd.state, crowd.task_count) == (Origin.SIMULATION, CampaignState.CLOSED, 8 + drawn)
        assert f"campaign={crowd.pk}" in comparison.query
        assert Campaign.objects.count() == before + 1, "once, however often it is asked for"
    assert Job.objects.get(key=over.key("first")).pk == first.pk, "what it does not touch stays"


def test_a_method_with_too_few_products_does_not_cost_the_swaps_their_comparison(
    monkeypatch: pytest.MonkeyPatch, learning: Show, go_on: GoOn
) -> None:
    monkeypatch.setattr(shows, "FIRST", 1)
    go_on(without=SLOW)
    assert Candidate.objects.filter(run__method__name__in=shows.SMALL).exists()
    row = Comparison.objects.get()
    assert [name.split()[0] for name in row.methods] == list(SWAPS)
    assert (row.problem, row.result[0]["products"] if row.result else 0) == ("", 2)


def test_without_a_crowd_verdicts_wait_for_people(over_but: OverBut, go_on: GoOn) -> None:
    own = over_but(name="photos-1", crowd=False)
    go_on(without=SLOW)
    (shown,) = looking.all_shown(operator())
    states = {line.name: line.state for line in shown.lines}
    assert states == {"photos": "done", "first": "done", "rate": "yours", "figures": "yours", "compare": "yours"}
    assert not shown.live
    assert Campaign.objects.get().origin == Origin.PERSON
    assert not Rating.objects.exists()
    assert step_named(own, "figures").ready(own) is False
    rater, campaign = make_rater(), Campaign.objects.get()
    for _ in range(campaign.task_count):
        rate(rater, campaign, YES)
    go_on(without=SLOW)
    (shown,) = looking.all_shown(operator())
    assert {line.name for line in shown.lines if line.state == "done"} == set(states)
    assert set(JudgedImage.objects.values_list("voters", flat=True)) == {Voters.PEOPLE}
