"""The start page."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.models import ContextPrompt
from jobs.models import Job, State
from review import selectors
from tests.factories.accounts import make_user
from tests.factories.catalog import make_photo, make_product, make_prompt
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def home(client_for: ClientFor) -> Callable[[User], str]:
    return lambda user: client_for(user).get("/").content.decode()


def fail_a_job() -> Job:
    return Job.objects.create(kind="catalog.import", state=State.FAILED, finished_at=timezone.now())


def test_an_operator_without_products_is_led_to_importing(home: Callable[[User], str], operator: User) -> None:
    page = home(operator)
    assert "Bring in your products" in page
    assert 'href="/imports/"' in page


def test_an_operator_sees_what_waits(home: Callable[[User], str], operator: User) -> None:
    make_product("Stoneware mug", type="mug")
    make_prompt()
    make_prompt(status=ContextPrompt.Status.APPROVED)
    fail_a_job()
    page = home(operator)
    assert "1 prompt waits for a decision" in page
    assert 'href="/prompts/list/?status=draft"' in page
    assert "1 job failed" in page
    assert 'href="/jobs/?state=failed"' in page
    assert "Stoneware mug" in page
    assert "Nothing waits for you" not in page


def test_an_operator_with_nothing_to_do_is_told_so(home: Callable[[User], str], operator: User) -> None:
    make_product()
    assert "Nothing waits for you" in home(operator)


def test_an_analyst_looks_and_is_asked_for_nothing(home: Callable[[User], str], analyst: User) -> None:
    fail_a_job()
    make_prompt()
    page = home(analyst)
    assert "What to do next" not in page
    assert "jobs failed" in page
    assert 'href="/imports/new/"' not in page


def test_a_rater_is_greeted_and_sees_no_figures(home: Callable[[User], str], rater: User) -> None:
    make_product("Secret lamp")
    page = home(rater)
    assert "Images to judge" in page
    assert 'href="/rate/"' in page
    assert "Secret lamp" not in page
    assert "jobs" not in page


def test_who_has_no_role_learns_whom_to_ask(home: Callable[[User], str], db: None) -> None:
    anna = make_user(Role.OPERATOR)
    anna.first_name, anna.last_name = "Anna", "Weber"
    anna.save()
    closed = make_user(Role.OPERATOR)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    page = home(make_user())
    assert "ask Anna Weber to make you" in page
    assert closed.username not in page


def test_a_visitor_is_sent_to_sign_in(db: None) -> None:
    assert Client().get("/").headers["Location"] == "/account/login/?next=/"


def test_other_verbs_are_refused(client_for: ClientFor, operator: User) -> None:
    assert client_for(operator).post("/").status_code == 405


def test_its_queries_do_not_grow_with_the_rows(
    client_for: ClientFor, operator: User, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(8):
        make_photo(make_product(f"Mug {number}", type=f"mug {number % 3}"))
        make_prompt()
        fail_a_job()
    client = client_for(operator)
    with django_assert_max_num_queries(13):  # type: ignore[attr-defined]
        assert client.get("/").status_code == 200


def test_counts_end_where_nobody_acts_differently(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "MOST_COUNTED", 2)
    for _ in range(4):
        fail_a_job()
    failed = selectors.jobs_now().failed
    assert (failed.number, failed.exact) == (2, False)
