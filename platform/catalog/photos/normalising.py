"""One photo as it is kept: upright, sRGB, without metadata, not larger than needed, and its thumbnail.

The order spares memory: shrink first, then convert colours and turn, on the small image.
"""

import hashlib
import io
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from PIL import Image, ImageCms

from catalog.exceptions import PhotoRefused
from catalog.models import PhotoFormat
from catalog.photos.checking import DECODING_ERRORS, open_checked
from catalog.photos.naming import shown_name

THUMBNAIL_SIDE = 400  # pixels
JPEG_QUALITY = 95
THUMBNAIL_QUALITY = 82
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_SIXTEEN_BITS_TO_EIGHT = [value >> 8 for value in range(65536)]


@dataclass(frozen=True, slots=True)
class NormalisedPhoto:
    """What is written: the photo's bytes with their hash and size in pixels, and the thumbnail's bytes (WebP)."""

    data: bytes
    thumbnail: bytes
    sha256: str
    format: PhotoFormat
    width: int
    height: int


def normalise(data: bytes, name: str) -> NormalisedPhoto:
    """Decode all of a photo file and make what is kept of it. Raises PhotoRefused for what is not a whole photo."""
    image = _decode(open_checked(data, name), name)
    image = _upright_srgb(image)
    clear = image.mode == "RGBA"
    kept = _encode(image, "PNG") if clear else _encode(image, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    small = image.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return NormalisedPhoto(
        data=kept,
        thumbnail=_encode(small, "WEBP", quality=THUMBNAIL_QUALITY),
        sha256=hashlib.sha256(kept).hexdigest(),
        format=PhotoFormat.PNG if clear else PhotoFormat.JPEG,
        width=image.width,
        height=image.height,
    )


def _decode(image: Image.Image, name: str) -> Image.Image:
    """All pixels, at most twice the kept size for JPEG: its decoder can shrink as it reads, which bounds memory."""
    side = 2 * settings.PHOTO_LONGEST_SIDE
    try:
        image.draft(None, (side, side))
        image.load()
    except DECODING_ERRORS:
        raise PhotoRefused(f"{shown_name(name)} is damaged or cut short: copy or export it again.") from None
    return image


def _upright_srgb(image: Image.Image) -> Image.Image:
    """An RGB image, or RGBA where some pixel is really transparent; longest side capped, nothing but pixels kept."""
    profile, orientation = image.info.get("icc_profile"), _orientation(image)
    image = _shrink(_eight_bits(image))
    image = _to_srgb(image, profile)
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    return _turn(image, orientation)


def _eight_bits(image: Image.Image) -> Image.Image:
    """One of the modes L, RGB, RGBA, CMYK, LAB as the profile needs it: palettes, 1 and 16 bits resolved."""
    if image.mode.startswith("I;16"):
        # convert("L") would clip at 255 instead of scaling.
        return image.convert("I").point(_SIXTEEN_BITS_TO_EIGHT, "L")
    if image.mode in {"I", "F"}:
        _low, high = image.getextrema()
        return image.point(lambda value: value * (255 / max(float(high), 1.0)), "L")  # type: ignore[arg-type]
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _shrink(image: Image.Image) -> Image.Image:
    side = settings.PHOTO_LONGEST_SIDE
    if max(image.size) <= side:
        return image
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB or RGBA in sRGB; a profile that is damaged or of another colour space than the pixels counts as none."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha else image
    if profile:
        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(colours, embedded, _SRGB, outputMode="RGB")
            colours = converted if converted is not None else colours
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    colours = colours.convert("RGB")
    if alpha:
        colours.putalpha(alpha)
    return colours


def _orientation(image: Image.Image) -> Any:
    """The camera's orientation tag, 1 (upright) where there is none: damaged EXIF spoils no photo."""
    try:
        return image.getexif().get(0x0112, 1)
    except DECODING_ERRORS:
        return 1


def _turn(image: Image.Image, orientation: Any) -> Image.Image:
    """Turned and mirrored as the camera's orientation tag says."""
    methods = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    method = methods.get(orientation)
    return image.transpose(method) if method is not None else image


def _encode(image: Image.Image, encoding: str, **parameters: int) -> bytes:
    """Bytes that hold pixels and nothing else: Pillow would carry comments and profiles over from `info`."""
    bare = image.copy()
    bare.info = {}
    buffer = io.BytesIO()
    bare.save(buffer, encoding, **parameters)
    return buffer.getvalue()
