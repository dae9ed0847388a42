"""The tour: the next thing for each role, remembered for each person, and gone when it is hidden."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories.accounts import make_user
from vitrine.access import Role
from vitrine.demo import tour
from vitrine.demo.shows import Show

ClientFor = Callable[[User | None], Client]
GoOn = Callable[..., int]


def aside(client: Client, path: str) -> str:
    """The tour's part of a page; empty where it has none."""
    text = client.get(path).content.decode()
    return text.partition('<aside class="tour"')[2].partition("</aside>")[0]


def say(client: Client, act: str, stop: str = "", back: str = "/") -> str:
    response = client.post(reverse("demo:tour"), {"act": act, "stop": stop, "next": back})
    assert response.status_code == 302
    return response.url  # type: ignore[attr-defined,no-any-return]


def names(role: Role) -> list[str]:
    return [stop.name for stop in tour.STOPS if stop.role == role]


@pytest.mark.parametrize("role", list(Role))
def test_each_role_is_led_through_all_of_its_stops_in_order(client_for: ClientFor, over: Show, role: Role) -> None:
    user = make_user(role)
    client = client_for(user)
    walked = []
    while (now := tour.now_of(User.objects.get(pk=user.pk))) is not None:
        assert now.stop.title in aside(client, reverse("home"))
        assert client.get(now.url).status_code == 200
        walked.append(now.stop.name)
        say(client, "next", now.stop.name)
    # No ranker comes of eight labels, and no product waits for anybody, so nobody is sent to them.
    assert walked == [name for name in names(role) if name not in ("ranker", "mark")]
    assert aside(client, reverse("home")) == ""


def test_on_the_page_itself_it_offers_to_go_on(client_for: ClientFor, over: Show) -> None:
    client = client_for(make_user(Role.ANALYST))
    assert "Go there" in aside(client, reverse("home"))
    there = aside(client, reverse("review:overview"))
    assert "Done, next" in there
    assert "Go there" not in there
    assert aside(client, reverse("jobs:list")) == "", "other pages are left alone"


def test_hidden_is_hidden_for_good_and_begun_anew_on_demand(client_for: ClientFor, over: Show) -> None:
    user = make_user(Role.OPERATOR)
    say(client_for(user), "next", "product")
    say(client_for(user), "hide")
    assert aside(client_for(User.objects.get(pk=user.pk)), reverse("home")) == ""
    say(client_for(user), "again")
    assert "1 of 5" in aside(client_for(user), reverse("home")), "no product asks for a mark, and none is counted"
    say(client_for(user), "next", "product")
    assert "2 of 5" in aside(client_for(user), reverse("home"))


def test_where_nothing_is_there_yet_nobody_is_sent(client_for: ClientFor, begun: Show) -> None:
    assert aside(client_for(make_user(Role.RATER)), reverse("home")) == ""
    now = tour.now_of(make_user(Role.OPERATOR))
    assert now is not None
    assert now.stop.name == "runs", "what has pages already comes first"


@pytest.mark.parametrize(
    ("back", "to"), [("/jobs/", "/jobs/"), ("https://example.com/", "/"), ("//evil", "/"), ("", "/")]
)
def test_it_leads_back_to_this_site_only(client_for: ClientFor, demo: Any, operator: User, back: str, to: str) -> None:
    assert say(client_for(operator), "next", "jobs", back) == to


def test_what_it_does_not_know_it_does_not_remember(client_for: ClientFor, demo: Any, operator: User) -> None:
    say(client_for(operator), "next", "no such stop")
    say(client_for(operator), "no such act")
    assert User.objects.get(pk=operator.pk).tour == {}


def test_outside_the_demonstration_there_is_none(client_for: ClientFor, over: Show, settings: Any) -> None:
    settings.DEMO = False
    assert aside(client_for(make_user(Role.ANALYST)), reverse("home")) == ""


def test_no_stop_is_named_twice_and_all_are_named() -> None:
    found = [stop.name for stop in tour.STOPS]
    assert len(set(found)) == len(found)
    assert all(stop.title and stop.says for stop in tour.STOPS)
