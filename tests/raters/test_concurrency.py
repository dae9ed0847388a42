"""Raters in processes of their own, at once: every image is rated exactly as often as asked, on either database."""

import multiprocessing
import os
import random
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connections, transaction

from raters.exceptions import BadCampaign, Refused
from raters.models import Assignment, Campaign, CampaignRater, GoldItem, QuestionSet, Rater, Rating, Task, Verdict
from raters.models.tasks import TaskState
from raters.services import campaigns, questions, rating, verdicts
from tests.factories.at_once import until_somebody_waits
from tests.factories.rating import NO, YES, lease, make_campaign, make_gold, make_question_set, make_rater, sent

pytestmark = [pytest.mark.django_db(transaction=True)]


def forked(work: Callable[[], object]) -> int:
    """The id of a new process that does the work with a connection of its own; it exits with 0 if all went well.

    What the parent has open is left alone, not closed: beside a browser's event loop Django keeps the connection of
    before it as well, and `close_all` here would not see it, but every child would speak through it.
    """
    connections.close_all()
    child = os.fork()
    if child:
        return child
    inherited = [(wrapper, wrapper.connection) for wrapper in connections.all(initialized_only=True)]
    for wrapper, _ in inherited:
        wrapper.connection = None
    try:
        work()
        connections.close_all()
    except BaseException:  # noqa: BLE001 - the end of a process: said, and told by its exit status
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def has_ended(child: int) -> bool:
    """Whether it has; how it did is still there for `exit_code`."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def in_the_middle(work: Callable[[], object]) -> tuple[int, Callable[[], None]]:
    """A process that has done the work in a transaction, which stays open until the second is called."""
    ready, go_on = os.pipe(), os.pipe()

    def hold() -> None:
        with transaction.atomic():
            work()
            os.write(ready[1], b"x")
            os.read(go_on[0], 1)

    child = forked(hold)
    os.close(ready[1])  # without a process that could still write, reading ends
    assert os.read(ready[0], 1) == b"x", f"it did not get that far; exit status {exit_code(child)}"
    return child, lambda: os.write(go_on[1], b"x") and None


def in_processes(count: int, work: Callable[[int], object]) -> None:
    """Run the work in that many processes at once; fails with the number of those that raised."""
    children = [forked(partial(work, number)) for number in range(count)]
    assert [exit_code(child) for child in children] == [0] * count


def drain(rater: Rater, campaign: Campaign, seed: int) -> None:
    """Rate until nothing comes any more, as a page does: the next image is held meanwhile, and requests repeat."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    idle = 0
    while idle < 4:
        held = rating.lease_next(rater, campaign).assignments
        if not held:
            idle += 1
            time.sleep(0.02)
        for assignment in held[:1]:
            idle = 0
            submission = sent(chance.choice([YES, NO]))
            for _ in range(chance.choice([1, 1, 2])):
                rating.submit(rater, assignment.uuid, submission)
    rating.give_back(rater, campaign)


def follow(rater: Rater, campaign: Campaign, script: dict[int, list[dict[str, str]]], taken: Any) -> None:
    """Rate until every image is complete: a place that a tie opens comes late. Each image has its answers in turn."""
    order, until = sorted(script), time.monotonic() + 60
    while Task.objects.filter(campaign=campaign).exclude(state=TaskState.COMPLETE).exists():
        assert time.monotonic() < until, "After a minute some image still lacks ratings."
        held = rating.lease_next(rater, campaign).assignments
        if not held:
            time.sleep(0.02)
        for assignment in held[:1]:
            place = order.index(assignment.task_id)
            with taken.get_lock():
                turn, taken[place] = taken[place], taken[place] + 1
            rating.submit(rater, assignment.uuid, sent(script[assignment.task_id][turn]))
    rating.give_back(rater, campaign)


def check_exact(campaign: Campaign, wanted: int) -> None:
    pairs = list(Rating.objects.filter(campaign=campaign).values_list("task", "rater"))
    per = Counter(task for task, _ in pairs)
    assert len(set(pairs)) == len(pairs)
    assert {per[pk] for pk in Task.objects.filter(campaign=campaign).values_list("pk", flat=True)} == {wanted}
    assert set(Task.objects.values_list("state", "held", "done")) == {(TaskState.COMPLETE, 0, wanted)}
    members = CampaignRater.objects.filter(campaign=campaign)
    assert sum(members.values_list("ratings", flat=True)) == len(pairs)
    assert sum(members.values_list("finished", flat=True)) == len(per)
    assert verdicts.differences(Campaign.objects.all()) == []


