"""Adding and removing photos: same photo once, files with the last row gone, counts and cover right, also at once."""

import io
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, transaction
from PIL import Image

from catalog.exceptions import PhotoRefused
from catalog.locks import hold
from catalog.models import Photo, Product
from catalog.photos import storing, sweeping
from catalog.photos.normalising import normalise
from catalog.services import photos as service
from catalog.services.editing import make_cover, move_photo
from catalog.services.photos import add_photo, remove_photo
from catalog.services.products import remove_product
from tests.factories.catalog import image_bytes, make_photo, make_product


def exif_variant(data: bytes) -> bytes:
    """The same picture in other bytes."""
    exif = Image.Exif()
    exif[0x010E] = "other bytes"
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


@pytest.mark.django_db
def test_a_photo_is_stored_under_the_hash_of_what_is_kept() -> None:
    photo = make_photo(size=(640, 480))
    assert photo.key == f"photos/{photo.sha256[:2]}/{photo.sha256}.jpg"
    with default_storage.open(photo.key) as file:
        data = file.read()
    assert (len(data), Image.open(io.BytesIO(data)).size) == (photo.bytes, (photo.width, photo.height))
    with default_storage.open(photo.thumbnail_key) as file:
        assert Image.open(file).format == "WEBP"


@pytest.mark.django_db
def test_the_same_photo_twice_is_one_row_also_in_other_bytes() -> None:
    product, data = make_product(), image_bytes(encoding="PNG")
    first, created = add_photo(product, ContentFile(data), name="a.png")
    again, created_again = add_photo(product, ContentFile(data), name="b.png")
    other, created_other = add_photo(product, ContentFile(exif_variant(data)), name="c.png")
    assert (created, created_again, created_other) == (True, False, False)
    assert first == again == other
    product.refresh_from_db()
    assert product.photo_count == 1


@pytest.mark.django_db
def test_a_known_photo_is_not_decoded_again_under_another_product(monkeypatch: pytest.MonkeyPatch) -> None:
    data = image_bytes()
    first = make_photo(data=data)
    monkeypatch.setattr(service, "normalise", lambda *_: pytest.fail("decoded again"))
    second, created = add_photo(make_product(), ContentFile(data), name="b.jpg")
    assert created
    assert (second.sha256, second.width) == (first.sha256, first.width)


@pytest.mark.django_db
def test_a_lost_file_is_written_again_when_the_photo_comes_again() -> None:
    data = image_bytes()
    photo = make_photo(data=data)
    default_storage.delete(photo.key)
    add_photo(make_product(), ContentFile(data), name="b.jpg")
    assert default_storage.exists(photo.key)


@pytest.mark.django_db
def test_cover_is_the_first_photo_and_follows_removal(django_capture_on_commit_callbacks: object) -> None:
    product = make_product()
    first, second = make_photo(product), make_photo(product)
    product.refresh_from_db()
    assert (product.photo_count, product.cover, first.position, second.position) == (2, first, 0, 1)
    remove_photo(first)
    product.refresh_from_db()
    assert (product.photo_count, product.cover) == (1, second)
    remove_photo(second)
    product.refresh_from_db()
    assert (product.photo_count, product.cover) == (0, None)


@pytest.mark.django_db(transaction=True)
def test_the_last_row_takes_the_file_with_it() -> None:
    data = image_bytes()
    first, second = make_photo(data=data), make_photo(data=data)
    remove_photo(first)
    assert default_storage.exists(second.key)
    remove_photo(second)
    assert not default_storage.exists(second.key)
    assert not default_storage.exists(second.thumbnail_key)


@pytest.mark.django_db(transaction=True)
def test_removing_a_product_takes_its_photos_and_its_place_in_the_count() -> None:
    photo = make_photo(make_product(type="mug"))
    type_ = photo.product.type
    assert type_ is not None
    remove_product(photo.product)
    type_.refresh_from_db()
    assert type_.product_count == 0
    assert not default_storage.exists(photo.key)


