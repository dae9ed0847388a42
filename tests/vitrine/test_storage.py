"""Files in an S3-compatible store: a real server on this machine, through STORAGE_URL."""

import io
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.request import urlopen

import boto3
import pytest
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.test import Client
from moto.server import ThreadedMotoServer
from PIL import Image
from pytest_django import Settings

from accounts.models import User
from catalog.samples import render_product_photo
from catalog.services.photos import add_photo
from generation.storage import Checkpoints, site_files
from generation.sweeping import drop_checkpoints, sweep_files
from tests.factories.catalog import make_product
from vitrine import addresses
from vitrine.storage import S3Storage


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """host:port of an S3 server with a bucket named photos."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="photos")
    yield f"{host}:{port}"
    server.stop()


def store(endpoint: str, bucket: str = "photos") -> Storage:
    config = addresses.storage(f"s3://key:secret@{endpoint}/{bucket}?region=us-east-1&tls=false")
    return storages.create_storage(config)


def test_a_file_comes_back_as_it_went(endpoint: str) -> None:
    storage = store(endpoint)
    assert isinstance(storage, S3Storage)
    name = storage.save("photos/ab/file.jpg", ContentFile(b"\xff\xd8 bytes"))
    assert name == "photos/ab/file.jpg"
    assert storage.exists(name)
    with storage.open(name) as opened:
        assert opened.read() == b"\xff\xd8 bytes"
    storage.delete(name)
    assert not storage.exists(name)


def test_the_same_name_is_the_same_file(endpoint: str) -> None:
    storage = store(endpoint)
    assert {storage.save("photos/cd/same.jpg", ContentFile(b"same")) for _ in range(2)} == {"photos/cd/same.jpg"}


def test_nothing_is_public(endpoint: str) -> None:
    name = store(endpoint).save("photos/ef/private.jpg", ContentFile(b"x"))
    url = store(endpoint).url(name)
    assert "X-Amz-Signature=" in url
    assert "secret" not in url
    with urlopen(url) as answer:  # noqa: S310 - a server of this test
        assert answer.read() == b"x"


def test_a_bucket_that_is_not_there_is_an_error_and_not_a_new_bucket(endpoint: str) -> None:
    with pytest.raises(Exception, match="NoSuchBucket"):
        store(endpoint, "elsewhere").save("a", ContentFile(b"x"))


def test_a_store_that_does_not_answer_is_given_up_soon() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(Exception, match="Could not connect"):
        store(f"127.0.0.1:{port}").exists("a")
    assert time.monotonic() - began < 15


@pytest.mark.django_db
def test_a_photo_is_stored_there_and_served_from_there(
    endpoint: str, settings: Settings, client_for: Callable[[User], Client], operator: User
) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": addresses.storage(f"s3://key:secret@{endpoint}/photos?region=us-east-1&tls=false"),
    }
    drawn = io.BytesIO()
    render_product_photo("mug", 1, 128).save(drawn, "PNG")
    drawn.seek(0)
    photo, _ = add_photo(make_product(), drawn, name="mug.png")
    assert store(endpoint).exists(photo.key)
    response = client_for(operator).get(photo.url)
    assert response.status_code == 200
    assert response["Content-Type"] == "image/jpeg"
    assert b"".join(response.streaming_content if response.streaming else [response.content])[:2] == b"\xff\xd8"


def test_a_file_that_is_not_there_was_never_written(endpoint: str) -> None:
    with pytest.raises(FileNotFoundError, match="There is no file nobody/wrote/it"):
        store(endpoint).get_modified_time("nobody/wrote/it")


def test_a_store_that_refuses_says_so_and_not_that_the_file_is_gone(endpoint: str) -> None:
    config = addresses.storage(f"s3://key:secret@{endpoint}/photos?region=us-east-1&tls=false")
    storage = storages.create_storage(config)
    refused = ClientError({"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "HeadObject")

    def refuse(**_: object) -> None:
        raise refused

    storage.connection.meta.client.meta.events.register("before-call.s3.HeadObject", refuse)  # type: ignore[attr-defined]
    with pytest.raises(ClientError, match="403"):
        storage.get_modified_time("photos/ab/file.jpg")


@pytest.mark.django_db
def test_generated_files_are_kept_found_and_swept_there(endpoint: str, settings: Settings) -> None:
    config = addresses.storage(f"s3://key:secret@{endpoint}/photos?region=us-east-1&tls=false")
    settings.STORAGES = settings.STORAGES | {"default": config}
    files = site_files()
    picture = files.put_picture(Image.new("RGB", (8, 8), "red"))
    assert files.put_picture(Image.new("RGB", (8, 8), "red")) == picture
    Checkpoints("ab" * 32).keep("trainer", b"moments")
    assert Checkpoints("ab" * 32).read("trainer") == b"moments"
    assert (sweep_files(), drop_checkpoints()) == (0, 0)
    now = timedelta(seconds=-5)
    assert (sweep_files(older_than=now), drop_checkpoints(older_than=now)) == (1, 1)
    assert not storages["default"].exists(picture.key)
    assert Checkpoints("ab" * 32).read("trainer") is None
