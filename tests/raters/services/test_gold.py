"""Gold items and the gate of the qualification round."""

from typing import Any

import pytest

from raters.exceptions import BadAnswers, NotQualified
from raters.models import Campaign, CampaignRater, GoldItem, Task
from raters.services import campaigns, gold
from raters.services.gold import Marks
from tests.factories.rating import NO, YES, lease, make_campaign, make_gold, make_rater, make_tasks, rate

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ([], Marks(0, 0)),
        ([({"a": ["yes"]}, {"a": "yes", "b": "no"})], Marks(1, 1)),
        ([({"a": ["yes"], "b": ["no", "maybe"]}, {"a": "no", "b": "maybe"})], Marks(1, 2)),
        ([({"a": ["yes"]}, {}), ({"a": ["yes"]}, {"a": "yes"})], Marks(1, 2)),
    ],
)
def test_marks(pairs: Any, found: Marks) -> None:
    assert gold.marks(pairs) == found


def qualifying(items: int = 3, share: float = 0.8) -> Campaign:
    campaign = make_campaign(4, open=False, qualification_items=items, qualification_share=share)
    make_gold(campaign, items, use="qualification")
    return campaigns.open_campaign(campaign)


def test_who_answers_as_expected_goes_on_to_the_others() -> None:
    campaign, rater = qualifying(), make_rater()
    assert [rate(rater, campaign).gold for _ in range(4)] == [True, True, True, False]
    member = CampaignRater.objects.get()
    assert (member.state, member.gold_ratings, member.ratings) == ("active", 3, 1)
    assert member.qualified_at is not None


def test_who_does_not_goes_no_further() -> None:
    campaign, rater = qualifying(), make_rater()
    for _ in range(3):
        rate(rater, campaign, dict.fromkeys(YES, "no"))
    assert CampaignRater.objects.get().state == "failed"
    with pytest.raises(NotQualified, match="differed too often"):
        lease(rater, campaign)


@pytest.mark.parametrize(("share", "state"), [(23 / 24, "active"), (1.0, "failed")])
def test_the_share_is_over_all_expected_answers(share: float, state: str) -> None:
    campaign, rater = qualifying(share=share), make_rater()
    for answers in (YES, YES, NO):
        rate(rater, campaign, answers)
    assert CampaignRater.objects.get().state == state


def test_the_round_is_over_only_when_all_items_are_rated() -> None:
    campaign, rater = qualifying(), make_rater()
    rate(rater, campaign)
    assert CampaignRater.objects.get().state == "qualifying"


def test_qualification_items_are_not_mixed_in_later() -> None:
    campaign = make_campaign(6, open=False, qualification_items=1, gold_share=0.5)
    make_gold(campaign, 1, use="qualification")
    (hidden,) = make_gold(campaign, 1)
    campaigns.open_campaign(campaign)
    rater = make_rater()
    kinds = [rate(rater, campaign).task_id for _ in range(8)]
    assert kinds.count(hidden.task_id) == 1
    assert len(set(kinds)) == 8


@pytest.mark.parametrize(
    ("expected", "sentence"),
    [
        ({}, "right answer to at least one question"),
        ({"size": []}, "right answer to at least one question"),
        ({"size": "banana"}, "'banana' is no answer"),
        ({"colour": "yes"}, "'colour' is no question"),
    ],
)
def test_expected_answers_that_nobody_could_give(expected: Any, sentence: str) -> None:
    campaign = make_campaign(2, open=False)
    with pytest.raises(BadAnswers, match=sentence):
        gold.make_gold(Task.objects.all()[0], expected)
    campaign.refresh_from_db()
    assert (campaign.gold_count, campaign.task_count) == (0, 2)


def test_one_answer_may_be_given_without_a_list() -> None:
    campaign = make_campaign(2, open=False)
    item = gold.make_gold(make_tasks(campaign, 1)[0], {"size": "no", "logo": ["yes", "unclear"]})
    assert item.expected == {"size": ["no"], "logo": ["yes", "unclear"]}


def test_an_image_that_raters_have_had_is_no_gold() -> None:
    campaign = make_campaign(1)
    rate(make_rater(), campaign)
    with pytest.raises(BadAnswers, match="Raters have had this image"):
        gold.make_gold(Task.objects.get(), YES)
    assert not GoldItem.objects.exists()


def test_gold_items_leave_no_mark_on_the_campaigns_counts() -> None:
    campaign = make_campaign(3, open=False, gold_share=0.5)
    make_gold(campaign, 2)
    campaigns.open_campaign(campaign)
    for _ in range(3):
        rater = make_rater()
        for _ in range(5):
            rate(rater, campaign)
    assert set(Task.objects.exclude(state="gold").values_list("state", "done")) == {("complete", 3)}
    assert set(Task.objects.filter(state="gold").values_list("held", "done")) == {(0, 0)}
    assert sum(CampaignRater.objects.values_list("ratings", flat=True)) == 9
    assert sum(CampaignRater.objects.values_list("gold_ratings", flat=True)) == 6
