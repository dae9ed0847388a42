"""Runs in a real browser: a strip that follows the work, pictures by the hundred, and what a person presses."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from catalog.models import Product
from catalog.services.products import remove_product
from generation.models import Batch, Run, StageImage, StageResult
from generation.models.results import StageState
from jobs.models import Job
from tests.browser.conftest import PageFor, sign_in
from tests.browser.pages import a_mug
from tests.factories.accounts import make_user
from tests.factories.generation import make_method, make_run, some_hash
from tests.factories.runs import make_whole_run
from vitrine.access import Role

pytestmark = pytest.mark.django_db(transaction=True)
Shoot = Callable[[Page, str], None]


@pytest.fixture
def person() -> User:
    return make_user(Role.OPERATOR)


def test_the_strip_follows_the_work_and_then_rests(page_for: PageFor, person: User, shoot: Shoot) -> None:
    run = make_whole_run(a_mug(), upto="finetune", side=48, pictures=3)
    page = page_for(person)
    page.goto(f"/runs/{run.pk}/")
    stage = page.locator("#strip-0-finetune")
    expect(stage).to_contain_text("34")
    shoot(page, "run-live")
    result = StageResult.objects.get(stage="finetune")
    Job.objects.filter(pk=result.job_id).update(progress_done=1710)
    expect(stage).to_contain_text("95")
    StageResult.objects.filter(pk=result.pk).update(state=StageState.FAILED, error="The loss is no number any more.")
    Run.objects.filter(pk=run.pk).update(
        state="failed", problem="The loss is no number any more.", finished_at=run.created_at
    )
    expect(stage).to_contain_text("failed")
    expect(page.get_by_role("button", name="Retry what failed")).to_be_visible()
    expect(page.locator("#run-live")).not_to_have_attribute("hx-trigger", re.compile("."))


def test_a_stage_opens_in_place_and_stays_open(page_for: PageFor, person: User) -> None:
    run = make_whole_run(a_mug(), upto="finetune", side=48, pictures=3)
    page = page_for(person)
    page.goto(f"/runs/{run.pk}/")
    page.locator("#strip-0-novel_views").click()
    expect(page.get_by_role("heading", name="New views")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?stage=novel_views&tier=0$"))
    # The strip has renewed itself since, and the choice has not moved.
    page.wait_for_event("response", lambda response: "/live/?stage=novel_views" in response.url)
    expect(page.locator("#strip-0-novel_views")).to_have_attribute("aria-current", "true")
    expect(page.locator("[data-stage-link][aria-current]")).to_have_count(1)


def test_an_open_stage_that_waited_shows_what_it_has_come_to(page_for: PageFor, person: User) -> None:
    run = make_whole_run(a_mug(), upto="caption", side=48, pictures=3)
    page = page_for(person)
    page.goto(f"/runs/{run.pk}/?stage=novel_views")
    panel = page.locator("#stage-panel")
    expect(panel).to_contain_text("Its turn comes when the stages before it are done.")
    result = StageResult.objects.get(stage="novel_views")
    job = StageResult.objects.get(stage="caption").job
    StageResult.objects.filter(pk=result.pk).update(state=StageState.RUNNING, job=job)
    expect(panel).to_contain_text("running")
    StageResult.objects.filter(pk=result.pk).update(state=StageState.FAILED, error="Every view is broken.")
    Run.objects.filter(pk=run.pk).update(state="failed", problem="Every view is broken.", finished_at=run.created_at)
    expect(panel).to_contain_text("Every view is broken.")


def test_a_run_that_was_being_planned_shows_its_stage_once_it_is(page_for: PageFor, person: User) -> None:
    run = make_whole_run(a_mug(), upto="caption", side=48, pictures=3)
    stages = list(run.stages.all())
    run.stages.all().delete()
    page = page_for(person)
    page.goto(f"/runs/{run.pk}/")
    expect(page.get_by_text("The stages are being planned.")).to_be_visible()
    run.stages.bulk_create(stages)
    expect(page.locator("#stage-panel h2")).to_have_text("Describe")


def test_a_run_whose_product_went_is_said_once_and_asked_for_no_more(
    page_for: PageFor, person: User, expect_console: Callable[[str], None]
) -> None:
    run = make_whole_run(a_mug(), upto="finetune", side=48, pictures=2)
    page = page_for(person)
    page.goto(f"/runs/{run.pk}/")
    expect_console("404")
    asked: list[str] = []
    page.on("response", lambda response: asked.append(response.url) if response.status == 404 else None)
    remove_product(run.product)
    expect(page.locator("#toasts")).to_contain_text("That is not there any more.")
    page.wait_for_timeout(7_000)
    assert len(asked) == len(set(asked)) == 2, "the strip and the open stage, each once"


def test_what_a_script_asks_for_and_is_gone_leaves_the_page_as_it_is(
    page_for: PageFor, person: User, expect_console: Callable[[str], None]
) -> None:
    run = make_whole_run(a_mug(), side=48, pictures=2)
    page = page_for(person)
    page.goto(f"/runs/{run.pk}/")
    expect_console("404")
    page.evaluate("window.here = true; htmx.ajax('GET', '/runs/999999/live/', '#stage').catch(() => 0)")
    expect(page.locator("#toasts")).to_contain_text("That is not there any more.")
    page.get_by_role("link", name="Describe").click()
    expect(page.locator("#stage-panel h2")).to_have_text("Describe")
    assert page.evaluate("window.here"), "the stage opened in place"


@pytest.mark.parametrize("width", [360, 1280])
def test_a_name_without_any_space_widens_no_page(page_for: PageFor, person: User, width: int) -> None:
    named = "Verylongnamewithoutanyspace" * 8
    product = a_mug()
    Product.objects.filter(pk=product.pk).update(title=named)
    method = make_method("paper-2503.08729")
    batch = Batch.objects.create(method=method, model_set="sdxl", title=named[:200], total=1, running=1)
    run = make_run(product, method=method, batch=batch)
    page = page_for(person, width=width)
    for url in ("/batches/", f"/batches/{batch.pk}/", f"/runs/{run.pk}/", f"/products/{product.pk}/generate/"):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), url
        tables = ".table-wrap"
        assert page.eval_on_selector_all(tables, "all => all.every((one) => one.scrollWidth <= one.clientWidth)"), url


def test_pausing_is_said_and_seen(page_for: PageFor, person: User) -> None:
    run = make_whole_run(a_mug(), upto="finetune", side=48, pictures=2)
    page = page_for(person)
    page.goto(f"/runs/{run.pk}/")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#toasts")).to_contain_text(f"Run #{run.pk} is paused")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    run.refresh_from_db()
    assert run.state == Run.State.PAUSED


def test_a_thousand_pictures_come_as_one_scrolls(page_for: PageFor, person: User) -> None:
    run = make_whole_run(a_mug(), upto="new_contexts", side=48, pictures=1)
    result = StageResult.objects.get(stage="novel_views")
    shown = StageImage.objects.get(result=result)
    StageImage.objects.bulk_create(
        StageImage(
            result=result, kind="novel-view", key=shown.key, sha256=shown.sha256, width=48, height=48,
            text=f"Frame {number} {some_hash()[:4]}",
        )
        for number in range(1_000)
    )  # fmt: skip
    page = page_for(person)
    page.goto(f"/runs/{run.pk}/?stage=novel_views")
    expect(page.locator(".shot")).to_have_count(60)
    for count in range(120, 301, 60):
        page.locator(".shots-more").scroll_into_view_if_needed()
        expect(page.locator(".shot")).to_have_count(count)


def test_the_large_view_turns_by_keyboard(page_for: PageFor, person: User) -> None:
    run = make_whole_run(a_mug(), upto="new_contexts", side=48, pictures=3)
    page = page_for(person)
    page.goto(f"/runs/{run.pk}/?stage=novel_views")
    page.locator("a[data-large]").first.click()
    image = page.locator("#large-view img")
    first = image.get_attribute("src")
    page.keyboard.press("ArrowRight")
    assert image.get_attribute("src") != first
    page.keyboard.press("ArrowLeft")
    assert image.get_attribute("src") == first
    page.keyboard.press("Escape")
    expect(page.locator("#large-view")).not_to_be_visible()
    assert page.evaluate("document.activeElement.matches('a[data-large]')")


def test_candidates_are_sorted_by_a_metric(page_for: PageFor, person: User) -> None:
    run = make_whole_run(a_mug(), side=48, pictures=1, candidates=6)
    best = run.candidates.filter(dropped="").order_by("-dino_i")[0]
    page = page_for(person)
    page.goto(f"/runs/{run.pk}/")
    page.get_by_role("link", name="DINO-I", exact=True).click()
    first = page.locator(".candidates .shot-picture").first
    expect(first).to_have_attribute("href", f"/candidates/{best.pk}/")


def test_a_stage_of_a_method_is_turned_off_and_saved(
    page_for: PageFor, person: User, expect_console: Callable[[str], None]
) -> None:
    expect_console("status of 422")
    method = make_method("mine")
    page = page_for(person)
    page.goto(f"/methods/{method.pk}/edit/")
    section = page.locator("[data-section]").filter(has=page.get_by_role("heading", name="New views"))
    expect(section.get_by_label("Frames")).to_be_visible()
    section.get_by_label("On").uncheck()
    expect(section.get_by_label("Frames")).not_to_be_visible()
    page.get_by_label("Rank", exact=True).fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Input should be greater than or equal to 1")).to_be_visible()
    expect(section.get_by_label("On")).not_to_be_checked()
    page.get_by_label("Rank", exact=True).fill("16")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("mine v1 is saved.")).to_be_visible()
    method.refresh_from_db()
    assert method.parts.novel_views is None
    assert method.parts.finetune is not None
    assert method.parts.finetune.rank == 16


def test_a_part_that_needs_javascript_waits_for_nothing_without_it(
    chromium: Browser, live_server: LiveServer, person: User
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    sign_in(context, person, live_server.url)
    page = context.new_page()
    page.goto(a_mug().get_absolute_url())
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    for line in page.get_by_text("Loading…").all():
        expect(line).to_be_hidden()
    # Playwright's way of turning scripts off leaves out what a browser without them shows.
    assert page.content().count('<noscript><p class="muted">This needs JavaScript.') == page.locator("[hx-get]").count()
    context.close()
