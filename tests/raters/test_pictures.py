"""What raters see of a picture: its pixels alone."""

import io

import pytest
from PIL import Image, PngImagePlugin

from raters.pictures import LONGEST_SIDE, encoded, rendition, rendition_key, shown_size


def png_that_tells() -> bytes:
    """A PNG with its prompt as text, EXIF and XMP, as generators write them."""
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a photo of sks mug, steps 20")
    info.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>vitrine:Method paper</x:xmpmeta>")
    exif = Image.Exif()
    exif[0x010E] = "run 7"
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), (200, 30, 30)).save(buffer, "PNG", pnginfo=info, exif=exif)
    return buffer.getvalue()


def jpeg_on_its_side() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), (200, 30, 30)).save(buffer, "JPEG", exif=exif, comment=b"method x")
    return buffer.getvalue()


def webp_that_tells() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), (200, 30, 30)).save(buffer, "WEBP", xmp=b"<x:xmpmeta>prompt</x:xmpmeta>")
    return buffer.getvalue()


@pytest.mark.parametrize("made", [png_that_tells, jpeg_on_its_side, webp_that_tells])
def test_nothing_but_pixels_is_left(made: object) -> None:
    shown = encoded(made())  # type: ignore[operator]
    with Image.open(io.BytesIO(shown)) as opened:
        assert opened.format == "WEBP"
        assert not opened.getexif()
        assert set(opened.info) <= {"loop", "background", "timestamp", "duration"}
    for told in (b"EXIF", b"XMP ", b"ICCP", b"prompt", b"sks", b"method"):
        assert told not in shown


def test_pictures_of_all_formats_look_the_same_outside() -> None:
    heads = {encoded(made())[:4] for made in (png_that_tells, jpeg_on_its_side, webp_that_tells)}
    assert heads == {b"RIFF"}


def test_a_picture_is_shown_upright() -> None:
    with Image.open(io.BytesIO(encoded(jpeg_on_its_side()))) as opened:
        assert opened.size == (40, 60)


def test_transparent_parts_are_white() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(buffer, "PNG")
    with Image.open(io.BytesIO(encoded(buffer.getvalue()))) as opened:
        assert min(opened.convert("L").getextrema()) > 250  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("size", "shown"),
    [((64, 48), (64, 48)), ((4096, 2048), (2048, 1024)), ((2048, 2048), (2048, 2048)), ((1, 9000), (1, 2048))],
)
def test_the_size_that_is_told_is_the_size_that_is_shown(size: tuple[int, int], shown: tuple[int, int]) -> None:
    assert shown_size(*size) == shown
    assert max(shown) <= LONGEST_SIDE


def test_the_name_of_a_rendition_tells_nothing_of_its_source() -> None:
    source = "generated/ab/" + "ab" * 32 + ".webp"
    key = rendition_key(source)
    assert key.startswith("rating/")
    assert "ab" * 32 not in key
    assert key == rendition_key(source) != rendition_key(source + "x")


def test_a_picture_that_is_gone() -> None:
    with pytest.raises(FileNotFoundError):
        rendition("generated/00/" + "0" * 64 + ".png")
