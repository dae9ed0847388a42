"""The menu of saved views, their page, and what each person may do there."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from review.models import SavedView
from review.services import saved
from tests.factories.accounts import make_user
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]
ADDRESS = "/review/?least=2"


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def test_the_page_one_is_on_is_saved_and_opened(client: Client, analyst: User) -> None:
    page = client.get(ADDRESS).content.decode()
    assert 'name="address" value="/review/?least=2"' in page
    answer = client.post("/review/views/save/", {"address": ADDRESS, "name": "Two images", "shared": "on"})
    assert answer.headers["Location"] == ADDRESS
    assert SavedView.objects.get().shared
    page = client.get(ADDRESS).content.decode()
    assert "Saved as &#x27;Two images&#x27;, for all." in page
    assert f'<a href="{ADDRESS}" aria-current="page">Two images</a>' in page


def test_what_cannot_be_saved_is_said(client: Client) -> None:
    client.post("/review/views/save/", {"address": "/products/", "name": "x"})
    assert "is no page of review" in client.get("/review/views/").content.decode()


def test_a_view_is_renamed_removed_and_brought_back(client: Client, analyst: User) -> None:
    view = saved.save(analyst, "Mine", ADDRESS)
    client.post(f"/review/views/{view.pk}/", {"name": "Ours", "shared": "on"})
    page = client.get("/review/views/").content.decode()
    assert "Ours" in page
    assert "for all" in page
    client.post(f"/review/views/{view.pk}/remove/")
    page = client.get("/review/views/").content.decode()
    assert f'action="/review/views/{view.pk}/back/"' in page
    client.post(f"/review/views/{view.pk}/back/")
    assert saved.visible(analyst).get() == view
    client.post(f"/review/views/{view.pk}/", {"name": ""})
    assert "needs a name" in client.get("/review/views/").content.decode()


def test_review_opens_first_what_was_chosen(client: Client, analyst: User) -> None:
    assert client.get("/review/start/").headers["Location"] == "/review/"
    view = saved.save(make_user(Role.ANALYST), "Theirs", ADDRESS, shared=True)
    client.post(f"/review/views/{view.pk}/begin/")
    assert client.get("/review/start/").headers["Location"] == ADDRESS
    assert "opens first" in client.get("/review/views/").content.decode()
    client.post(f"/review/views/{view.pk}/begin/")
    assert client.get("/review/start/").headers["Location"] == "/review/"


@pytest.mark.parametrize("action", ["", "remove/", "back/", "begin/"])
def test_nobody_touches_what_is_anothers_own(action: str, client: Client) -> None:
    view = saved.save(make_user(Role.ANALYST), "Theirs", ADDRESS)
    assert client.post(f"/review/views/{view.pk}/{action}", {"name": "x"}).status_code == 404
    view.refresh_from_db()
    assert (view.name, view.removed_at) == ("Theirs", None)


@pytest.mark.parametrize("action", ["", "remove/"])
def test_a_shared_view_is_its_owners_to_change(action: str, client: Client) -> None:
    view = saved.save(make_user(Role.ANALYST), "Theirs", ADDRESS, shared=True)
    assert client.post(f"/review/views/{view.pk}/{action}", {"name": "x"}).status_code == 404


def test_raters_save_nothing(client_for: ClientFor, rater: User) -> None:
    answer = client_for(rater).post("/review/views/save/", {"address": ADDRESS, "name": "x"})
    assert answer.status_code == 403
    assert not SavedView.objects.exists()


def test_the_pages_do_not_grow_with_the_views(client: Client, analyst: User, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    for number in range(12):
        saved.save(make_user(Role.ANALYST), f"View {number}", ADDRESS, shared=True)
    with django_assert_max_num_queries(12):
        client.get("/review/views/")
