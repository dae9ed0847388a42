"""What a campaign shows outlives the product, the photos and the run that it came from."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from catalog.photos import storing
from catalog.services import products as product_services
from generation import sweeping
from raters.models import Task
from raters.selectors import files
from raters.services import tasks
from tests.factories.catalog import make_photo, make_product
from tests.factories.rating import add_new, make_campaign, make_picture, new_task

pytestmark = pytest.mark.django_db
NOW = timedelta(0)


def test_photos_that_images_are_held_against_stay_with_their_product_gone() -> None:
    product, other = make_product("Mug"), make_product("Lamp")
    shown, unshown = make_photo(product), make_photo(other, size=(50, 40))
    campaign = make_campaign(0, open=False)
    subject = tasks.subject_for(campaign, tasks.NewSubject("Mug", product=product))
    assert [photo["key"] for photo in subject.photos] == [shown.key]
    both = {shown.sha256, unshown.sha256}
    assert files.photos_in_use(both) == {shown.sha256}
    assert files.photos_in_use(set()) == set()
    pairs = [(photo.sha256, photo.format) for photo in (shown, unshown)]
    for gone in (product, other):
        product_services.remove_product(gone)
    storing.remove_unused(pairs)
    assert default_storage.exists(shown.key)
    assert not default_storage.exists(unshown.key)


@pytest.mark.parametrize(("rated", "stays"), [(True, True), (False, False)])
def test_a_generated_picture_stays_while_a_campaign_shows_it(rated: bool, stays: bool) -> None:
    key = make_picture()
    campaign = make_campaign(1)
    if rated:
        subject = tasks.subject_for(campaign, tasks.NewSubject("Mug"))
        add_new(campaign, [new_task(subject, picture_key=key)])
        assert Task.objects.get(picture_key=key).candidate is None
    sweeping.sweep_files(older_than=NOW)
    assert default_storage.exists(key) is stays
