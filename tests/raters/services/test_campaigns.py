"""Campaigns: their settings, their states, and what stays once people have rated."""

from typing import Any

import pytest

from raters.exceptions import BadCampaign
from raters.models import Assignment, Campaign, CampaignEvent, Rating, Task
from raters.services import campaigns, questions, tasks
from tests.factories.rating import lease, make_campaign, make_gold, make_question_set, make_rater, make_tasks, rate

pytestmark = pytest.mark.django_db


def test_a_new_campaign_is_a_draft_with_the_papers_questions() -> None:
    made = campaigns.make_campaign("  Chairs  ")
    assert (made.name, made.state, made.raters_per_image, made.vote) == ("Chairs", "draft", 3, "question")
    assert (made.early_stop, made.gold_share, made.show_prompt) == (False, 0.0, False)
    assert made.question_set == questions.default_question_set()
    assert CampaignEvent.objects.get().kind == "made"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"raters_per_image": 0}, "Raters per image is 0: it may be 1 to 50"),
        ({"lease_minutes": 0}, "Lease minutes is 0"),
        ({"lease_minutes": 99_999}, "lease minutes|Lease minutes"),
        ({"gold_share": 0.6}, "Gold share is 0.6: it may be 0 to 0.5"),
        ({"per_rater_limit": 0}, "Per rater limit is 0"),
        ({"qualification_share": 1.5}, "Qualification share is 1.5"),
        ({"vote": "coin"}, "wrong vote"),
        ({"colour": "red"}, "'colour' is no setting of a campaign"),
        ({"state": "open"}, "'state' is no setting"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadCampaign, match=sentence):
        campaigns.make_campaign("Chairs", **settings)
    assert not Campaign.objects.exists()


def test_a_campaign_needs_a_name() -> None:
    with pytest.raises(BadCampaign, match="wrong name"):
        campaigns.make_campaign("  ")


@pytest.mark.parametrize(
    ("before", "act", "after"),
    [
        ("draft", campaigns.open_campaign, "open"),
        ("draft", campaigns.close, "closed"),
        ("open", campaigns.pause, "paused"),
        ("open", campaigns.close, "closed"),
        ("paused", campaigns.open_campaign, "open"),
        ("paused", campaigns.close, "closed"),
        ("draft", campaigns.pause, None),
        ("open", campaigns.open_campaign, None),
        ("paused", campaigns.pause, None),
        ("closed", campaigns.open_campaign, None),
        ("closed", campaigns.pause, None),
        ("closed", campaigns.close, None),
    ],
)
def test_the_ways_between_states(before: str, act: Any, after: str | None) -> None:
    campaign = make_campaign(1, open=False)
    Campaign.objects.filter(pk=campaign.pk).update(state=before)
    campaign.refresh_from_db()
    if after is None:
        with pytest.raises(BadCampaign, match=f"is {before} and cannot be"):
            act(campaign)
        after = before
    else:
        act(campaign)
    assert Campaign.objects.get().state == after


def test_opening_and_closing_are_dated_and_told() -> None:
    campaign = make_campaign(1)
    opened = campaign.opened_at
    campaigns.pause(campaign)
    campaigns.open_campaign(campaign)
    assert campaign.opened_at == opened
    campaigns.close(campaign)
    assert campaign.closed_at is not None
    kinds = list(CampaignEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["made", "opened", "paused", "opened", "closed"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "nothing to rate yet"),
        ({"qualification_items": 2}, "nothing to rate yet"),
    ],
)
def test_an_empty_campaign_is_not_opened(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadCampaign, match=sentence):
        campaigns.open_campaign(campaigns.make_campaign("Chairs", **settings))


def test_a_campaign_with_gold_to_mix_in_needs_some() -> None:
    campaign = make_campaign(2, open=False, gold_share=0.1)
    with pytest.raises(BadCampaign, match="there are none"):
        campaigns.open_campaign(campaign)
    make_gold(campaign)
    assert campaigns.open_campaign(campaign).state == "open"


def test_a_qualification_round_needs_its_items() -> None:
    campaign = make_campaign(2, open=False, qualification_items=2)
    make_gold(campaign, 1, use="qualification")
    with pytest.raises(BadCampaign, match="needs 2 gold items made for it, and there are 1"):
        campaigns.open_campaign(campaign)


def test_in_a_draft_everything_may_change() -> None:
    campaign = make_campaign(2, open=False)
    changed = campaigns.change_campaign(campaign, raters_per_image=5, vote="rater", early_stop=True)
    assert (changed.vote, changed.rating_target) == ("rater", 10)
    assert set(Task.objects.values_list("wanted", flat=True)) == {5}


@pytest.mark.parametrize("name", ["raters_per_image", "vote", "early_stop", "show_prompt", "question_set"])
def test_what_ratings_mean_cannot_change_later(name: str) -> None:
    campaign = make_campaign(2)
    values = {"raters_per_image": 5, "vote": "rater", "early_stop": True, "show_prompt": True}
    with pytest.raises(BadCampaign, match="cannot be changed once a campaign was opened"):
        campaigns.change_campaign(campaign, **{name: values.get(name) or make_question_set("a")})


def test_later_changes_are_logged_and_guidelines_are_counted() -> None:
    campaign = make_campaign(2)
    campaigns.change_campaign(campaign, guidelines="Look twice.", lease_minutes=30)
    campaigns.change_campaign(campaign, guidelines="Look twice.")
    campaign.refresh_from_db()
    assert (campaign.guidelines_version, campaign.lease_minutes) == (2, 30)
    (event,) = CampaignEvent.objects.filter(kind="changed")
    assert event.details["before"] == {"guidelines": "", "lease_minutes": 15}
    assert rate(make_rater(), campaign).guidelines_version == 2


def test_a_closed_campaign_stays_as_it_is() -> None:
    campaign = campaigns.close(make_campaign(1))
    with pytest.raises(BadCampaign, match="closed campaign stays"):
        campaigns.change_campaign(campaign, name="Other")
    with pytest.raises(BadCampaign, match="takes no more images"):
        make_tasks(campaign, 1)


def test_what_a_closing_that_died_left_held_is_given_back_later() -> None:
    campaign, going_on, rater = make_campaign(2), make_campaign(1), make_rater()
    lease(rater, campaign, hold=2)
    lease(rater, going_on)
    Campaign.objects.filter(pk=campaign.pk).update(state="closed")
    assert (campaigns.settle_closed(), campaigns.settle_closed()) == (1, 0)
    assert set(campaign.assignments.values_list("state", flat=True)) == {"returned"}
    assert set(campaign.tasks.values_list("held", flat=True)) == {0}
    assert [one.state for one in going_on.assignments.all()] == ["held"]


def test_closing_gives_back_what_is_held() -> None:
    campaign, rater = make_campaign(2), make_rater()
    lease(rater, campaign, hold=2)
    campaigns.close(campaign)
    assert set(Assignment.objects.values_list("state", flat=True)) == {"returned"}
    assert set(Task.objects.values_list("held", flat=True)) == {0}


def test_only_a_draft_is_deleted() -> None:
    draft = make_campaign(2, open=False)
    campaigns.delete_draft(draft)
    assert not Task.objects.exists()
    opened = make_campaign(1)
    rate(make_rater(), opened)
    for act in (lambda: campaigns.delete_draft(opened), lambda: tasks.remove_tasks(opened, Task.objects.all())):
        with pytest.raises(BadCampaign):
            act()
    assert Rating.objects.count() == 1
