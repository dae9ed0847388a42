"""Who is in a campaign, and the log of what was done to it, for programs."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from raters.services import blocking, campaigns, people
from tests.factories import rating as made

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db


def test_members_with_state_and_qualification(client_for: ClientFor, analyst: User) -> None:
    campaign = made.make_campaign(2, open=False, qualification_items=1)
    made.make_gold(campaign, 1, use="qualification")
    campaigns.open_campaign(campaign)
    passed, failed, waiting, gone = (made.make_rater() for _ in range(4))
    made.rate(passed, campaign)
    made.rate(failed, campaign, dict.fromkeys(made.KEYS, "no"))
    people.invite([waiting], campaign)
    people.join(gone, campaign)
    blocking.block(gone, campaign, reason="random")
    rows = client_for(analyst).get(f"/api/campaigns/{campaign.pk}/members/").json()["results"]
    assert {row["rater"]: row["state"] for row in rows} == {
        passed.code: "active", failed.code: "failed", waiting.code: "invited", gone.code: "blocked",
    }  # fmt: skip
    by_code = {row["rater"]: row for row in rows}
    assert (by_code[passed.code]["gold_ratings"], by_code[passed.code]["qualified_at"] is None) == (1, False)
    assert by_code[failed.code]["qualified_at"] is None
    assert by_code[passed.code]["username"] == passed.user.username  # type: ignore[union-attr]


def test_a_member_whose_person_is_gone_stays_as_a_code(client_for: ClientFor, analyst: User) -> None:
    campaign, rater = made.make_campaign(1), made.make_rater()
    made.rate(rater, campaign)
    User.objects.filter(rater=rater).delete()
    (row,) = client_for(analyst).get(f"/api/campaigns/{campaign.pk}/members/").json()["results"]
    assert (row["rater"], row["username"], row["ratings"]) == (rater.code, None, 1)


def test_the_log_is_newest_first_and_by_page(
    client_for: ClientFor, operator: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = made.make_campaign(1, open=False)
    campaigns.open_campaign(campaign, by=operator)
    campaigns.pause(campaign, by=operator)
    client, address = client_for(operator), f"/api/campaigns/{campaign.pk}/events/"
    with django_assert_max_num_queries(6):
        rows = client.get(address).json()["results"]
    assert [(row["kind"], row["by"]) for row in rows] == [
        ("paused", operator.username), ("opened", operator.username), ("made", None),
    ]  # fmt: skip
    first = client.get(f"{address}?size=1").json()
    assert client.get(f"{address}?size=1&after={first['next']}").json()["results"] == rows[1:2]


def test_raters_see_neither(client_for: ClientFor, rater: User) -> None:
    base = f"/api/campaigns/{made.make_campaign(1).pk}/"
    assert [client_for(rater).get(base + name).status_code for name in ("members/", "events/")] == [403, 403]
