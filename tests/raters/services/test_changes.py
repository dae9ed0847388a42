"""Changed and withdrawn ratings: what was stays, what follows follows."""

import pytest
from django.db import connection

from raters import exceptions
from raters.models import Campaign, CampaignRater, Rating, RatingChange, Task, Verdict
from raters.models.tasks import AssignmentState, TaskState
from raters.services import campaigns, changes, rating, verdicts
from tests.factories.rating import NO, YES, lease, make_campaign, make_rater, rate

pytestmark = pytest.mark.django_db


def complete(campaign: Campaign, answers: list[dict[str, str]]) -> list[Rating]:
    """One image rated by as many raters as there are answers."""
    return [rate(make_rater(), campaign, given) for given in answers]


def test_a_change_moves_the_verdict_and_keeps_what_was() -> None:
    campaign = make_campaign(1)
    first, _, _ = complete(campaign, [YES, YES, NO])
    assert Verdict.objects.get().outcome == "passed"
    changed = changes.change(first.rater, first.assignment.uuid, NO)
    assert (changed.answers, changed.accepted, changed.changed_at is not None) == (NO, False, True)
    assert Verdict.objects.get().outcome == "failed"
    note = RatingChange.objects.get()
    assert (note.kind, note.before, note.after, note.by) == ("changed", YES, NO, first.rater.user)
    assert verdicts.differences(Campaign.objects.all()) == []


def test_the_same_answers_again_are_no_change() -> None:
    campaign = make_campaign(1)
    (made,) = complete(campaign, [YES])
    changes.change(made.rater, made.assignment.uuid, dict(YES))
    assert not RatingChange.objects.exists()


def test_a_change_may_open_an_image_that_was_decided_early() -> None:
    campaign = make_campaign(1, early_stop=True)
    first, _ = complete(campaign, [YES, YES])
    changes.change(first.rater, first.assignment.uuid, NO)
    task = Task.objects.get()
    assert (task.state, task.verdict.final) == (TaskState.BEGUN, False)
    assert sum(CampaignRater.objects.values_list("finished", flat=True)) == 0
    assert len(lease(make_rater(), campaign)) == 1


def test_a_withdrawn_rating_does_not_count_and_another_rater_is_asked() -> None:
    campaign = make_campaign(1)
    first, second, third = complete(campaign, [YES, YES, NO])
    changes.withdraw(first.rater, first.assignment.uuid, reason="wrong product in mind")
    task = Task.objects.get()
    assert (task.state, task.done, task.verdict.ratings, task.verdict.outcome) == (TaskState.BEGUN, 2, 2, "tied")
    assert RatingChange.objects.get().kind == "withdrawn"
    assert lease(first.rater, campaign) == []
    for rater in (second.rater, third.rater):
        assert lease(rater, campaign) == []
    rate(make_rater(), campaign)
    assert (Task.objects.get().state, Verdict.objects.get().outcome) == (TaskState.COMPLETE, "passed")
    assert Rating.objects.count() == 4
    assert verdicts.differences(Campaign.objects.all()) == []


def test_when_all_are_withdrawn_the_verdict_says_so() -> None:
    campaign = make_campaign(1)
    for made in complete(campaign, [YES, NO]):
        changes.withdraw(made.rater, made.assignment.uuid)
    verdict = Verdict.objects.get()
    assert (verdict.ratings, verdict.outcome, verdict.share, verdict.final) == (0, "too_few", None, False)
    assert verdicts.differences(Campaign.objects.all()) == []


def test_what_cannot_be_changed() -> None:
    campaign = make_campaign(2)
    (made,) = complete(campaign, [YES])
    rater, address = made.rater, made.assignment.uuid
    with pytest.raises(exceptions.NotFound):
        changes.change(make_rater(), address, NO)
    with pytest.raises(exceptions.BadAnswers):
        changes.change(rater, address, {"size": "no"})
    held = lease(rater, campaign)[0]
    with pytest.raises(exceptions.NotHeld, match="have not rated"):
        changes.change(rater, held.uuid, NO)
    changes.withdraw(rater, address)
    with pytest.raises(exceptions.NotHeld, match="withdrawn this rating"):
        changes.change(rater, address, NO)
    made.assignment.refresh_from_db()
    assert made.assignment.state == AssignmentState.WITHDRAWN


def test_after_the_end_ratings_stay_as_they_are() -> None:
    campaign = make_campaign(1)
    (made,) = complete(campaign, [YES])
    campaigns.close(campaign)
    for act in (
        lambda: changes.change(made.rater, made.assignment.uuid, NO),
        lambda: changes.withdraw(made.rater, made.assignment.uuid),
    ):
        with pytest.raises(exceptions.CampaignNotOpen, match="closed"):
            act()
    assert Rating.objects.get().answers == YES


def test_the_record_of_changes_is_only_added_to() -> None:
    campaign = make_campaign(1)
    (made,) = complete(campaign, [YES])
    changes.change(made.rater, made.assignment.uuid, NO)
    note = RatingChange.objects.get()
    note.reason = "other"
    for act in (
        note.save,
        note.delete,
        RatingChange.objects.all().delete,
        lambda: RatingChange.objects.update(reason="x"),
    ):
        with pytest.raises(exceptions.AppendOnly, match="only ever added to"):
            act()
    assert RatingChange.objects.get().reason == ""


def test_deleting_a_person_keeps_their_votes_and_changes() -> None:
    campaign = make_campaign(1)
    (made,) = complete(campaign, [YES])
    changes.change(made.rater, made.assignment.uuid, NO)
    user = made.rater.user
    assert user is not None
    user.delete()
    made.refresh_from_db()
    made.rater.refresh_from_db()
    assert (made.rater.user, made.answers) == (None, NO)
    assert made.rater.code.startswith("R-")
    assert RatingChange.objects.get().by is None
    rate(make_rater(), campaign)
    assert Verdict.objects.get().ratings == 2
    connection.check_constraints()


def test_progress_counts_what_is_not_withdrawn() -> None:
    campaign = make_campaign(2)
    first = rate(make_rater(), campaign)
    rate(first.rater, campaign)
    changes.withdraw(first.rater, first.assignment.uuid)
    member = CampaignRater.objects.get()
    assert (member.ratings, member.taken) == (1, 2)
    assert rating.lease_next(first.rater, campaign).assignments == []
