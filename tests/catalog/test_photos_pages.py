"""Adding photos by form, ordering and removing them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from catalog.models import Photo, Product
from catalog.services.editing import arrange_photos, move_photo
from tests.factories.catalog import image_bytes, make_photo, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, operator: User) -> Client:
    return client_for(operator)


@pytest.fixture
def product() -> Product:
    product = make_product("Mug")
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        make_photo(product, name=name)
    return product


def order(product: Product) -> str:
    return "".join(photo.original_name[0] for photo in product.photos.order_by("position", "id"))


def photo(product: Product, letter: str) -> Photo:
    return product.photos.get(original_name=f"{letter}.jpg")


def cover(product: Product) -> str:
    product.refresh_from_db()
    return product.cover.original_name[0] if product.cover else ""


def upload(client: Client, product: Product, *files: SimpleUploadedFile) -> str:
    response = client.post(f"/products/{product.pk}/photos/add/", {"photos": files}, follow=True)
    return response.content.decode()


def test_a_form_keeps_the_good_files_and_names_each_bad_one(client: Client) -> None:
    product = make_product()
    page = upload(
        client,
        product,
        SimpleUploadedFile("front.jpg", image_bytes()),
        SimpleUploadedFile("fake.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        SimpleUploadedFile("back.png", image_bytes(encoding="PNG")),
    )
    assert [photo.original_name for photo in product.photos.all()] == ["front.jpg", "back.png"]
    assert "front.jpg is added." in page
    assert "fake.jpg" in page
    product.refresh_from_db()
    assert (product.photo_count, cover(product)) == (2, "f")


def test_the_same_photo_twice_is_said_and_kept_once(client: Client) -> None:
    product, data = make_product(), image_bytes()
    upload(client, product, SimpleUploadedFile("a.jpg", data))
    assert "again.jpg is among the photos already." in upload(client, product, SimpleUploadedFile("again.jpg", data))
    assert product.photos.count() == 1


def test_a_form_without_a_file_says_so(client: Client) -> None:
    assert "No file was chosen." in upload(client, make_product())


def test_moves_earlier_later_and_to_the_front(client: Client, product: Product) -> None:
    for letter, to, expected in (
        ("b", "earlier", "bac"),
        ("b", "earlier", "bac"),
        ("b", "later", "abc"),
        ("c", "cover", "cab"),
        ("b", "later", "cab"),
        ("a", "sideways", "cab"),
    ):
        response = client.post(f"/photos/{photo(product, letter).pk}/move/", {"to": to})
        assert response.headers["Location"] == product.get_absolute_url()
        assert order(product) == expected
    assert cover(product) == "c"


def test_an_order_may_name_gone_and_foreign_photos_and_leave_some_out(client: Client, product: Product) -> None:
    foreign = make_photo()
    ids = [str(photo(product, "c").pk), "999999", "x", str(foreign.pk), str(photo(product, "a").pk)]
    response = client.post(f"/products/{product.pk}/photos/order/", {"photo": ids}, headers={"HX-Request": "true"})
    assert b"<html" not in response.content
    assert order(product) == "cab"
    assert cover(product) == "c"
    foreign.refresh_from_db()
    assert foreign.position == 0


def test_moving_stops_at_the_ends(product: Product) -> None:
    move_photo(photo(product, "c"), -50)
    assert order(product) == "cab"
    move_photo(photo(product, "c"), 50)
    assert order(product) == "abc"
    arrange_photos(product.pk, [])
    assert order(product) == "abc"


def test_removing_the_cover_makes_the_next_one_the_cover(client: Client, product: Product) -> None:
    response = client.post(f"/photos/{photo(product, 'a').pk}/remove/", headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert (order(product), cover(product), product.photo_count) == ("bc", "b", 2)


def test_each_answer_takes_a_bounded_number_of_queries(
    client: Client, product: Product, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(25):
        client.post(f"/photos/{photo(product, 'c').pk}/move/", {"to": "cover"}, headers={"HX-Request": "true"})
