"""A gold item that a rater gave back, or that ran out, is handed to them again, as any other image is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from raters import leasing
from raters.models import Assignment, Campaign
from raters.services import campaigns, rating
from tests.factories import rating as made

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(db: None) -> Campaign:
    """All that a rater gets at first is gold."""
    draft = made.make_campaign(2, open=False, qualification_items=1, qualification_share=0.5)
    made.make_gold(draft, 1, use="qualification")
    return campaigns.open_campaign(draft)


@pytest.mark.parametrize("way", ["given back", "ran out"])
def test_it_comes_again_as_the_same_assignment(campaign: Campaign, way: str) -> None:
    rater = made.make_rater()
    first = made.lease(rater, campaign)[0]
    if way == "given back":
        rating.give_back(rater, campaign)
    else:
        Assignment.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
        leasing.reclaim(campaign)
    again = made.lease(rater, campaign)[0]
    assert (again.uuid, again.task_id) == (first.uuid, first.task_id)
    assert rating.submit(rater, again.uuid, made.sent()).gold
