"""Verdicts follow ratings in the same transaction, and building them anew finds no difference."""

import random
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from raters import signals
from raters.models import Campaign, CampaignRater, Rating, Task, Verdict
from raters.services import changes, passing, rating, verdicts
from tests.factories.rating import KEYS, NO, YES, lease, make_campaign, make_gold, make_rater, rate, sent

pytestmark = pytest.mark.django_db


def told() -> str:
    out = StringIO()
    call_command("raters", "rebuild-verdicts", stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    "settings",
    [{}, {"early_stop": True}, {"raters_per_image": 2, "tie_break": True}, {"tie_break": True, "early_stop": True}],
    ids=["plain", "early stop", "ties of two", "both"],
)
@pytest.mark.parametrize("vote", ["question", "rater"])
def test_after_any_history_nothing_differs(vote: str, settings: dict[str, Any]) -> None:
    chance = random.Random(f"{vote}{settings}")  # noqa: S311 - no secret
    campaign = make_campaign(6, vote=vote, **settings)
    raters = [make_rater() for _ in range(5)]
    for _ in range(40):
        rater = chance.choice(raters)
        mine = list(Rating.objects.filter(rater=rater, withdrawn_at=None).select_related("assignment"))
        held = lease(rater, campaign)
        answers = {key: chance.choice(["yes", "yes", "yes", "no"]) for key in KEYS}
        act = chance.choice(["rate", "rate", "rate", "skip", "change", "withdraw"])
        if act == "rate" and held:
            rating.submit(rater, held[0].uuid, sent(answers))
        elif act == "skip" and held:
            passing.skip(rater, held[0].uuid, "blurred")
        elif act == "change" and mine:
            changes.change(rater, chance.choice(mine).assignment.uuid, answers)
        elif act == "withdraw" and mine:
            changes.withdraw(rater, chance.choice(mine).assignment.uuid)
    assert verdicts.differences(Campaign.objects.all()) == []
    assert told() == "Every verdict is what its ratings say.\n"
    for task in Task.objects.all():
        assert task.done == Rating.objects.filter(task=task, withdrawn_at=None).count()
        assert (task.wanted - task.extra, task.extra in (0, 1)) == (campaign.raters_per_image, True)
    finished = sum(CampaignRater.objects.values_list("finished", flat=True))
    assert finished == Task.objects.filter(state="complete").count()


def test_a_wrong_verdict_is_found_and_mended() -> None:
    campaign = make_campaign(2)
    for _ in range(3):
        rater = make_rater()
        for _ in range(2):
            rate(rater, campaign)
    wrong, missing = Verdict.objects.order_by("pk")
    Verdict.objects.filter(pk=wrong.pk).update(outcome="failed")
    missing.delete()
    with pytest.raises(CommandError, match="2 verdicts differ"):
        told()
    out = StringIO()
    call_command("raters", "rebuild-verdicts", "--mend", f"--campaign={campaign.pk}", stdout=out)
    assert "Mended: 2 verdicts." in out.getvalue()
    assert told() == "Every verdict is what its ratings say.\n"


def test_a_verdict_without_ratings_is_taken_away() -> None:
    campaign = make_campaign(1)
    task = Task.objects.get()
    Verdict.objects.create(task=task, campaign=campaign, by_question="passed", by_rater="passed", outcome="passed")
    assert len(verdicts.differences(Campaign.objects.all(), mend=True)) == 1
    assert not Verdict.objects.exists()


def test_no_such_campaign() -> None:
    with pytest.raises(CommandError, match="no campaign 99"):
        call_command("raters", "rebuild-verdicts", "--campaign=99")


def test_excluded_ratings_do_not_count_and_keep_their_place() -> None:
    campaign = make_campaign(1)
    made = [rate(make_rater(), campaign, answers) for answers in (YES, NO, NO)]
    Rating.objects.filter(pk=made[1].pk).update(excluded=True)
    with transaction.atomic():
        verdict = verdicts.recompute(Task.objects.select_for_update().get())
    assert verdict is not None
    assert (verdict.ratings, verdict.outcome, verdict.final) == (2, "tied", True)
    assert verdicts.differences(Campaign.objects.all()) == []


def test_gold_items_have_no_verdict() -> None:
    campaign = make_campaign(1, open=False, qualification_items=1)
    make_gold(campaign, 1, use="qualification")
    Campaign.objects.update(state="open")
    campaign.refresh_from_db()
    rate(make_rater(), campaign)
    assert not Verdict.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_listeners_hear_of_final_verdicts_after_the_transaction() -> None:
    heard: list[str] = []

    def listen(outcome: str, **_: object) -> None:
        heard.append(outcome)

    signals.verdict_made.connect(listen)
    try:
        campaign = make_campaign(1)
        for count in range(3):
            assert heard == []
            rate(make_rater(), campaign)
            assert count < 2 or heard == ["passed"]
    finally:
        signals.verdict_made.disconnect(listen)


def test_soft_labels_are_kept_with_the_verdict() -> None:
    campaign = make_campaign(1)
    for answers in (YES, YES, NO):
        rate(make_rater(), campaign, answers)
    verdict = Verdict.objects.get()
    assert verdict.share == pytest.approx(2 / 3)
    assert verdict.questions["size"] == {"counts": {"no": 1, "yes": 2}, "share": 2 / 3, "outcome": "passed"}
