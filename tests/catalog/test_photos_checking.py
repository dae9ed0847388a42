"""What is refused as a photo, and in which words: by content, before a pixel is decoded, nothing left behind."""

import contextlib
import io
import struct
import zlib

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from pytest_django import Settings

from catalog.exceptions import PhotoRefused
from catalog.models import Photo
from catalog.photos.checking import read_capped, size_refusal
from catalog.photos.formats import kind_of
from catalog.photos.normalising import normalise
from catalog.services.photos import add_photo
from tests.factories.catalog import image_bytes, make_product

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00" + bytes(200)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size and holds almost nothing: what a decompression bomb looks like from outside."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("mug.jpg", image_bytes(encoding="GIF", mode="P"), "mug.jpg is a GIF file"),
        ("mug.png", image_bytes(encoding="BMP"), "mug.png is a BMP file"),
        ("mug.jpg", image_bytes(encoding="TIFF"), "mug.jpg is a TIFF file"),
        ("mug.jpg", HEIC, "Export it as JPEG"),
        ("mug.png", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG file"),
        ("mug.jpg", b"<!DOCTYPE html><script>alert(1)</script>", "is an HTML file"),
        ("mug.jpg", b"%PDF-1.7 ...", "is a PDF file"),
        ("mug.jpg", b"not a photo at all", "is a text file"),
        ("mug.jpg", b"\x01\x02\x03\x04" * 20, "no known image type"),
        ("mug.jpg", b"", "mug.jpg is empty"),
        ("mug.jpg", b"\xff\xd8\xff\xe0 rubbish", "header cannot be read"),
        ("mug.png", png_header(20_000, 20_000), "more than 100 million pixels"),
        ("mug.png", png_header(21_000, 2_000), "no side may have more than 20,000"),
        ("mug.jpg", image_bytes((31, 40)), "31 by 40 pixels: each side must have at least 32"),
        ("mug.png", image_bytes((2000, 100), encoding="PNG"), "more than 12 times the other"),
        ("mug.png", png_header(300, 200), "damaged or cut short"),
    ],
)
def test_refused_with_a_sentence_that_names_the_file(name: str, data: bytes, words: str) -> None:
    with pytest.raises(PhotoRefused) as refused:
        normalise(read_capped(io.BytesIO(data), name), name)
    assert words in str(refused.value)
    assert str(refused.value).startswith("mug.")


@pytest.mark.parametrize("encoding", ["JPEG", "PNG", "WEBP"])
def test_truncated_files_are_refused(encoding: str) -> None:
    noise = Image.effect_noise((200, 150), 80).convert("RGB")
    buffer = io.BytesIO()
    noise.save(buffer, encoding)
    with pytest.raises(PhotoRefused):
        normalise(buffer.getvalue()[: len(buffer.getvalue()) // 2], "cut")


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("JPEG", "really.png"), ("PNG", "really.jpg"), ("WEBP", "really.jpeg"), ("JPEG", "no-ending")],
)
def test_a_supported_type_counts_by_its_content_not_by_its_name(encoding: str, name: str) -> None:
    assert normalise(image_bytes(encoding=encoding), name).width == 64


def test_byte_cap_reads_one_byte_more_than_the_cap_and_no_further(settings: Settings) -> None:
    settings.PHOTO_MAX_BYTES = 1000
    file = io.BytesIO(bytes(5000))
    with pytest.raises(PhotoRefused, match="the most a photo may be"):
        read_capped(file, "big.jpg")
    assert file.tell() == 1001


def test_pixel_cap_is_the_settings_own(settings: Settings) -> None:
    settings.PHOTO_MAX_PIXELS = 10_000
    assert "million pixels" in (size_refusal(101, 100) or "")
    assert size_refusal(100, 100) is None


@pytest.mark.parametrize(("size", "fine"), [((32, 32), True), ((32, 384), True), ((32, 385), False), ((31, 31), False)])
def test_size_limits_at_their_edges(size: tuple[int, int], fine: bool) -> None:
    assert (size_refusal(*size) is None) is fine


def test_a_name_cannot_forge_a_message() -> None:
    with pytest.raises(PhotoRefused) as refused:
        normalise(b"text", "a\n\x1b[31mFAKE\u202e.jpg")
    assert str(refused.value).startswith("a[31mFAKE.jpg is a text file")


@pytest.mark.django_db
def test_a_refused_photo_leaves_nothing_behind() -> None:
    product = make_product()
    before = set(_all_files())
    with pytest.raises(PhotoRefused):
        add_photo(product, ContentFile(png_header(300, 200)), name="mug.png")
    assert set(_all_files()) == before
    assert not Photo.objects.exists()
    product.refresh_from_db()
    assert (product.photo_count, product.cover) == (0, None)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_are_refused_or_decoded_but_never_crash(data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))
    whole = bytearray(image_bytes((40, 40), encoding=encoding, colour=(9, 99, 200)))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    # Refused with a sentence is as good; anything else that is raised fails the test.
    with contextlib.suppress(PhotoRefused):
        assert normalise(bytes(whole), "x.jpg").width >= 32


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x00\x00\x00\x20ftypavif", "AVIF"),
        (b"PK\x03\x04", "zip archive"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "WebP"),
        ("Grüße".encode(), "text"),
        (b"<?xml version='1.0'?><x/>", "XML"),
        (b"", "unknown"),
    ],
)
def test_kind_of(head: bytes, kind: str) -> None:
    assert kind_of(head) == kind


def _all_files() -> list[str]:
    if not default_storage.exists("photos"):
        return []
    return [
        name
        for folder in default_storage.listdir("photos")[0]
        for name in default_storage.listdir(f"photos/{folder}")[1]
    ]
