"""A rater is taken off a campaign and let in again: ratings stay, and what was held goes to others."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from raters.exceptions import NotAllowed, NotQualified
from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, Rater, Task
from raters.models.tasks import TaskState
from raters.services import blocking, campaigns, exclusions, rating
from raters.services.blocking import CannotBlock
from tests.factories.accounts import make_user
from tests.factories.rating import KEYS, lease, make_campaign, make_gold, make_rater, rate, sent

pytestmark = pytest.mark.django_db


def state_of(rater: Rater, campaign: Campaign) -> str:
    return CampaignRater.objects.get(rater=rater, campaign=campaign).state


def test_what_they_hold_goes_to_others_and_their_ratings_stay() -> None:
    campaign, rater, by = make_campaign(3), make_rater(), make_user()
    rate(rater, campaign)
    held = lease(rater, campaign, hold=2)
    assert blocking.block(rater, campaign, reason=" Answers at random ", by=by) == 2
    assert set(Assignment.objects.filter(pk__in=[one.pk for one in held]).values_list("state", flat=True)) == {
        "returned"
    }
    assert not Task.objects.filter(held__gt=0).exists()
    assert CampaignRater.objects.get().ratings == 1
    assert Task.objects.filter(state=TaskState.BEGUN, done=1).count() == 1
    for refused in (lambda: lease(rater, campaign), lambda: rating.submit(rater, held[0].uuid, sent())):
        with pytest.raises(NotAllowed, match="taken you off"):
            refused()
    event = CampaignEvent.objects.filter(kind=blocking.BLOCKED).get()
    assert event.by == by
    assert event.details == {"rater": rater.code, "reason": "Answers at random", "state": "active"}


def test_let_in_again_they_go_on_where_they_were() -> None:
    campaign, rater, by = make_campaign(2), make_rater(), make_user()
    first = rate(rater, campaign).task_id
    blocking.block(rater, campaign, reason="A mistake")
    blocking.unblock(rater, campaign, by=by)
    assert state_of(rater, campaign) == "active"
    assert {one.task_id for one in lease(rater, campaign, hold=2)}.isdisjoint({first})
    assert CampaignEvent.objects.filter(kind=blocking.UNBLOCKED, by=by).exists()


def test_who_was_qualifying_qualifies_on() -> None:
    campaign, rater = make_campaign(1, open=False, qualification_items=1), make_rater()
    make_gold(campaign, use="qualification")
    Campaign.objects.update(state="open")
    campaign.refresh_from_db()
    lease(rater, campaign)
    blocking.block(rater, campaign, reason="Too fast")
    assert state_of(rater, campaign) == "blocked"
    blocking.unblock(rater, campaign)
    assert state_of(rater, campaign) == "qualifying"


def test_who_did_not_qualify_is_let_in_all_the_same() -> None:
    campaign, rater = make_campaign(2, open=False, qualification_items=1), make_rater()
    make_gold(campaign, 1, use="qualification")
    campaigns.open_campaign(campaign)
    rate(rater, campaign, dict.fromkeys(KEYS, "no"))
    with pytest.raises(NotQualified):
        lease(rater, campaign)
    blocking.unblock(rater, campaign)
    assert CampaignRater.objects.get(rater=rater).qualified_at is not None
    assert rate(rater, campaign).gold is False
    assert campaign.events.filter(kind="rater let in again").values_list("details__was", flat=True)[0] == "failed"


def test_a_draft_that_was_begun_is_there_again() -> None:
    campaign, rater = make_campaign(1), make_rater()
    held = lease(rater, campaign)[0]
    rating.save_draft(rater, held.uuid, {"size": "no"})
    blocking.block(rater, campaign, reason="Wait")
    blocking.unblock(rater, campaign)
    assert lease(rater, campaign)[0].draft["answers"] == {"size": "no"}


def test_an_exclusion_is_lifted_not_unblocked() -> None:
    campaign, rater = make_campaign(1), make_rater()
    rate(rater, campaign)
    since = timezone.now() - timedelta(days=1)
    excluded = exclusions.exclude(rater, campaign, since=since, reason="random")
    with pytest.raises(CannotBlock, match="lift the exclusion"):
        blocking.unblock(rater, campaign)
    exclusions.lift(excluded, reason="no")
    assert state_of(rater, campaign) == "active"


def test_blocked_excluded_and_lifted_is_still_blocked() -> None:
    campaign, rater = make_campaign(1), make_rater()
    rate(rater, campaign)
    blocking.block(rater, campaign, reason="random")
    since = timezone.now() - timedelta(days=1)
    exclusions.lift(exclusions.exclude(rater, campaign, since=since, reason="random"), reason="not that")
    assert state_of(rater, campaign) == "blocked"
    blocking.unblock(rater, campaign)
    assert state_of(rater, campaign) == "active"


@pytest.mark.parametrize(
    ("name", "act", "said"),
    [
        ("no reason", partial(blocking.block, reason=" \0 "), "the reason is empty"),
        ("twice", partial(blocking.block, reason="random"), "off the campaign “Campaign"),
        ("not in it", partial(blocking.block, reason="random"), "has no place"),
        ("let in who is in", blocking.unblock, "is not off"),
    ],
)
def test_refused(name: str, act: Callable[[Rater, Campaign], object], said: str) -> None:
    campaign, rater = make_campaign(1), make_rater()
    if name != "not in it":
        lease(rater, campaign)
    if name == "twice":
        blocking.block(rater, campaign, reason="random")
    with pytest.raises(CannotBlock, match=said):
        act(rater, campaign)
