"""Jobs in a real browser: live progress without reloading, and cancelling from the page."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from jobs.models import Attempt, Dependency, Job, State
from tests.browser.conftest import PageFor
from tests.factories.accounts import make_user
from tests.factories.jobs import make_job
from vitrine.access import Role

pytestmark = pytest.mark.django_db(transaction=True)
Shoot = Callable[[Page, str], None]


@pytest.fixture
def person() -> User:
    return make_user(Role.OPERATOR)


def some_jobs() -> Job:
    now = timezone.now()
    running = make_job(
        "catalog.import", subject="Import of listings_0.json.gz", state=State.RUNNING, progress_done=4_200,
        progress_total=10_000, message="listings_0.json.gz, row 4200",
    )  # fmt: skip
    running.attempts.update(log_tail="12:00:01 INFO catalog: 2000 rows\n12:00:03 INFO catalog: 4000 rows")
    failed = make_job(state=State.FAILED, subject="Rehearsal", fence=1, error="KeyError: 'chair'")
    Attempt.objects.create(
        job=failed, number=1, worker="cpu@laptop:4711", outcome="failed", finished_at=now,
        exception="builtins.KeyError", traceback="Traceback (most recent call last):\n  File …\nKeyError: 'chair'",
    )  # fmt: skip
    waiting = make_job("jobs.rehearse_gpu", queue="gpu", subject="Fine-tuning of a chair", waiting_on=1)
    Dependency.objects.create(job=waiting, needs=failed)
    make_job(state=State.SUCCEEDED, subject="Import of mugs.csv", progress_done=9, progress_total=9)
    make_job("jobs.rehearse_gpu", queue="gpu", subject="Fine-tuning of a mug", paused=True)
    make_job("jobs.rehearse_live", queue="live", subject="Mask of a photo", state=State.SUCCEEDED)
    return running


def test_the_list_follows_the_jobs_and_then_rests(page_for: PageFor, person: User, shoot: Shoot) -> None:
    running = some_jobs()
    page = page_for(person)
    page.goto("/jobs/")
    shoot(page, "jobs-light")
    row = page.get_by_role("row").filter(has_text="listings_0")
    expect(row.locator("progress")).to_have_attribute("value", "4200")
    Job.objects.filter(pk=running.pk).update(progress_done=9_000)
    expect(row.locator("progress")).to_have_attribute("value", "9000")
    Job.objects.exclude(state=State.SUCCEEDED).update(state=State.SUCCEEDED, finished_at=timezone.now())
    expect(row).to_contain_text("succeeded")
    expect(page.locator("#job-rows")).not_to_have_attribute("hx-trigger", re.compile("."))


def test_an_operator_watches_and_cancels(page_for: PageFor, person: User, shoot: Shoot) -> None:
    running = some_jobs()
    page = page_for(person)
    page.goto(running.get_absolute_url())
    shoot(page, "job-light")
    expect(page.get_by_text("4200 of 10000 (42 %)")).to_be_visible()
    Job.objects.filter(pk=running.pk).update(progress_done=5_000, message="row 5000")
    expect(page.get_by_text("row 5000")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("will stop at its next step")).to_be_visible()
    running.refresh_from_db()
    assert running.cancel_requested


def test_a_failed_job_is_tried_again(page_for: PageFor, person: User, shoot: Shoot) -> None:
    some_jobs()
    failed = Job.objects.get(state=State.FAILED)
    page = page_for(person, dark=True)
    page.goto(failed.get_absolute_url())
    shoot(page, "job-dark")
    expect(page.get_by_label("Traceback")).to_contain_text("KeyError")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("is queued again.")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_a_held_job_says_so(page_for: PageFor, person: User, shoot: Shoot, dark: bool) -> None:
    some_jobs()
    page = page_for(person, dark=dark)
    page.goto("/jobs/")
    shoot(page, f"jobs-paused-{'dark' if dark else 'light'}")
    expect(page.get_by_role("row").filter(has_text="Fine-tuning of a mug")).to_contain_text("paused")
    page.get_by_role("link", name="Fine-tuning of a mug").click()
    expect(page.get_by_text("starts only after it is released")).to_be_visible()
    shoot(page, f"job-paused-{'dark' if dark else 'light'}")


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_sticks_out_on_a_phone(page_for: PageFor, person: User, shoot: Shoot, dark: bool) -> None:
    running = some_jobs()
    page = page_for(person, width=360, dark=dark)
    for name, path in (("jobs", "/jobs/"), ("job", running.get_absolute_url())):
        page.goto(path)
        shoot(page, f"{name}-360-{'dark' if dark else 'light'}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
