"""What a kept photo looks like: upright, sRGB, bare of metadata, capped; transparency only where there is some."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms
from pytest_django import Settings

from catalog.photos.normalising import normalise
from tests.factories.catalog import image_bytes

PHONE = Path(__file__).resolve().parents[3] / "shared" / "data" / "dreambooth_products" / "phone_mpo_with_gps.jpg"


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def encoded(image: Image.Image, encoding: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, encoding, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = Image.new("RGB", (96, 64), "black")
    upright.paste("red", (0, 0, 32, 32))  # red marks the upper left corner
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    taken = upright.transpose(back) if back is not None else upright
    kept = normalise(encoded(taken, "JPEG", exif=exif, quality=95), "x.jpg")
    image = opened(kept.data)
    assert (kept.width, kept.height) == image.size == (96, 64)
    red, green, _ = image.getpixel((10, 10))  # type: ignore[misc]
    assert (red > 200, green < 60) == (True, True)
    assert opened(kept.thumbnail).size == (96, 64)


@pytest.mark.parametrize("encoding", ["JPEG", "PNG", "WEBP"])
def test_all_metadata_is_stripped(encoding: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET description"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    options: dict[str, Any] = {"exif": exif}
    if encoding == "JPEG":
        options |= {"comment": b"SECRET comment", "xmp": b"<x:xmpmeta>SECRET</x:xmpmeta>"}
    kept = normalise(encoded(Image.new("RGB", (64, 64), "teal"), encoding, **options), "x")
    for data in (kept.data, kept.thumbnail):
        image = opened(data)
        assert not dict(image.getexif())
        assert not {"comment", "xmp", "icc_profile", "exif", "photoshop"} & set(image.info)
        assert b"SECRET" not in data


def test_icc_profile_is_applied_then_dropped() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    image = Image.new("RGB", (64, 64), (200, 60, 30))
    plain = normalise(encoded(image, "PNG", icc_profile=srgb.tobytes()), "x.png")
    assert opened(plain.data).getpixel((5, 5)) == pytest.approx((200, 60, 30), abs=4)
    # A profile of another colour space than the pixels cannot be meant: the pixels are taken as sRGB.
    odd = normalise(encoded(image, "PNG", icc_profile=lab.tobytes()), "x.png")
    broken = normalise(encoded(image, "PNG", icc_profile=b"not a profile"), "x.png")
    assert odd.sha256 == broken.sha256 == normalise(encoded(image, "PNG"), "x.png").sha256


def test_a_wide_gamut_profile_changes_the_numbers_to_srgb() -> None:
    """Display P3's primaries in a matrix profile: the same numbers mean another colour there than in sRGB."""
    image = Image.new("RGB", (64, 64), (128, 200, 128))
    profile = _matrix_profile()
    kept = normalise(encoded(image, "JPEG", icc_profile=profile, quality=95), "x.jpg")
    bare = normalise(encoded(image, "JPEG", quality=95), "x.jpg")
    before, after = opened(bare.data).getpixel((9, 9)), opened(kept.data).getpixel((9, 9))
    assert isinstance(before, tuple)
    assert isinstance(after, tuple)
    assert after[0] < before[0] - 8  # the same colour needs less red in sRGB's smaller gamut


@pytest.mark.parametrize(
    ("mode", "colour", "expected", "encoding"),
    [
        ("L", 100, (100, 100, 100), "JPEG"),
        ("1", 1, (255, 255, 255), "PNG"),
        ("I;16", 0x8080, (128, 128, 128), "PNG"),
        ("P", 0, (0, 0, 0), "PNG"),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0), "JPEG"),
    ],
)
def test_other_modes_become_rgb(mode: str, colour: Any, expected: tuple[int, int, int], encoding: str) -> None:
    kept = normalise(encoded(Image.new(mode, (64, 64), colour), encoding), "x")
    image = opened(kept.data)
    assert image.mode == "RGB"
    assert image.getpixel((20, 20)) == pytest.approx(expected, abs=6)


