"""A tie asks one more rater, once: when, for how long, and what the verdict is meanwhile."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from raters import leasing
from raters.models import Assignment, Campaign, CampaignRater, Delivery, Rating, Task, Verdict
from raters.selectors import monitoring
from raters.services import campaigns, changes, exclusions, passing, rating, tasks, webhooks
from tests.factories.rating import NO, YES, lease, make_campaign, make_rater, rate, sent

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
REJECTS = {**YES, "logo": "no"}  # for another reason than NO


def rated(*answers: Any, **settings: Any) -> Campaign:
    """A campaign of one image, two raters an image and broken ties unless told otherwise, with these answers to it."""
    campaign = make_campaign(1, **{"raters_per_image": 2, "tie_break": True, **settings})
    for given in answers:
        rate(make_rater(), campaign, given)
    return campaign


def counts(campaign: Campaign) -> tuple[str, int, int, int]:
    """The state of its only image, and how many ratings it wants, how many of these are extra, and how many it has."""
    task = Task.objects.get(campaign=campaign)
    return task.state, task.wanted, task.extra, task.done


def verdict(campaign: Campaign) -> tuple[str, bool]:
    found = Verdict.objects.get(campaign=campaign)
    return found.outcome, found.final


@pytest.mark.parametrize(
    ("answers", "settings", "asks", "outcome"),
    [
        pytest.param([YES, NO], {}, True, "tied", id="two differ"),
        pytest.param([YES, YES], {}, False, "passed", id="two agree"),
        pytest.param([NO, REJECTS], {}, True, "tied", id="by question: rejected for different reasons"),
        pytest.param([NO, REJECTS], {"vote": "rater"}, False, "failed", id="by rater that is no tie"),
        pytest.param([YES, NO, REJECTS], {"raters_per_image": 3}, False, "passed", id="three are never tied"),
        pytest.param(
            [YES, YES, NO, REJECTS], {"raters_per_image": 4, "vote": "rater"}, True, "tied", id="four, by rater"
        ),
        pytest.param([YES, NO], {"tie_break": False}, False, "tied", id="not asked for"),
        pytest.param([YES, NO], {"early_stop": True}, True, "tied", id="with early stop"),
    ],
)
def test_a_tie_asks_one_more(answers: Sequence[Any], settings: dict[str, Any], asks: bool, outcome: str) -> None:
    campaign = rated(*answers, **settings)
    asked = campaign.raters_per_image
    assert counts(campaign) == ("begun" if asks else "complete", asked + asks, asks, asked)
    assert verdict(campaign) == (outcome, not asks)
    assert len(lease(make_rater(), campaign)) == asks


@pytest.mark.parametrize(("answer", "outcome"), [(YES, "passed"), (NO, "failed")])
def test_the_one_more_decides_and_is_the_last(answer: Any, outcome: str) -> None:
    campaign = rated(YES, NO, answer)
    assert counts(campaign) == ("complete", 3, 1, 3)
    assert verdict(campaign) == (outcome, True)
    assert lease(make_rater(), campaign) == []
    assert monitoring.monitor(campaign).progress == monitoring.Progress(3, 3, 1, 1, 0.0)
    assert monitoring.monitor(campaign).asked_once_more == 1


def test_nobody_is_told_of_a_verdict_that_waits_for_one_more(settings: Any) -> None:
    settings.WEBHOOKS_TO_PRIVATE = True
    webhooks.make_webhook("http://localhost/hook", ["verdict.final"])
    campaign = rated(YES, NO)
    assert not Delivery.objects.exists()
    rate(make_rater(), campaign, NO)
    assert [row.payload["outcome"] for row in Delivery.objects.all()] == ["failed"]


def test_who_has_rated_it_is_not_asked_again() -> None:
    campaign = make_campaign(1, raters_per_image=2, tie_break=True)
    one, other = make_rater(), make_rater()
    rate(one, campaign, YES)
    rate(other, campaign, NO)
    assert [lease(rater, campaign) for rater in (one, other)] == [[], []]


@pytest.mark.parametrize("end", ["skip", "expire", "give back"])
def test_a_place_that_was_not_used_goes_to_another(end: str) -> None:
    campaign = rated(YES, NO)
    rater = make_rater()
    (held,) = lease(rater, campaign)
    assert lease(make_rater(), campaign) == []
    if end == "skip":
        passing.skip(rater, held.uuid, "blurred")
    elif end == "expire":
        Assignment.objects.filter(pk=held.pk).update(lease_until=timezone.now() - timedelta(hours=1))
        leasing.reclaim(campaign)
    else:
        rating.give_back(rater, campaign)
    assert counts(campaign) == ("begun", 3, 1, 2)
    rate(make_rater(), campaign, YES)
    assert verdict(campaign) == ("passed", True)


@pytest.mark.parametrize("taken", [False, True], ids=["free", "held by somebody"])
def test_a_change_that_breaks_the_tie_itself(taken: bool) -> None:
    campaign = rated(YES, NO)
    if taken:
        (held,) = lease(make_rater(), campaign)
    newest = Rating.objects.latest("pk")
    changes.change(newest.rater, newest.assignment.uuid, YES)
    assert counts(campaign) == (("full", 3, 1, 2) if taken else ("complete", 2, 0, 2))
    assert verdict(campaign) == ("passed", not taken)
    if taken:
        rating.submit(held.rater, held.uuid, sent(YES))
        assert counts(campaign) == ("complete", 3, 1, 3)
    assert sum(CampaignRater.objects.values_list("finished", flat=True)) == 1


def test_a_change_may_make_a_tie() -> None:
    campaign = rated(YES, YES)
    newest = Rating.objects.latest("pk")
    changes.change(newest.rater, newest.assignment.uuid, NO)
    assert counts(campaign) == ("begun", 3, 1, 2)
    assert sum(CampaignRater.objects.values_list("finished", flat=True)) == 0


def test_a_withdrawn_rating_asks_for_what_was_asked_for_first() -> None:
    campaign = rated(YES, NO)
    newest = Rating.objects.latest("pk")
    changes.withdraw(newest.rater, newest.assignment.uuid)
    assert counts(campaign) == ("begun", 2, 0, 1)
    rate(make_rater(), campaign, YES)
    assert (counts(campaign), verdict(campaign)) == (("complete", 2, 0, 2), ("passed", True))


def test_an_exclusion_may_ask_one_more_and_its_end_takes_that_back() -> None:
    campaign = rated(YES, YES, NO, raters_per_image=3)
    first = Rating.objects.earliest("pk").rater
    exclusion = exclusions.exclude(first, campaign, since=LONG_AGO, reason="random")
    assert (counts(campaign), verdict(campaign)) == (("begun", 4, 1, 3), ("tied", False))
    exclusions.lift(exclusion, reason="no")
    assert (counts(campaign), verdict(campaign)) == (("complete", 3, 0, 3), ("passed", True))
    assert sum(CampaignRater.objects.values_list("finished", flat=True)) == 1


def test_one_more_is_asked_once() -> None:
    """Two of three left out: the one more makes two votes that differ, and that is a tie for an adjudicator."""
    campaign = rated(YES, YES, NO, raters_per_image=3)
    for made in Rating.objects.order_by("pk")[:2]:
        exclusions.exclude(made.rater, campaign, since=LONG_AGO, reason="random")
    assert verdict(campaign) == ("too_few", False)
    rate(make_rater(), campaign, YES)
    assert (counts(campaign), verdict(campaign)) == (("complete", 4, 1, 4), ("tied", True))


def test_a_closed_campaign_asks_nobody() -> None:
    campaign = rated(YES, NO)
    lease(make_rater(), campaign)
    campaigns.close(campaign)
    assert (counts(campaign), verdict(campaign)) == (("complete", 2, 0, 2), ("tied", True))
    assert monitoring.monitor(campaign).progress == monitoring.Progress(2, 2, 1, 1, 0.0)
    rater = Rating.objects.latest("pk").rater
    exclusions.exclude(rater, campaign, since=LONG_AGO, reason="random")
    assert (counts(campaign), verdict(campaign)) == (("complete", 2, 0, 2), ("too_few", True))
    assert campaigns.settle_closed() == 0


def test_a_closing_that_died_in_between_is_ended() -> None:
    campaign = rated(YES, NO)
    Campaign.objects.update(state="closed")
    assert campaigns.settle_closed() == 1
    assert (counts(campaign), verdict(campaign)) == (("complete", 2, 0, 2), ("tied", True))
    assert campaigns.settle_closed() == 0


def test_a_withheld_image_asks_once_more_when_it_is_released() -> None:
    campaign = rated(YES, NO)
    for _ in range(2):
        rater = make_rater()
        passing.report(rater, lease(rater, campaign)[0].uuid, "broken")
    assert counts(campaign)[0] == "withheld"
    tasks.release(Task.objects.get())
    assert counts(campaign) == ("begun", 3, 1, 2)
    rate(make_rater(), campaign, NO)
    assert verdict(campaign) == ("failed", True)


def test_it_costs_no_statement_more() -> None:
    """What decides about one more is what the verdict is made of."""
    breaking, plain = (make_campaign(1, raters_per_image=2, tie_break=on) for on in (True, False))
    statements(make_campaign(1), YES)  # reads the questions, once for each process
    used = [(statements(breaking, YES), statements(plain, YES)) for _ in range(2)]
    assert [on - off for on, off in used] == [0, 0]


def statements(campaign: Campaign, answers: Any) -> int:
    """How many a rating takes."""
    rater = make_rater()
    (held,) = lease(rater, campaign)
    with CaptureQueriesContext(connection) as used:
        rating.submit(rater, held.uuid, sent(answers))
    return len(used)