def test_many_raters_at_once_rate_each_image_three_times() -> None:
    campaign = make_campaign(14)
    raters = [make_rater() for _ in range(8)]
    in_processes(8, lambda number: drain(raters[number], campaign, number))
    check_exact(campaign, 3)


def test_a_tie_asks_exactly_one_more_rater_under_many() -> None:
    """Each image has two ratings, and a third exactly where the first two left its outcome open."""
    campaign = make_campaign(12, raters_per_image=2, tie_break=True)
    scripts = ([YES, YES], [NO, NO], [YES, NO, YES], [NO, YES, NO])
    script = {task.pk: scripts[place % 4] for place, task in enumerate(campaign.tasks.order_by("pk"))}
    taken = multiprocessing.Array("i", 12)  # of each image's answers, whoever gives them
    raters = [make_rater() for _ in range(6)]
    in_processes(6, lambda number: follow(raters[number], campaign, script, taken))
    answers: dict[int, list[bool]] = {}
    for task, accepted in Rating.objects.order_by("pk").values_list("task", "accepted"):
        answers.setdefault(task, []).append(accepted)
    tied = {pk for pk, given in script.items() if len(given) == 3}
    wanted = {pk: sorted(one == YES for one in given) for pk, given in script.items()}
    assert {pk: sorted(given) for pk, given in answers.items()} == wanted
    rows = Task.objects.values_list("pk", "state", "held", "done", "wanted", "extra")
    assert set(rows) == {(pk, TaskState.COMPLETE, 0, 2 + (pk in tied), 2 + (pk in tied), pk in tied) for pk in answers}
    assert sum(CampaignRater.objects.values_list("finished", flat=True)) == 12
    outcomes = {pk: (True, "passed" if given[-1] == YES else "failed") for pk, given in script.items()}
    assert {row.task_id: (row.final, row.outcome) for row in Verdict.objects.all()} == outcomes
    assert verdicts.differences(Campaign.objects.all()) == []


@pytest.mark.postgres
def test_raters_who_change_places_on_gold_items_do_not_wait_in_a_circle() -> None:
    campaign = make_campaign(2, open=False, qualification_items=2)
    make_gold(campaign, 2, use=GoldItem.Use.QUALIFICATION)
    campaigns.open_campaign(campaign)
    holders: dict[int, tuple[Rater, uuid.UUID]] = {}
    while len(holders) < 2:
        rater = make_rater()
        held = lease(rater, campaign)[0]
        holders.setdefault(held.task_id, (rater, held.uuid))
    both, whose = multiprocessing.Barrier(2, timeout=60), list(holders.values())

    def change(number: int) -> None:
        rater, assignment = whose[number]
        with transaction.atomic():
            rating.submit(rater, assignment, sent(YES))
            both.wait()
            assert len(rating.lease_next(rater, campaign, hold=1).assignments) == 1

    in_processes(2, change)


def test_one_place_left_is_taken_by_one() -> None:
    campaign = make_campaign(1, raters_per_image=1)
    raters = [make_rater() for _ in range(6)]
    in_processes(6, lambda number: drain(raters[number], campaign, number))
    check_exact(campaign, 1)


