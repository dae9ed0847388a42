"""Files from storage: for the signed-in only, with the right type and headers, nothing but our own keys."""

from collections.abc import Callable

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from accounts.models import User
from catalog.media import media_file, serve_prefix
from tests.factories.catalog import image_bytes, make_photo

ClientFor = Callable[[User | None], Client]


def test_each_role_sees_media_and_a_stranger_is_sent_to_sign_in(
    client_for: ClientFor, rater: User, analyst: User, operator: User
) -> None:
    url = make_photo().url
    for user in (rater, analyst, operator):
        answer = client_for(user).get(url)
        assert answer.status_code == 200
        answer.getvalue()  # type: ignore[attr-defined]
    answer = client_for(None).get(url)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/login/")


def test_headers_of_a_photo_and_of_a_thumbnail(client_for: ClientFor, rater: User) -> None:
    photo, client = make_photo(), client_for(rater)
    answer = client.get(photo.url)
    with default_storage.open(photo.key) as file:
        assert answer.getvalue() == file.read()  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Content-Length"] == str(photo.bytes)
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer["ETag"] == f'"{photo.sha256}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    thumbnail = client.get(photo.thumbnail_url)
    assert thumbnail["Content-Type"] == "image/webp"
    thumbnail.getvalue()  # type: ignore[attr-defined]


def test_png_is_sent_as_png(client_for: ClientFor, rater: User) -> None:
    photo = make_photo(data=image_bytes(encoding="PNG", mode="RGBA", colour=(1, 2, 3, 90)))
    answer = client_for(rater).get(photo.url)
    assert answer["Content-Type"] == "image/png"
    answer.getvalue()  # type: ignore[attr-defined]


def test_a_browser_that_has_it_gets_304(client_for: ClientFor, rater: User) -> None:
    photo, client = make_photo(), client_for(rater)
    for known in (f'"{photo.sha256}"', f'W/"{photo.sha256}"', f'"other", "{photo.sha256}"', "*"):
        answer = client.get(photo.url, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer["ETag"] == f'"{photo.sha256}"'
    other = client.get(photo.url, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
    other.getvalue()  # type: ignore[attr-defined]


def test_head_has_the_headers_and_no_body(client_for: ClientFor, rater: User) -> None:
    photo = make_photo()
    answer = client_for(rater).head(photo.url)
    assert (answer.status_code, answer["Content-Length"]) == (200, str(photo.bytes))
    assert not answer.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
def test_wrong_verbs(client_for: ClientFor, rater: User, verb: str) -> None:
    assert getattr(client_for(rater), verb)(make_photo().url).status_code == 405


HASH = "ab" + "0" * 62


@pytest.mark.parametrize(
    "key",
    [
        f"photos/ab/{HASH}.jpg",  # ours, but not there
        f"uploads/ab/{HASH}.jpg",
        f"uploads/{HASH}.zip",
        f"photos/cd/{HASH}.jpg",
        f"photos/ab/{HASH}.html",
        f"photos/ab/{HASH}.jpg/",
        f"photos/ab/{HASH}.jpg%0a",
        "photos/../../vitrine.sqlite3",
        "..%2f..%2fvitrine.sqlite3",
        "%2fetc%2fpasswd",
        "secret_key",
        "photos/",
    ],
)
def test_all_other_keys_are_a_plain_404(client_for: ClientFor, rater: User, key: str) -> None:
    assert client_for(rater).get(f"/media/{key}").status_code == 404


def test_uploads_lie_in_the_same_storage_and_are_never_served(client_for: ClientFor, rater: User) -> None:
    key = default_storage.save(f"uploads/{HASH}.zip", ContentFile(b"PK"))
    assert client_for(rater).get(f"/media/{key}").status_code == 404
    default_storage.delete(key)


def test_a_later_room_names_its_own_prefix() -> None:
    key = f"tests-only/ab/{HASH}.webp"
    assert media_file(key) is None
    serve_prefix("tests-only")
    file = media_file(key)
    assert file is not None
    assert file.content_type == "image/webp"
