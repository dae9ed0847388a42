"""What the demonstration puts into the catalogue beside the products: their photos, and what a shop notes of these."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import User
from catalog.models import Photo, Product
from generation.models import PhotoCaption
from generation.selectors.facts import known_products
from generation.selectors.photos import photo_state
from tests.factories.accounts import make_user
from tests.vitrine.demo.conftest import small_photo
from vitrine.access import Role
from vitrine.demo import filling
from vitrine.demo.filling import Sample

pytestmark = pytest.mark.django_db
STUDIO = "a photo of a {product} in a studio, soft daylight"


@pytest.fixture
def operator() -> User:
    return make_user(Role.OPERATOR)


@pytest.fixture
def sample(tmp_path: Path, settings: LazySettings) -> Sample:
    """A sample product with two of its photos, small ones."""
    filling.add_samples()
    first = filling.in_order()[0]
    return first._replace(photos=tuple(small_photo(tmp_path, photo) for photo in first.photos[:2]))


def captions(sample: Sample) -> list[str]:
    """What stages are told of the product's photos."""
    product = Product.objects.get(external_id=sample.row.external_id)
    return [photo.caption for photo in known_products([product])[product.pk].photos]


def test_the_catalogues_captions_are_kept_once(sample: Sample) -> None:
    assert [filling.add_photos_of(sample) for _ in range(2)] == [2, 0]
    assert list(PhotoCaption.objects.values_list("template", "made_by")) == [(STUDIO, None)] * 2
    assert {photo_state(photo).caption_by for photo in Photo.objects.all()} == {"catalogue"}
    assert captions(sample) == [STUDIO] * 2


def test_what_a_person_has_said_of_a_photo_stays(sample: Sample, operator: User) -> None:
    filling.add_photos_of(sample)
    own, undone = PhotoCaption.objects.order_by("photo__position")
    PhotoCaption.objects.create(photo=own.photo, template="my {product}", made_by=operator)
    PhotoCaption.objects.filter(pk=undone.pk).update(undone_at=timezone.now())
    filling.add_photos_of(sample)
    assert captions(sample) == ["my {product}", ""], "the captioner is to describe the second"