def test_real_transparency_is_kept_as_png_and_opaque_alpha_is_not() -> None:
    clear = Image.new("RGBA", (64, 64), (10, 200, 30, 128))
    solid = Image.new("RGBA", (64, 64), (10, 200, 30, 255))
    kept, bare = normalise(encoded(clear, "PNG"), "x.png"), normalise(encoded(solid, "PNG"), "x.png")
    assert (kept.format, opened(kept.data).mode) == ("png", "RGBA")
    assert (bare.format, opened(bare.data).mode) == ("jpg", "RGB")
    assert opened(kept.data).getpixel((5, 5)) == (10, 200, 30, 128)


def test_a_palette_with_a_clear_colour_is_transparent() -> None:
    image = Image.new("P", (64, 64), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.paste(0, (0, 0, 32, 32))
    kept = normalise(encoded(image, "PNG", transparency=0), "x.png")
    pixel = opened(kept.data).getpixel((3, 3))
    assert isinstance(pixel, tuple)
    assert pixel[3] == 0


def test_longest_side_is_capped_and_small_photos_are_not_enlarged(settings: Settings) -> None:
    settings.PHOTO_LONGEST_SIDE = 256
    big, small = normalise(image_bytes((1500, 500)), "b.jpg"), normalise(image_bytes((100, 90)), "s.jpg")
    assert (big.width, big.height) == (256, 85)
    assert (small.width, small.height) == (100, 90)
    assert max(opened(normalise(image_bytes((900, 800)), "t.jpg").thumbnail).size) <= 400


def test_kept_jpeg_has_full_colour_resolution() -> None:
    kept = opened(normalise(image_bytes(), "x.jpg").data)
    assert {layer[1:3] for layer in kept.layer} == {(1, 1)}  # type: ignore[attr-defined]


def test_the_same_photo_is_the_same_bytes() -> None:
    data = image_bytes(colour=(4, 5, 6))
    assert normalise(data, "a.jpg") == normalise(data, "b.jpg")


@pytest.mark.skipif(not PHONE.exists(), reason="../shared/data is not here; a two-frame MPO is made in code below")
def test_a_phones_mpo_keeps_one_frame_and_no_position() -> None:
    data = PHONE.read_bytes()
    assert opened(data).getexif().get_ifd(0x8825), "the file is said to hold a position"
    kept = normalise(data, PHONE.name)
    image = opened(kept.data)
    assert (image.format, getattr(image, "n_frames", 1)) == ("JPEG", 1)
    assert not image.getexif().get_ifd(0x8825)


def test_mpo_is_taken_by_its_first_frame() -> None:
    first, second = Image.new("RGB", (64, 48), "red"), Image.new("RGB", (64, 48), "blue")
    data = encoded(first, "MPO", save_all=True, append_images=[second])
    assert opened(data).format == "MPO"
    red, _, blue = opened(normalise(data, "phone.jpg").data).getpixel((5, 5))  # type: ignore[misc]
    assert (red > 200, blue < 60) == (True, True)


def _matrix_profile() -> bytes:
    """A minimal ICC profile with Display P3's primaries (adapted to D50) and a gamma of 2.2."""
    import struct  # noqa: PLC0415 - used by this one helper

    def xyz(*values: float) -> bytes:
        return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    text = b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 4, 28) + "P3".encode("utf-16-be")
    tags = [
        (b"desc", text),
        (b"cprt", text),
        (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
        (b"rXYZ", xyz(0.51512, 0.2412, -0.00105)),
        (b"gXYZ", xyz(0.29198, 0.69225, 0.04189)),
        (b"bXYZ", xyz(0.1571, 0.06657, 0.78407)),
        (b"rTRC", curve),
        (b"gTRC", curve),
        (b"bTRC", curve),
    ]
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags:
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = 128 + 4 + len(table) + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x04300000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    head = head.ljust(68, b"\x00") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\x00") + struct.pack(">I", len(tags)) + table + body


@pytest.mark.parametrize("encoding", ["PNG", "WEBP", "JPEG"])
def test_damaged_exif_spoils_no_photo(encoding: str) -> None:
    data = encoded(Image.new("RGB", (96, 64), "red"), encoding, exif=b"Exif\0\0no TIFF header")
    assert normalise(data, "photo").width == 96
