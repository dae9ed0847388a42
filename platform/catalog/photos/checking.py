"""Decide from bytes and header, before any pixel is decoded, whether a file may be opened as a photo."""

import io
import struct
import warnings
import zlib
from typing import BinaryIO

from django.conf import settings
from PIL import Image, UnidentifiedImageError

from catalog.exceptions import PhotoRefused
from catalog.photos.formats import ACCEPTED, kind_of, refusal_of
from catalog.photos.naming import shown_name

SHORTEST_SIDE = 32
LONGEST_SIDE = 20_000
LARGEST_RATIO = 12
# What Pillow raises on damaged files, by decoder; SyntaxError is its word for a broken PNG.
DECODING_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, OverflowError)

# We compare the header's size with our own cap; Pillow's second opinion must not be stricter, nor warn first.
Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, settings.PHOTO_MAX_PIXELS)
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def read_capped(file: BinaryIO, name: str) -> bytes:
    """All bytes of a photo file, never holding more than the cap and one. Raises PhotoRefused."""
    data = file.read(settings.PHOTO_MAX_BYTES + 1)
    if not data:
        raise PhotoRefused(f"{shown_name(name)} is empty.")
    if len(data) > settings.PHOTO_MAX_BYTES:
        limit = f"{settings.PHOTO_MAX_BYTES / 1e6:,.0f} MB"
        raise PhotoRefused(f"{shown_name(name)} is larger than {limit}, the most a photo may be. Export a smaller one.")
    return data


def open_checked(data: bytes, name: str) -> Image.Image:
    """The image, header read and pixels not yet decoded, with a size we are ready to decode. Raises PhotoRefused."""
    shown = shown_name(name)
    reason = refusal_of(kind_of(data[:1024]))
    if reason:
        raise PhotoRefused(f"{shown} {reason}")
    try:
        image = Image.open(io.BytesIO(data), formats=ACCEPTED)
    except Image.DecompressionBombError:
        raise PhotoRefused(f"{shown} {_too_many_pixels()}") from None
    except (UnidentifiedImageError, *DECODING_ERRORS):
        raise PhotoRefused(f"{shown} is damaged: its header cannot be read. Export it again.") from None
    reason = size_refusal(*image.size)
    if reason:
        raise PhotoRefused(f"{shown} {reason}")
    return image


def size_refusal(width: int, height: int) -> str | None:
    """Why a photo of this size (pixels) is not taken, as the end of a sentence; None when it is fine."""
    size = f"{width:,} by {height:,} pixels"
    if min(width, height) < SHORTEST_SIDE:
        return f"is {size}: each side must have at least {SHORTEST_SIDE} pixels."
    if max(width, height) > LONGEST_SIDE:
        return f"is {size}: no side may have more than {LONGEST_SIDE:,} pixels."
    if width * height > settings.PHOTO_MAX_PIXELS:
        return _too_many_pixels(size)
    if max(width, height) > LARGEST_RATIO * min(width, height):
        return f"is {size}: one side is more than {LARGEST_RATIO} times the other, so it is a banner and no photo."
    return None


def _too_many_pixels(size: str = "") -> str:
    limit = f"{settings.PHOTO_MAX_PIXELS / 1e6:,.0f} million pixels"
    measured = f"is {size}:" if size else "has"
    return f"{measured} more than {limit}, the most a photo may have. Export a smaller one."
