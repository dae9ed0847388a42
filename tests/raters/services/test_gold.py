"""Gold items and the gate of the qualification round."""

from typing import Any

import pytest
from django.utils import timezone

from raters.exceptions import AnswersShown, BadAnswers, BadCampaign, NotQualified
from raters.models import Campaign, CampaignFigures, CampaignRater, GoldItem, Task
from raters.selectors import own
from raters.services import campaigns, changes, gold, passing, questions, rating
from raters.services.gold import Marks
from tests.factories.rating import NO, YES, lease, make_campaign, make_gold, make_rater, make_tasks, rate, sent

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


def test_a_closed_campaign_gets_no_gold() -> None:
    campaign = campaigns.close(make_campaign(1))
    with pytest.raises(BadCampaign, match="stays as it is"):
        gold.make_gold(campaign.tasks.get(), YES)
    assert campaign.tasks.get().state == "fresh"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"key": "cut", "answers": ["one", "wide"], "passing": ["one"]}, "'none' is no answer to “Cut”"),
        ({"key": "fit", "answers": ["one", "none"], "passing": ["one"]}, "'cut' is no question of this campaign"),
    ],
)
def test_a_draft_whose_gold_nobody_could_answer_is_not_opened(asked: dict[str, Any], said: str) -> None:
    written = {"key": "cut", "wording": "Which?", "answers": ["one", "none"], "passing": ["one"]}
    used = questions.make_question_set("cut", "Cut", [written])
    campaign = make_campaign(1, open=False, question_set=used)
    (item,) = make_gold(campaign, 1, {"cut": ["none", "one"]})
    questions.change_question_set(used, "Cut", [asked | {"wording": "Which?"}])
    with pytest.raises(BadCampaign, match=f"the gold item on image {item.task_id} as is expected: {said}.* Say other"):
        campaigns.open_campaign(campaign)
    campaign.refresh_from_db()
    assert campaign.state == "draft"
    questions.change_question_set(used, "Cut", [written])
    assert campaigns.open_campaign(campaign).state == "open"


def test_other_right_answers_change_the_marks_and_nothing_else() -> None:
    """Figures that there are already are asked for again; who has qualified stays so."""
    campaign, rater = qualifying(1), make_rater()
    rate(rater, campaign)
    item = GoldItem.objects.filter(campaign=campaign, use="qualification")[0]
    for computed, asked in ((None, False), (timezone.now(), True)):
        CampaignFigures.objects.update_or_create(campaign=campaign, defaults={"computed_at": computed})
        changed = gold.change_gold(item, {"size": ["no", "maybe"], "logo": "yes"} if asked else {"size": "no"})
        assert (CampaignFigures.objects.get().asked_at is not None) == asked
    assert changed.expected == {"size": ["no", "maybe"], "logo": ["yes"]}
    assert CampaignRater.objects.get().state == "active"
    gold.change_gold(changed, changed.expected, explanation="Look at the table.")
    assert campaign.events.filter(kind="gold item changed").count() == 2
    campaigns.close(campaign)
    with pytest.raises(BadCampaign, match="stays as it is"):
        gold.change_gold(changed, {"size": "yes"})


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


class TestNobodyIsStuckInTheRound:
    """Skipping, reporting and taking back end no round and pass none."""

    def test_what_was_skipped_comes_again_at_the_end(self) -> None:
        campaign, rater = qualifying(2), make_rater()
        (first,) = lease(rater, campaign)
        passing.skip(rater, first.uuid, "cannot judge")
        assert rate(rater, campaign).task_id != first.task_id
        (again,) = lease(rater, campaign)
        assert (again.task_id, again.uuid, again.reason) == (first.task_id, first.uuid, "")
        rating.submit(rater, again.uuid, sent())
        assert CampaignRater.objects.get().state == "active"

    def test_what_was_reported_comes_again_too(self) -> None:
        campaign, rater = qualifying(1), make_rater()
        passing.report(rater, lease(rater, campaign)[0].uuid, "broken")
        assert rate(rater, campaign).gold
        assert CampaignRater.objects.get().state == "active"

    def test_no_more_than_the_round_has_is_asked_again(self) -> None:
        campaign, rater = qualifying(2), make_rater()
        passing.skip(rater, lease(rater, campaign)[0].uuid, "cannot judge")
        held = lease(rater, campaign, hold=5)
        assert len({one.task_id for one in held}) == len(held) == 2

    def test_taking_a_wrong_one_back_buys_no_other(self) -> None:
        campaign, rater = qualifying(2, share=1.0), make_rater()
        wrong = rate(rater, campaign, NO)
        changes.withdraw(rater, wrong.assignment.uuid, reason="A slip.")
        rate(rater, campaign)
        assert CampaignRater.objects.get().state == "failed"


class TestAnswersAfterTheExpectedOnesWereShown:
    @pytest.fixture
    def wrong(self) -> Any:
        campaign = make_campaign(1, open=False, qualification_items=2, gold_feedback=True)
        make_gold(campaign, 2, use="qualification")
        campaigns.open_campaign(campaign)
        return rate(make_rater(), campaign, NO)

    @pytest.mark.parametrize(
        "act", [lambda rater, assignment: changes.change(rater, assignment, YES), changes.withdraw]
    )
    def test_they_stay_as_they_were(self, wrong: Any, act: Any) -> None:
        with pytest.raises(AnswersShown, match="have been shown the expected answers"):
            act(wrong.rater, wrong.assignment.uuid)
        wrong.refresh_from_db()
        assert (wrong.answers, wrong.withdrawn_at) == (NO, None)

    def test_the_raters_own_list_says_so(self, wrong: Any) -> None:
        (row,) = own.ratings_page(wrong.rater, wrong.campaign)["ratings"]
        assert row["can_change"] is False

    def test_without_feedback_a_gold_item_changes_as_any_other(self) -> None:
        campaign, rater = qualifying(), make_rater()
        made = rate(rater, campaign, NO)
        assert changes.change(rater, made.assignment.uuid, YES).answers == YES
        (row,) = own.ratings_page(rater, campaign)["ratings"]
        assert row["can_change"] is True
