"""A rater's ratings are left out from a time on, and come back: verdicts follow both ways, and the log tells."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from raters.exceptions import NotAllowed
from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, Rater, Rating, RatingChange, Verdict
from raters.services import campaigns, exclusions, verdicts
from raters.services.exclusions import CannotExclude
from tests.factories import rating as made

pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 24
LONG_AGO = timezone.now() - timedelta(days=9)


@pytest.fixture
def raters(db: None) -> list[Rater]:
    return [made.make_rater() for _ in range(3)]


@pytest.fixture
def campaign(raters: list[Rater]) -> Campaign:
    """Two images, all rated: the first two raters say no to the size, the third yes to all."""
    found = made.make_campaign(2)
    for number, rater in enumerate(raters):
        for _ in range(2):
            made.rate(rater, found, made.NO if number < 2 else None)
    return found


def outcomes(campaign: Campaign) -> list[tuple[str, int]]:
    return list(Verdict.objects.filter(campaign=campaign).order_by("task").values_list("outcome", "ratings"))


def test_verdicts_follow_and_come_back(campaign: Campaign, raters: list[Rater], operator: User) -> None:
    before = outcomes(campaign)
    made_one = exclusions.exclude(raters[0], campaign, since=LONG_AGO, reason="clicks at random", by=operator)
    assert before == [("failed", 3)] * 2
    assert outcomes(campaign) == [("tied", 2)] * 2
    assert verdicts.differences(Campaign.objects.all()) == []
    exclusions.lift(made_one, reason="it was a bug of ours", by=operator)
    assert outcomes(campaign) == before
    assert verdicts.differences(Campaign.objects.all()) == []


def test_only_ratings_from_that_time_on(campaign: Campaign, raters: list[Rater]) -> None:
    first = Rating.objects.filter(rater=raters[0]).order_by("pk").first()
    assert first is not None
    Rating.objects.filter(pk=first.pk).update(made_at=timezone.now() - timedelta(days=2))
    exclusions.exclude(raters[0], campaign, since=timezone.now() - timedelta(days=1), reason="tired")
    assert list(Rating.objects.filter(rater=raters[0]).order_by("pk").values_list("excluded", flat=True)) == [
        False,
        True,
    ]


def test_answers_stay_and_every_step_is_noted(campaign: Campaign, raters: list[Rater], operator: User) -> None:
    answers = list(Rating.objects.order_by("pk").values_list("answers", flat=True))
    exclusion = exclusions.exclude(raters[0], campaign, since=LONG_AGO, reason="random", by=operator)
    exclusions.lift(exclusion, reason="no", by=operator)
    assert list(Rating.objects.order_by("pk").values_list("answers", flat=True)) == answers
    changes = RatingChange.objects.filter(rating__rater=raters[0]).order_by("pk")
    assert [(one.kind, one.reason, one.by) for one in changes] == [
        ("excluded", "random", operator),
        ("excluded", "random", operator),
        ("lifted", "no", operator),
        ("lifted", "no", operator),
    ]
    kinds = CampaignEvent.objects.filter(campaign=campaign).order_by("pk").values_list("kind", flat=True)
    assert [kind for kind in kinds if "exclu" in kind] == ["rater excluded", "exclusion lifted"]


def test_nobody_is_asked_again_and_the_rater_gets_no_more(raters: list[Rater]) -> None:
    campaign = made.make_campaign(4)
    made.rate(raters[0], campaign)
    made.lease(raters[0], campaign)
    exclusions.exclude(raters[0], campaign, since=LONG_AGO, reason="random")
    assert not Assignment.objects.filter(rater=raters[0], state="held").exists()
    with pytest.raises(NotAllowed):
        made.lease(raters[0], campaign)
    rated = Rating.objects.get(rater=raters[0]).task
    assert rated.done == 1


def test_lifted_the_rater_goes_on_as_before(campaign: Campaign, raters: list[Rater]) -> None:
    CampaignRater.objects.filter(rater=raters[0]).update(state="qualifying")
    exclusion = exclusions.exclude(raters[0], campaign, since=LONG_AGO, reason="random")
    assert CampaignRater.objects.get(rater=raters[0]).state == "blocked"
    exclusions.lift(exclusion, reason="no")
    assert CampaignRater.objects.get(rater=raters[0]).state == "qualifying"


def test_a_decision_made_early_is_opened_again(raters: list[Rater]) -> None:
    campaign = made.make_campaign(1, early_stop=True)
    made.rate(raters[0], campaign)
    made.rate(raters[1], campaign)
    task = campaign.tasks.get()
    assert task.state == "complete"
    exclusion = exclusions.exclude(raters[0], campaign, since=LONG_AGO, reason="random")
    task.refresh_from_db()
    assert task.state == "begun"
    assert not Verdict.objects.get(task=task).final
    exclusions.lift(exclusion, reason="no")
    task.refresh_from_db()
    assert task.state == "complete"


@pytest.mark.parametrize(
    ("name", "reason", "sentence"),
    [("no reason", "  ", "the reason is empty"), ("twice", "again", "already: lift that first")],
)
def test_refusals(campaign: Campaign, raters: list[Rater], name: str, reason: str, sentence: str) -> None:
    if name == "twice":
        exclusions.exclude(raters[0], campaign, since=LONG_AGO, reason="random")
    with pytest.raises(CannotExclude, match=sentence):
        exclusions.exclude(raters[0], campaign, since=LONG_AGO, reason=reason)


def test_who_is_not_in_the_campaign_cannot_be_excluded_from_it(campaign: Campaign) -> None:
    with pytest.raises(CannotExclude, match="has no place in the campaign"):
        exclusions.exclude(made.make_rater(), campaign, since=LONG_AGO, reason="random")


def test_lifted_twice_is_refused(campaign: Campaign, raters: list[Rater]) -> None:
    exclusion = exclusions.exclude(raters[0], campaign, since=LONG_AGO, reason="random")
    exclusions.lift(exclusion, reason="no")
    with pytest.raises(CannotExclude, match="lifted already"):
        exclusions.lift(exclusion, reason="no")


@pytest.mark.parametrize("count", [1, 24])
def test_it_takes_as_many_statements_for_many_ratings_as_for_one(count: int) -> None:
    rater, campaign = made.make_rater(), made.make_campaign(count, raters_per_image=1)
    for _ in range(count):
        made.rate(rater, campaign)
    with CaptureQueriesContext(connection) as used:
        exclusion = exclusions.exclude(rater, campaign, since=LONG_AGO, reason="random")
    assert len(used) <= MOST_STATEMENTS
    assert set(Verdict.objects.values_list("outcome", "ratings")) == {("too_few", 0)}
    assert set(campaign.tasks.values_list("state", "done", "held")) == {("complete", 1, 0)}
    exclusions.lift(exclusion, reason="no")
    assert set(Verdict.objects.values_list("outcome", "ratings")) == {("passed", 1)}
    assert verdicts.differences(Campaign.objects.all()) == []
    assert CampaignRater.objects.get().finished == count


def test_gold_items_are_left_out_and_come_back_too() -> None:
    campaign, rater = made.make_campaign(1, open=False, qualification_items=1), made.make_rater()
    made.make_gold(campaign, 1, use="qualification")
    campaigns.open_campaign(campaign)
    made.rate(rater, campaign)
    exclusion = exclusions.exclude(rater, campaign, since=LONG_AGO, reason="random")
    assert Rating.objects.get().excluded
    assert campaign.tasks.get(state="gold").done == 0
    exclusions.lift(exclusion, reason="no")
    assert not Rating.objects.get().excluded