@pytest.mark.django_db
def test_a_photo_of_a_product_that_has_gone_is_refused() -> None:
    product = make_product()
    Product.objects.filter(pk=product.pk).delete()
    with pytest.raises(PhotoRefused, match="removed meanwhile"):
        add_photo(product, ContentFile(image_bytes()), name="a.jpg")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_the_same_photo_make_one_row() -> None:
    product, data = make_product(), image_bytes((300, 200))
    created, problems, ready = [], [], threading.Barrier(4)

    def add() -> None:
        try:
            ready.wait()
            created.append(add_photo(product, ContentFile(data), name="a.jpg")[1])
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert sorted(created) == [False, False, False, True]
    product.refresh_from_db()
    assert (product.photos.count(), product.photo_count) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_adding_and_removing_at_once_never_leaves_a_row_without_its_file() -> None:
    data = image_bytes((200, 200))
    products = [make_product() for _ in range(3)]
    problems: list[Exception] = []

    def come_and_go(product: Product) -> None:
        try:
            for _ in range(8):
                photo, _ = add_photo(product, ContentFile(data), name="a.jpg")
                assert default_storage.exists(photo.key)
                remove_photo(photo)
            add_photo(product, ContentFile(data), name="a.jpg")
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=come_and_go, args=[product]) for product in products]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert Photo.objects.count() == 3
    assert all(default_storage.exists(photo.key) for photo in Photo.objects.all())


@pytest.mark.django_db(transaction=True)
def test_sweeping_takes_what_no_row_uses_and_spares_the_young(capsys: pytest.CaptureFixture[str]) -> None:
    used = make_photo()
    orphan = normalise(image_bytes(), "orphan.jpg")
    storing.store(orphan)
    key = storing.photo_key(orphan.sha256, orphan.format)
    assert sweeping.sweep_photos(older_than=timedelta(days=1)) == 0
    assert default_storage.exists(key)
    call_command("sweep_media", older_than_hours=0)
    assert "photos and 0 uploads removed" in capsys.readouterr().out
    assert not default_storage.exists(key)
    assert default_storage.exists(used.key)


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_a_mistake_said_aloud() -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        hold("anything")
    with transaction.atomic():
        hold("anything")


@pytest.mark.django_db
def test_a_write_that_was_cut_short_is_swept_once_it_is_old() -> None:
    folder = Path(default_storage.path("photos/ab"))
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / ".x1y2z3.part"
    partial.write_bytes(b"half a photo")
    sweeping.sweep_photos(older_than=timedelta(hours=1))
    assert partial.exists()
    sweeping.sweep_photos(older_than=timedelta(0))
    assert not partial.exists()


@pytest.mark.django_db(transaction=True)
def test_what_somebody_else_removed_meanwhile_is_removed_or_left_in_peace() -> None:
    photo, other = make_photo(), make_photo()
    remove_photo(Photo.objects.get(pk=photo.pk))
    move_photo(photo, 1)
    remove_photo(photo)
    product = Product.objects.get(pk=other.product_id)
    remove_product(Product.objects.get(pk=product.pk))
    remove_photo(other)
    make_cover(other)
    remove_product(product)
    assert list(Product.objects.values_list("photo_count", flat=True)) == [0]


@pytest.mark.django_db(transaction=True)
def test_who_loses_the_file_again_and_again_gets_it_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    product, attach = make_product(), service.attach

    def attach_after_others_removed(product_id: int, photos: list[service.PreparedPhoto]) -> int | None:
        if not connection.in_atomic_block:  # else the lock on the files is held, and others wait
            storing.remove_unused((photo.sha256, photo.format) for photo in photos)
        return attach(product_id, photos)

    monkeypatch.setattr(service, "attach", attach_after_others_removed)
    photo, added = add_photo(product, ContentFile(image_bytes()), name="a.jpg")
    assert added
    assert default_storage.exists(photo.key)
