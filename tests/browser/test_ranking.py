"""An operator trains, reads the figures, is stopped by the gate, overrides it with a reason, and rolls back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from generation.models import Candidate
from jobs import execution
from jobs.models import Queue
from ranking.models import Promotion, Ranker, Training
from ranking.services import registry
from tests.browser.conftest import PageFor
from tests.browser.ranking import a_plan
from tests.factories.accounts import make_user
from tests.factories.ranking import make_world
from vitrine.access import Role

pytestmark = pytest.mark.django_db(transaction=True)
Shoot = Callable[[Page, str], None]
WHY = "We want to see on the shop's own pages what it shows."


@pytest.fixture
def person() -> User:
    return make_user(Role.OPERATOR)


def work_off() -> int:
    """What a worker does with all that is queued; returns how many jobs that was."""
    done = 0
    while any(execution.run_next(queue, f"{queue}@test:1") for queue in Queue.values):
        done += 1
    return done


def test_from_a_training_over_the_gate_and_back(
    page_for: PageFor, person: User, shoot: Shoot, expect_console: Callable[[str], None]
) -> None:
    expect_console("generated")  # the world's pictures are names only
    world = make_world(12, 5, ratings=True)
    page = page_for(person)
    page.goto("/ranking/")
    page.get_by_role("link", name="Train a ranker").first.click()
    page.get_by_label("Learner").select_option("sum")
    page.get_by_label("Note").fill("The paper's, calibrated")
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_text("is on its way")).to_be_visible()
    expect(page.locator("#training-cancel")).to_be_visible()
    work_off()
    expect(page.get_by_text("sum v1 is trained.")).to_be_visible()
    expect(page.locator(".told")).to_contain_text("60 labels of 12 products")
    page.get_by_role("link", name="Look at it").click()

    expect(page.get_by_role("heading", name="How good it is")).to_be_visible()
    own = page.get_by_role("row").filter(has_text="sum (this one)")
    expect(own.locator("td").first).to_contain_text("to")
    expect(page.locator("svg.chart").first).to_be_visible()
    shoot(page, "ranking-figures")

    expect_console("status of 409")
    page.get_by_label("Why it is to be champion all the same").fill("because")
    page.get_by_role("button", name="Promote over the gate").click()
    expect(page.get_by_role("alert")).to_contain_text("The gate says no")
    shoot(page, "ranking-gate")
    page.get_by_label("Why it is to be champion all the same").fill(WHY)
    page.get_by_role("button", name="Promote over the gate").click()
    expect(page.get_by_text("becomes champion as soon as all images are scored").first).to_be_visible()
    assert registry.champion() is None
    work_off()
    page.goto("/ranking/")
    expect(page.get_by_role("heading", name="Champion: sum v1")).to_be_visible()
    log = page.get_by_role("row").filter(has_text="Promotion over the gate")
    expect(log).to_contain_text(WHY)
    product = world.products[0]
    page.goto(f"/products/{product.pk}/")
    expect(page.locator(".product-picks")).to_contain_text("By sum v1")

    page.goto("/ranking/")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("Rolled back: the plain sum decides again.")).to_be_visible()
    expect(page.get_by_role("heading", name="Champion: the plain sum")).to_be_visible()
    page.goto(f"/products/{product.pk}/")
    expect(page.locator(".product-picks")).to_contain_text("By the plain sum")
    kinds = list(Promotion.objects.order_by("pk").values_list("kind", "state"))
    assert kinds == [("override", "done"), ("rollback", "done")]


def test_a_training_is_cancelled(page_for: PageFor, person: User) -> None:
    make_world(12, 2)
    page = page_for(person)
    page.goto("/ranking/train/")
    page.get_by_role("button", name="Train").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("cancelled").first).to_be_visible()
    asked = Training.objects.get()
    page.goto(f"/ranking/trainings/{asked.pk}/")
    expect(page.get_by_role("alert")).to_contain_text("was cancelled")
    assert not Ranker.objects.exists()


def test_a_plan_becomes_a_campaign(page_for: PageFor, person: User) -> None:
    page = page_for(person)
    page.goto(a_plan())
    page.get_by_label("Raters per image").fill("2")
    page.get_by_role("button", name="Make the campaign").click()
    expect(page.get_by_text("as a draft with 4 images")).to_be_visible()


def test_why_an_image_has_its_probability_comes_by_itself(
    page_for: PageFor, person: User, expect_console: Callable[[str], None]
) -> None:
    expect_console("generated")  # the world's pictures are names only
    make_world(12, 5)
    page = page_for(person)
    page.goto("/ranking/train/")
    page.get_by_label("Learner").select_option("sum")
    page.get_by_role("button", name="Train").click()
    work_off()
    registry.ask_for_promotion(Ranker.objects.get(), reason=WHY)
    work_off()
    page.goto(f"/candidates/{Candidate.objects.order_by('pk')[0].pk}/")
    expect(page.locator("#candidate-score")).to_contain_text("A worker is finding out why")
    expect(page.locator("#candidate-score[hx-get]")).to_be_attached()  # it has been asked for
    work_off()
    expect(page.locator("#candidate-score .bars")).to_contain_text("CLIP-I")
