"""What a rater does with an image, and what is refused, each with its sentence."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from raters import exceptions
from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, Rater, Rating, Task, Verdict
from raters.models.tasks import AssignmentState, TaskState
from raters.services import campaigns, passing, rating
from tests.factories.rating import NO, YES, lease, make_campaign, make_gold, make_rater, rate, sent

pytestmark = pytest.mark.django_db


def test_a_rating_is_kept_with_its_times_and_everything_follows() -> None:
    campaign, rater = make_campaign(2), make_rater()
    (held,) = lease(rater, campaign)
    made = rating.submit(rater, held.uuid, sent(NO, times={"size": 1500, "logo": 20.5, "other": 3}, active_ms=9000))
    made.refresh_from_db()
    assert (made.answers, made.accepted, made.active_ms) == (NO, False, 9000)
    assert made.times == {"size": 1500, "logo": 20}
    held.refresh_from_db()
    assert held.state == AssignmentState.DONE
    task = Task.objects.get(pk=held.task_id)
    assert (task.held, task.done, task.state, task.verdict.ratings) == (0, 1, TaskState.BEGUN, 1)
    member = CampaignRater.objects.get(rater=rater)
    assert (member.ratings, member.taken, member.today, member.active_ms) == (1, 1, 1, 9000)


def test_the_third_rating_completes_an_image() -> None:
    campaign = make_campaign(1)
    for _ in range(3):
        rate(make_rater(), campaign)
    task = Task.objects.get()
    assert (task.state, task.done, task.held) == (TaskState.COMPLETE, 3, 0)
    assert (task.verdict.outcome, task.verdict.final, task.verdict.early) == ("passed", True, False)
    assert sum(CampaignRater.objects.values_list("finished", flat=True)) == 1


def test_early_stop_spares_the_third_rater() -> None:
    campaign = make_campaign(1, early_stop=True)
    for _ in range(2):
        rate(make_rater(), campaign)
    task = Task.objects.get()
    assert (task.state, task.done, task.verdict.final, task.verdict.early) == (TaskState.COMPLETE, 2, True, True)
    assert lease(make_rater(), campaign) == []


def test_early_stop_asks_on_while_the_outcome_is_open() -> None:
    campaign = make_campaign(1, early_stop=True)
    rate(make_rater(), campaign)
    rate(make_rater(), campaign, NO)
    assert (Task.objects.get().state, Verdict.objects.get().final) == (TaskState.BEGUN, False)
    rate(make_rater(), campaign)
    assert Verdict.objects.get().outcome == "passed"


def test_who_holds_an_image_when_it_is_decided_early_may_finish_it() -> None:
    campaign = make_campaign(1, early_stop=True)
    third = make_rater()
    (held,) = lease(third, campaign)
    for _ in range(2):
        rate(make_rater(), campaign)
    rating.submit(third, held.uuid, sent(NO))
    task = Task.objects.get()
    assert (task.done, task.held, task.verdict.ratings, task.verdict.early) == (3, 0, 3, False)


def test_the_same_request_twice_is_one_rating() -> None:
    campaign, rater = make_campaign(2), make_rater()
    (held,) = lease(rater, campaign)
    submission = sent()
    first = rating.submit(rater, held.uuid, submission)
    assert rating.submit(rater, held.uuid, submission) == first
    again, hands = rating.submit_and_lease(rater, held.uuid, submission)
    assert again == first
    assert hands.assignments[0].task_id != held.task_id
    assert Rating.objects.count() == 1
    assert CampaignRater.objects.get(rater=rater).ratings == 1


def test_the_same_request_is_answered_even_after_the_campaign_was_closed() -> None:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    submission = sent()
    rating.submit(rater, held.uuid, submission)
    campaigns.close(campaign)
    assert rating.submit(rater, held.uuid, submission).request_id == submission.request_id


Arranged = tuple[Rater, uuid.UUID, rating.Submission]


def held_by_another() -> Arranged:
    campaign = make_campaign(1)
    return make_rater(), lease(make_rater(), campaign)[0].uuid, sent()


def never_handed_out() -> Arranged:
    make_campaign(1)
    return make_rater(), uuid.uuid4(), sent()


def rated_already() -> Arranged:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    rating.submit(rater, held.uuid, sent())
    return rater, held.uuid, sent(NO)


def skipped_before() -> Arranged:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    passing.skip(rater, held.uuid, "blurred")
    return rater, held.uuid, sent()


def ran_out_and_full() -> Arranged:
    campaign, slow = make_campaign(1), make_rater()
    (held,) = lease(slow, campaign)
    Assignment.objects.filter(pk=held.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    for _ in range(3):
        rate(make_rater(), campaign)
    return slow, held.uuid, sent()


def given_back_and_full() -> Arranged:
    campaign, rater = make_campaign(1, raters_per_image=1), make_rater()
    (held,) = lease(rater, campaign)
    rating.give_back(rater, campaign)
    rate(make_rater(), campaign)
    return rater, held.uuid, sent()


def request_of_another_image() -> Arranged:
    campaign, rater = make_campaign(2), make_rater()
    first, second = lease(rater, campaign, hold=2)
    submission = sent()
    rating.submit(rater, first.uuid, submission)
    return rater, second.uuid, submission


def partial() -> Arranged:
    campaign, rater = make_campaign(1), make_rater()
    return rater, lease(rater, campaign)[0].uuid, sent({"size": "yes"})


def empty() -> Arranged:
    campaign, rater = make_campaign(1), make_rater()
    return rater, lease(rater, campaign)[0].uuid, sent({})


def banana() -> Arranged:
    campaign, rater = make_campaign(1), make_rater()
    return rater, lease(rater, campaign)[0].uuid, sent(YES | {"size": "banana"})


def wrong_times() -> Arranged:
    campaign, rater = make_campaign(1), make_rater()
    return rater, lease(rater, campaign)[0].uuid, sent(times={"size": -1})


def closed_meanwhile() -> Arranged:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    campaigns.close(campaign)
    return rater, held.uuid, sent()


def taken_off() -> Arranged:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    CampaignRater.objects.filter(rater=rater).update(state=CampaignRater.State.BLOCKED)
    return rater, held.uuid, sent()


def withheld() -> Arranged:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    rating.give_back(rater, campaign)
    Task.objects.update(state=TaskState.WITHHELD)
    return rater, held.uuid, sent()


@pytest.mark.parametrize(
    ("arrange", "refusal", "sentence"),
    [
        (held_by_another, exceptions.NotFound, "no such image for you"),
        (never_handed_out, exceptions.NotFound, "no such image for you"),
        (rated_already, exceptions.AlreadyRated, "rated this image already"),
        (skipped_before, exceptions.NotHeld, "do not hold this image"),
        (ran_out_and_full, exceptions.EnoughRatings, "others have rated it meanwhile"),
        (given_back_and_full, exceptions.EnoughRatings, "others have rated it meanwhile"),
        (request_of_another_image, exceptions.RequestReused, "another image"),
        (partial, exceptions.BadAnswers, "7 of 8 questions have no answer yet"),
        (empty, exceptions.BadAnswers, "8 of 8 questions"),
        (banana, exceptions.BadAnswers, "'banana' is no answer"),
        (wrong_times, exceptions.BadRequest, "numbers of at least 0"),
        (closed_meanwhile, exceptions.CampaignNotOpen, "is closed: it takes no more ratings"),
        (taken_off, exceptions.NotAllowed, "taken you off"),
        (withheld, exceptions.EnoughRatings, "ran out"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing_behind(
    arrange: Callable[[], Arranged], refusal: type[Exception], sentence: str
) -> None:
    rater, assignment, submission = arrange()
    before = list(Rating.objects.values()), list(Task.objects.values("held", "done", "state"))
    with pytest.raises(refusal, match=sentence):
        rating.submit(rater, assignment, submission)
    assert before == (list(Rating.objects.values()), list(Task.objects.values("held", "done", "state")))


def test_a_rating_that_comes_late_is_taken_while_there_is_a_place() -> None:
    campaign, slow = make_campaign(1), make_rater()
    (held,) = lease(slow, campaign)
    Assignment.objects.filter(pk=held.pk).update(lease_until=timezone.now() - timedelta(minutes=5))
    for _ in range(2):
        rate(make_rater(), campaign)
    rating.submit(slow, held.uuid, sent())
    assert (Task.objects.get().done, Task.objects.get().held) == (3, 0)


def test_in_a_paused_campaign_what_is_held_may_be_finished() -> None:
    campaign, rater = make_campaign(2), make_rater()
    (held,) = lease(rater, campaign)
    campaigns.pause(campaign)
    _, hands = rating.submit_and_lease(rater, held.uuid, sent())
    assert hands.assignments == []
    assert "paused" in (hands.notice or "")
    assert Rating.objects.count() == 1


def test_drafts_are_kept_as_they_are_given() -> None:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    rating.save_draft(rater, held.uuid, {"size": "no"}, {"size": 100}, 150)
    rating.save_draft(rater, held.uuid, {"size": "yes", "logo": "maybe"}, {"size": 100, "logo": 50}, 900)
    (again,) = lease(rater, campaign)
    assert again.draft == {"answers": {"logo": "maybe", "size": "yes"}, "times": {"size": 100, "logo": 50}}
    assert again.active_ms == 900


@pytest.mark.parametrize(("answers", "sentence"), [({"size": "banana"}, "banana"), ("x", "object")])
def test_a_wrong_draft_is_refused(answers: Any, sentence: str) -> None:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    with pytest.raises(exceptions.BadAnswers, match=sentence):
        rating.save_draft(rater, held.uuid, answers)


def test_a_draft_after_the_rating_is_refused() -> None:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    rating.submit(rater, held.uuid, sent())
    with pytest.raises(exceptions.AlreadyRated):
        rating.save_draft(rater, held.uuid, {"size": "no"})


@pytest.mark.parametrize("act", [passing.skip, passing.report])
def test_skipping_and_reporting_need_a_reason_and_an_image_of_ones_own(act: Any) -> None:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    with pytest.raises(exceptions.BadRequest, match="reason is empty"):
        act(rater, held.uuid, "  ")
    with pytest.raises(exceptions.NotFound):
        act(make_rater(), held.uuid, "blurred")
    act(rater, held.uuid, "blurred")
    act(rater, held.uuid, "too dark")  # said twice, it is said once
    held.refresh_from_db()
    assert held.reason == "blurred"
    assert (Task.objects.get().held, CampaignRater.objects.get(rater=rater).skips) == (0, 1)


def test_an_image_that_two_report_is_withheld_from_the_others() -> None:
    campaign = make_campaign(1)
    for number in range(2):
        rater = make_rater()
        passing.report(rater, lease(rater, campaign)[0].uuid, "unsafe")
        assert Task.objects.get().state == (TaskState.WITHHELD if number else TaskState.BEGUN)
    assert lease(make_rater(), campaign) == []
    assert [event.details["withheld"] for event in CampaignEvent.objects.filter(kind="image reported")] == [True, False]


def test_a_report_of_a_gold_item_looks_like_any_other() -> None:
    campaign = make_campaign(1, open=False, gold_share=0.5)
    make_gold(campaign, 1)
    campaigns.open_campaign(campaign)
    rater = make_rater()
    for held in lease(rater, campaign, hold=2):
        passing.report(rater, held.uuid, "broken")
    assert Task.objects.get(gold__isnull=False).state == TaskState.GOLD


def test_leaving_gives_everything_back_and_keeps_the_draft() -> None:
    campaign, rater = make_campaign(3), make_rater()
    first = lease(rater, campaign, hold=2)
    rating.save_draft(rater, first[0].uuid, {"size": "no"})
    assert rating.give_back(rater, campaign) == 2
    assert rating.give_back(rater, campaign) == 0
    assert set(Task.objects.values_list("held", flat=True)) == {0}
    again = lease(rater, campaign, hold=3)
    assert [one.draft["answers"] for one in again if one.draft] == [{"size": "no"}]


def test_a_stranger_has_nothing_to_give_back() -> None:
    assert rating.give_back(make_rater(), make_campaign(1)) == 0


def test_todays_count_begins_anew_each_day() -> None:
    campaign, rater = make_campaign(3), make_rater()
    rate(rater, campaign)
    yesterday = timezone.now().date() - timedelta(days=1)
    CampaignRater.objects.filter(rater=rater).update(today=40, today_on=yesterday)
    rate(rater, campaign)
    assert CampaignRater.objects.get(rater=rater).today == 1


def test_a_campaign_of_others_ratings_keeps_where_they_came_from() -> None:
    campaign = make_campaign(1)
    Campaign.objects.update(origin="simulation")
    campaign.refresh_from_db()
    assert rate(make_rater(), campaign).origin == "simulation"
