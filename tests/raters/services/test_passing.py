"""Images that raters pass over: said twice it is said once, and it stands whatever comes after."""

from collections.abc import Callable
from typing import Any

import pytest

from raters.exceptions import AlreadyRated, BadRequest, NotHeld
from raters.models import Assignment, CampaignEvent, CampaignRater, Task
from raters.services import campaigns, passing, rating
from tests.factories.rating import lease, make_campaign, make_rater, sent

pytestmark = pytest.mark.django_db
Act = Callable[..., Any]
BOTH = pytest.mark.parametrize("act", [passing.skip_and_lease, passing.report_and_lease])


@BOTH
def test_a_retry_changes_nothing_and_answers_with_what_is_next(act: Act) -> None:
    """Its first answer was lost on the way: the rater must not read that the image was not skipped."""
    campaign, rater = make_campaign(4), make_rater()
    (held,) = lease(rater, campaign)
    hands = [act(rater, held.uuid, "broken") for _ in range(2)]
    assert [one.uuid for one in hands[0].assignments] == [one.uuid for one in hands[1].assignments]
    assert len(hands[0].assignments) == 2
    member = CampaignRater.objects.get()
    assert (member.skips, member.taken) == (1, 1)
    task = Task.objects.get(pk=held.task_id)
    reports = CampaignEvent.objects.filter(kind="image reported").count()
    assert task.reports == reports == (act is passing.report_and_lease)
    assert (task.state, task.held) == ("begun", 0)


@BOTH
@pytest.mark.parametrize(("move", "said"), [(campaigns.pause, "is paused"), (campaigns.close, "is closed")])
def test_it_stands_where_nothing_more_is_handed_out(act: Act, move: Any, said: str) -> None:
    campaign, rater = make_campaign(3), make_rater()
    (held,) = lease(rater, campaign)
    if move is campaigns.close:  # closing gives back what is held: what had been skipped before stays skipped
        act(rater, held.uuid, "broken")
    move(campaign)
    hands = act(rater, held.uuid, "broken")
    assert hands.assignments == []
    assert said in (hands.notice or "")
    assert Assignment.objects.get(pk=held.pk).state in ("skipped", "reported")


@BOTH
def test_what_was_rated_or_ended_otherwise_cannot_be_passed_over(act: Act) -> None:
    campaign, rater = make_campaign(3), make_rater()
    (rated,) = lease(rater, campaign)
    rating.submit(rater, rated.uuid, sent())
    with pytest.raises(AlreadyRated):
        act(rater, rated.uuid, "broken")
    (back,) = lease(rater, campaign)
    rating.give_back(rater, campaign)
    with pytest.raises(NotHeld):
        act(rater, back.uuid, "broken")
    (other,) = lease(rater, campaign)
    passing.skip(rater, other.uuid, "dark")
    with pytest.raises(NotHeld):
        passing.report(rater, other.uuid, "broken")


@BOTH
@pytest.mark.parametrize("reason", ["", "  ", "\0", None, 7])
def test_a_reason_is_needed(act: Act, reason: Any) -> None:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    with pytest.raises(BadRequest, match="the reason is empty"):
        act(rater, held.uuid, reason)
    assert Assignment.objects.get().state == "held"
