"""Raters without their persons."""

import pytest
from django.apps import apps
from django.db import models

from accounts.models import User
from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, Rating, RatingChange, Task
from raters.services import campaigns, changes, passing, people, rating, verdicts
from tests.factories.accounts import make_user
from tests.factories.rating import NO, YES, lease, make_campaign, make_rater, rate
from vitrine.access import Role

pytestmark = pytest.mark.django_db


def test_a_user_has_one_rater_with_a_code_that_says_nothing() -> None:
    user = make_user(Role.RATER)
    rater = people.rater_of(user)
    assert people.rater_of(user) == rater
    assert user.username not in rater.code
    assert len({make_rater().code for _ in range(20)}) == 20


def test_forgetting_takes_the_person_out_and_keeps_the_votes() -> None:
    campaign, rater = make_campaign(3), make_rater()
    rate(rater, campaign)
    (held,) = lease(rater, campaign)
    rating.save_draft(rater, held.uuid, {"size": "no"})
    people.forget(rater)
    rater.refresh_from_db()
    held.refresh_from_db()
    assert rater.user is None
    assert (held.state, held.draft) == ("returned", {})
    assert set(Task.objects.values_list("held", flat=True)) == {0}
    assert Rating.objects.get().answers == YES
    assert verdicts.differences(Campaign.objects.all()) == []


def test_deleting_users_leaves_every_row_of_rating() -> None:
    operator = make_user(Role.OPERATOR)
    campaign = campaigns.make_campaign("Chairs", by=operator)
    rated = make_campaign(2)
    rater = make_rater()
    rate(rater, rated)
    before = {model.__name__: model.objects.count() for model in apps.get_app_config("raters").get_models()}
    User.objects.all().delete()
    assert before == {model.__name__: model.objects.count() for model in apps.get_app_config("raters").get_models()}
    campaign.refresh_from_db()
    assert campaign.made_by is None
    assert CampaignEvent.objects.filter(by=None).count() == CampaignEvent.objects.count()


def test_a_deleted_users_words_and_drafts_go_with_them() -> None:
    campaign, rater = make_campaign(4), make_rater()
    rated = rate(rater, campaign)
    changes.change(rater, rated.assignment.uuid, NO, reason="It was my cousin Ann's shop.")
    held = lease(rater, campaign, hold=3)
    passing.skip(rater, held[0].uuid, "I know the seller, Ann.")
    passing.report(rater, held[1].uuid, "My own face is in it.")
    rating.save_draft(rater, held[2].uuid, {"size": "no"})
    User.objects.filter(rater=rater).delete()
    texts = [
        *Assignment.objects.values_list("reason", flat=True),
        *RatingChange.objects.values_list("reason", flat=True),
        *(event.details["reason"] for event in CampaignEvent.objects.filter(kind="image reported")),
    ]
    assert set(texts) == {""}
    assert [change.after for change in RatingChange.objects.all()] == [NO]
    assert set(Assignment.objects.values_list("state", flat=True)) == {"done", "skipped", "reported", "returned"}
    assert all(draft == {} for draft in Assignment.objects.values_list("draft", flat=True))
    assert Rating.objects.get().answers == NO


def test_anothers_words_stay() -> None:
    campaign, one, other = make_campaign(2), make_rater(), make_rater()
    for rater in (one, other):
        passing.report(rater, lease(rater, campaign)[0].uuid, "broken")
    people.forget(one)
    reasons = CampaignEvent.objects.filter(kind="image reported").values_list("details__reason", flat=True)
    assert sorted(reasons) == ["", "broken"]


def test_no_table_of_rating_goes_with_a_user() -> None:
    """The catalogue of what points at a user: each is emptied, none cascades."""
    pointing = [
        field
        for model in apps.get_app_config("raters").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model is User
    ]
    assert len(pointing) >= 8
    assert {field.remote_field.on_delete for field in pointing} == {models.SET_NULL}


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (Rating, "task"), (Rating, "rater"), (Rating, "assignment"), (Rating, "campaign"), (Assignment, "task"),
        (Assignment, "rater"), (Task, "campaign"), (Task, "subject"), (CampaignRater, "rater"),
    ],
)  # fmt: skip
def test_what_is_rated_is_protected(model: type[models.Model], field: str) -> None:
    found = model._meta.get_field(field)
    assert isinstance(found, models.ForeignKey)
    assert found.remote_field.on_delete is models.PROTECT


def test_progress_is_the_sum_of_the_raters() -> None:
    campaign = make_campaign(2)
    for _ in range(3):
        rate(make_rater(), campaign)
    assert people.progress_of(campaign) == {"ratings": 3, "finished": 1}
    assert people.progress_of(make_campaign(1)) == {"ratings": 0, "finished": 0}
