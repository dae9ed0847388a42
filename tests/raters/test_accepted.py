"""Which images people have accepted: by the newest final verdict of people, and what that makes an image cost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from generation.models import Candidate, RunStage, StageResult
from generation.selectors.costs import per_accepted
from raters.models import Campaign, Verdict
from raters.models.campaigns import Origin
from raters.models.ratings import Outcome
from raters.selectors.accepted import judged
from tests.factories.ranking import RatedWorld, make_world, rate

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], Client]
PASSED, FAILED = Outcome.PASSED, Outcome.FAILED


@pytest.fixture
def world() -> RatedWorld:
    """Eight images of two products, each with a final verdict that fails it."""
    made = make_world(products=2, each=4)
    Verdict.objects.update(outcome=FAILED)
    return made


def told() -> tuple[int, int]:
    """How many of all images are judged, and how many accepted."""
    said = judged(Candidate.objects.all())
    return said.all.count(), said.accepted.count()


CHANGES: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "passed": ({"outcome": PASSED}, (8, 1)),
    "failed": ({"outcome": FAILED}, (8, 0)),
    "tied": ({"outcome": Outcome.TIED}, (7, 0)),
    "too few": ({"outcome": Outcome.TOO_FEW}, (7, 0)),
    "passed so far": ({"outcome": PASSED, "final": False}, (7, 0)),
}


@pytest.mark.parametrize(("change", "counts"), CHANGES.values(), ids=CHANGES)
def test_a_final_verdict_that_decides_counts(
    world: RatedWorld, change: dict[str, Any], counts: tuple[int, int]
) -> None:
    Verdict.objects.filter(task__candidate=world.candidates[0]).update(**change)
    assert told() == counts


def test_the_newest_campaign_has_the_last_word(world: RatedWorld) -> None:
    again = rate(world.candidates, world.pictures)
    Verdict.objects.filter(campaign=again).update(outcome=PASSED)
    assert told() == (8, 8)


def test_a_made_up_crowd_says_nothing(world: RatedWorld) -> None:
    crowd = rate(world.candidates, world.pictures)
    Verdict.objects.filter(campaign=crowd).update(outcome=PASSED)
    Campaign.objects.filter(pk=crowd.pk).update(origin=Origin.SIMULATION)
    assert told() == (8, 0)


def test_a_methods_page_says_what_an_accepted_image_has_cost(
    world: RatedWorld, client_for: ClientFor, analyst: User
) -> None:
    run = world.candidates[0].run
    result = StageResult.objects.filter(product=run.product).get()
    StageResult.objects.filter(pk=result.pk).update(seconds=60, gpu_seconds=30, stage="measure")
    RunStage.objects.create(run=run, order=0, stage="measure", method=run.method, result=result)
    address = f"/methods/{run.method_id}/"
    assert "(0 of 8 judged)" in client_for(analyst).get(address).content.decode()
    Verdict.objects.filter(task__candidate__in=world.candidates[:2]).update(outcome=PASSED)
    found = per_accepted(run.method_id)
    assert found is not None
    assert (found.cost.number, found.cost.seconds) == (2, 30)
    assert "an accepted one (2 of 8 judged)" in client_for(analyst).get(address).content.decode()
