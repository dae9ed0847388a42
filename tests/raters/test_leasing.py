"""Which image a rater is handed, and what happens to one that they hold too long."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from raters import leasing
from raters.exceptions import CampaignNotOpen, NotAllowed
from raters.models import Assignment, Campaign, CampaignRater, Rater, Task
from raters.models.tasks import AssignmentState, TaskState
from raters.services import campaigns, passing, people, rating
from tests.factories.rating import lease, make_campaign, make_gold, make_rater, make_tasks, rate, sent

pytestmark = pytest.mark.django_db


def run_out(*assignments: Assignment) -> None:
    """Let their leases end a minute ago."""
    over = timezone.now() - timedelta(minutes=1)
    Assignment.objects.filter(pk__in=[one.pk for one in assignments]).update(lease_until=over)


def settle_stamps() -> None:
    """Let all stamps be as old as those that cursors may pass."""
    for task in Task.objects.exclude(stamp=0):
        Task.objects.filter(pk=task.pk).update(stamp=task.stamp - 2 * leasing.SETTLED)


def test_a_rater_holds_two_images_and_sees_none_twice() -> None:
    campaign, rater = make_campaign(5), make_rater()
    first = lease(rater, campaign, hold=2)
    assert len(first) == 2
    assert lease(rater, campaign, hold=2) == first
    for _ in range(5):
        rating.submit(rater, lease(rater, campaign, hold=2)[0].uuid, sent())
    assert lease(rater, campaign, hold=2) == []
    assert Assignment.objects.filter(rater=rater).values("task").distinct().count() == 5


def test_several_are_given_back_in_the_order_in_which_all_lock_tasks() -> None:
    """Two who leave at once would wait for each other otherwise."""
    campaign, rater = make_campaign(4), make_rater()
    member = people.join(rater, campaign)
    CampaignRater.objects.filter(pk=member.pk).update(place=2)
    handed = [one.task_id for one in lease(rater, campaign, hold=4)]
    assert handed != sorted(handed)
    assert [one.task_id for one in leasing.held_by(member)] == sorted(handed)


def test_never_more_raters_than_asked() -> None:
    campaign = make_campaign(2)
    held = [len(lease(make_rater(), campaign, hold=2)) for _ in range(5)]
    assert sum(held) == 6
    assert set(Task.objects.values_list("held", "state")) == {(3, TaskState.FULL)}


def test_nearly_complete_images_come_first() -> None:
    campaign = make_campaign(30)
    one, two, three = (make_rater() for _ in range(3))
    begun = [rate(one, campaign).task_id for _ in range(6)]
    nearly = [rate(two, campaign).task_id for _ in range(3)]
    assert set(nearly) <= set(begun)
    third = [rate(three, campaign).task_id for _ in range(6)]
    assert set(third[:3]) == set(nearly)
    assert set(third) == set(begun)


def test_fresh_images_come_in_the_campaigns_order_from_a_place_of_ones_own() -> None:
    campaign, rater = make_campaign(20), make_rater()
    place = people.join(rater, campaign).place
    positions = [rate(rater, campaign).task.position for _ in range(20)]
    assert positions == [(place + number) % 20 for number in range(20)]


def test_raters_begin_at_different_places() -> None:
    campaign = make_campaign(50)
    assert len({people.join(make_rater(), campaign).place for _ in range(12)}) > 6


def test_raters_follow_one_another_in_different_orders() -> None:
    campaign, first = make_campaign(16, raters_per_image=9), make_rater()
    order = [rate(first, campaign).task_id for _ in range(16)]
    orders = {tuple(rate(rater, campaign).task_id for _ in range(4)) for rater in [make_rater() for _ in range(5)]}
    assert len(orders) > 2
    assert all(set(one) <= set(order) for one in orders)


def test_a_lease_that_runs_out_comes_back_to_others() -> None:
    campaign, slow, quick = make_campaign(1, raters_per_image=1), make_rater(), make_rater()
    (held,) = lease(slow, campaign)
    assert lease(quick, campaign) == []
    run_out(held)
    (taken,) = lease(quick, campaign)
    assert taken.task_id == held.task_id
    held.refresh_from_db()
    assert held.state == AssignmentState.EXPIRED


def test_what_ran_out_may_be_handed_to_the_same_rater_again_with_its_draft() -> None:
    campaign, slow, other = make_campaign(1, raters_per_image=1), make_rater(), make_rater()
    (held,) = lease(slow, campaign)
    rating.save_draft(slow, held.uuid, {"size": "no"})
    run_out(held)
    (taken,) = lease(other, campaign)
    rating.give_back(other, campaign)
    (again,) = lease(slow, campaign)
    assert (again.pk, again.state, taken.rater_id) == (held.pk, AssignmentState.HELD, other.pk)
    assert again.draft["answers"] == {"size": "no"}


def test_a_lease_that_ran_out_is_still_the_raters_until_somebody_wants_it() -> None:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = lease(rater, campaign)
    run_out(held)
    (again,) = lease(rater, campaign)
    assert again.pk == held.pk
    assert again.lease_until > timezone.now()


def test_leases_are_as_long_as_the_campaign_says_and_renewed_when_used_up() -> None:
    campaign, rater = make_campaign(3, lease_minutes=10), make_rater()
    (held,) = lease(rater, campaign)
    left = held.lease_until - timezone.now()
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    Assignment.objects.filter(pk=held.pk).update(lease_until=timezone.now() + timedelta(minutes=2))
    assert lease(rater, campaign)[0].lease_until > timezone.now() + timedelta(minutes=9)


def test_a_skipped_image_goes_to_others_and_never_back() -> None:
    campaign, rater = make_campaign(1), make_rater()
    passing.skip(rater, lease(rater, campaign)[0].uuid, "blurred")
    assert lease(rater, campaign) == []
    assert len(lease(make_rater(), campaign)) == 1


def test_the_limit_of_a_rater() -> None:
    campaign, rater = make_campaign(9, per_rater_limit=3), make_rater()
    assert len(lease(rater, campaign, hold=5)) == 3
    for _ in range(3):
        rate(rater, campaign)
    assert lease(rater, campaign) == []


@pytest.mark.parametrize("state", ["draft", "paused", "closed"])
def test_only_an_open_campaign_hands_out(state: str) -> None:
    campaign = make_campaign(2)
    Campaign.objects.filter(pk=campaign.pk).update(state=state)
    campaign.refresh_from_db()
    with pytest.raises(CampaignNotOpen, match=state):
        lease(make_rater(), campaign)


def test_by_invitation_only() -> None:
    campaign, invited, other = make_campaign(2, by_invitation=True), make_rater(), make_rater()
    assert people.invite([invited], campaign) == 1
    assert people.invite([invited], campaign) == 0
    assert len(lease(invited, campaign)) == 1
    with pytest.raises(NotAllowed, match="not among the raters"):
        lease(other, campaign)


def test_gold_items_come_at_their_share_and_once_each() -> None:
    campaign = make_campaign(40, open=False, gold_share=0.25)
    make_gold(campaign, 5)
    campaigns.open_campaign(campaign)
    rater = make_rater()
    kinds = [rate(rater, campaign).gold for _ in range(45)]
    assert sum(kinds) == 5
    assert sum(kinds[:20]) == 5
    assert lease(rater, campaign) == []


def test_no_image_is_looked_at_twice_however_many_a_rater_has_rated() -> None:
    """The cursor passes what the rater has had: the query that finds the next one begins behind it."""
    campaign, rater = make_campaign(60), make_rater()
    for _ in range(40):
        rate(rater, campaign)
    settle_stamps()
    member = CampaignRater.objects.get(rater=rater)
    assert leasing._windows(member, [2]) == []
    lease(rater, campaign)
    member.refresh_from_db()
    oldest_left = Task.objects.filter(state=TaskState.BEGUN, stamp__gte=member.cursors["2"]).count()
    assert oldest_left <= 1


def test_a_task_that_became_free_behind_a_cursor_is_found() -> None:
    campaign = make_campaign(3)
    first, second = make_rater(), make_rater()
    tasks = [rate(first, campaign).task_id for _ in range(3)]
    passing.skip(second, lease(second, campaign)[0].uuid, "blurred")
    settle_stamps()
    CampaignRater.objects.filter(rater=second).update(
        cursors={"1": leasing.now_stamp(), "2": leasing.now_stamp(), "3": leasing.now_stamp()}
    )
    assert lease(second, campaign)[0].task_id in tasks


def test_every_image_is_found_though_stamps_are_late() -> None:
    """With cursors ahead of every stamp, four raters still empty the campaign."""
    campaign = make_campaign(12)
    for rater in [make_rater() for _ in range(4)]:
        while held := lease(rater, campaign):
            rating.submit(rater, held[0].uuid, sent())
            CampaignRater.objects.filter(rater=rater).update(
                cursors={str(left): leasing.now_stamp() for left in (1, 2, 3)}
            )
    assert set(Task.objects.values_list("state", "done")) == {(TaskState.COMPLETE, 3)}


def test_images_added_later_are_handed_out_as_well() -> None:
    campaign, rater = make_campaign(2), make_rater()
    for _ in range(2):
        rate(rater, campaign)
    assert lease(rater, campaign) == []
    make_tasks(campaign, 2)
    campaign.refresh_from_db()
    assert len(lease(rater, campaign, hold=5)) == 2


@pytest.mark.parametrize("rated", [0, 30])
def test_queries_of_a_lease_are_bounded(rated: int) -> None:
    campaign, rater = make_campaign(60), make_rater()
    other = make_rater()
    for who in (other, rater):
        for _ in range(rated):
            rate(who, campaign)
    lease(rater, campaign)
    rating.give_back(rater, campaign)
    with CaptureQueriesContext(connection) as queries:
        lease(rater, campaign)
    assert len(queries) <= 14, "\n".join(query["sql"][:150] for query in queries)


def plan_of(sql: str, values: list[Any]) -> str:
    prefix = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    with connection.cursor() as cursor:
        cursor.execute(prefix + sql, values)
        return "\n".join(str(row) for row in cursor.fetchall())


def test_the_search_for_a_begun_task_uses_its_index() -> None:
    campaign = make_campaign(40)
    rater: Rater = make_rater()
    member = people.join(rater, campaign)
    plan = plan_of(leasing.FREE_TASKS, [campaign.pk, 2, 0, member.rater_id])
    assert "task_by_stamp" in plan or connection.vendor != "sqlite", plan
    assert "TEMP B-TREE" not in plan