def test_two_tabs_of_one_rater_make_one_rating_an_image() -> None:
    campaign, rater = make_campaign(5, raters_per_image=1), make_rater()

    def tab(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - no secret
        for _ in range(40):
            held = rating.lease_next(rater, campaign).assignments
            if not held:
                return
            try:
                rating.submit(rater, chance.choice(held).uuid, sent())
            except Refused:
                continue

    in_processes(4, tab)
    check_exact(campaign, 1)


def test_one_request_sent_by_several_at_once_is_one_rating() -> None:
    campaign, rater = make_campaign(1), make_rater()
    (held,) = rating.lease_next(rater, campaign, hold=1).assignments
    submission = sent(request_id=uuid.uuid4())
    in_processes(6, lambda _: [rating.submit(rater, held.uuid, submission) for _ in range(3)] and None)
    assert Rating.objects.count() == 1
    assert CampaignRater.objects.get().ratings == 1


def test_leases_that_run_out_under_many_raters_never_lead_to_a_surplus() -> None:
    """Some raters fall asleep over an image while others take it; those come back and submit all the same."""
    campaign = make_campaign(6)
    raters = [make_rater() for _ in range(6)]

    def work(number: int) -> None:
        chance, rater = random.Random(number), raters[number]  # noqa: S311 - no secret
        for _ in range(30):
            held = rating.lease_next(rater, campaign).assignments
            if chance.random() < 0.4:
                Assignment.objects.filter(rater=rater, state="held").update(lease_until="2020-01-01T00:00:00Z")
                time.sleep(0.01)
            for assignment in held:
                try:
                    rating.submit(rater, assignment.uuid, sent())
                except Refused:
                    continue
        rating.give_back(rater, campaign)

    in_processes(6, work)
    for rater in raters:
        drain(rater, campaign, 0)
    check_exact(campaign, 3)


@pytest.mark.postgres
def test_raters_do_not_wait_for_one_anothers_images() -> None:
    """On PostgreSQL a rater passes over the row that another is taking (SKIP LOCKED) and gets another image."""
    campaign = make_campaign(4)
    slow, quick = make_rater(), make_rater()
    leasing, let_go = in_the_middle(lambda: rating.lease_next(slow, campaign, hold=2))
    try:
        held = rating.lease_next(quick, campaign, hold=2).assignments
        assert not has_ended(leasing), "the slow one holds its images still"
    finally:
        let_go()
        code = exit_code(leasing)
    assert code == 0
    assert len(held) == 2
    assert {one.task_id for one in held}.isdisjoint(
        Assignment.objects.filter(rater=slow).values_list("task_id", flat=True)
    )


@pytest.mark.postgres
def test_a_campaign_that_closes_while_an_image_is_handed_out_leaves_none_held() -> None:
    """On PostgreSQL closing waits for who is handing one out; on SQLite writers take turns anyway."""
    campaign, rater = make_campaign(4), make_rater()
    leasing, let_go = in_the_middle(lambda: rating.lease_next(rater, campaign))
    closing = forked(lambda: campaigns.close(Campaign.objects.get(pk=campaign.pk)))
    try:
        until_somebody_waits(or_else=lambda: has_ended(closing))
    finally:
        let_go()
        codes = [exit_code(child) for child in (leasing, closing)]
    assert codes == [0, 0]
    assert Campaign.objects.get(pk=campaign.pk).state == "closed"
    assert not Assignment.objects.filter(state="held").exists()
    assert not Task.objects.filter(held__gt=0).exists()


@pytest.mark.postgres
def test_a_campaign_asks_the_questions_that_were_frozen_when_it_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody chooses other questions while it opens: they wait, and are told that it is too late."""
    campaign, other = make_campaign(1, open=False), make_question_set("colour")
    opening = os.pipe()

    def change_too_late() -> None:
        os.read(opening[0], 1)
        with pytest.raises(BadCampaign, match="cannot be changed once a campaign was opened"):
            campaigns.change_campaign(Campaign.objects.get(pk=campaign.pk), question_set=other)

    def freeze(asked: QuestionSet) -> None:
        os.write(opening[1], b"x")
        until_somebody_waits(or_else=lambda: has_ended(changing))
        questions.freeze(asked)

    changing = forked(change_too_late)
    monkeypatch.setattr(campaigns, "questions", SimpleNamespace(freeze=freeze))
    try:
        campaigns.open_campaign(campaign)
    finally:
        os.write(opening[1], b"x")  # should it not have come to freezing
        code = exit_code(changing)
    assert code == 0
    campaign.refresh_from_db()
    assert campaign.question_set != other
    assert campaign.question_set.frozen_at is not None


def test_a_campaign_that_was_closed_before_an_image_is_handed_out_hands_out_none() -> None:
    """The request has read the campaign while it was open, and comes to its turn after it was closed."""
    campaign, rater = make_campaign(4), make_rater()
    stale = Campaign.objects.select_related("question_set").get(pk=campaign.pk)
    campaigns.close(campaign)
    assert rating.lease_next(rater, stale).assignments == []
    assert not Assignment.objects.filter(state="held").exists()
    assert not Task.objects.filter(held__gt=0).exists()
