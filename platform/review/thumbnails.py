"""Small versions of images that came from elsewhere: generated ones have theirs, made when they were generated."""

import hashlib
import io

from django.core.files.storage import default_storage
from PIL import Image

from catalog.photos.storing import write
from raters import pictures

FOLDER = "review-thumbnails"
SIDE = 320
QUALITY = 80


def thumbnail(source: str) -> bytes:
    """A stored picture as WebP of at most SIDE pixels a side; made at the first call.

    Raises FileNotFoundError where the picture is gone.
    """
    name = hashlib.sha256(source.encode()).hexdigest()
    key = f"{FOLDER}/{name[:2]}/{name}.webp"
    try:
        with default_storage.open(key, "rb") as opened:
            return bytes(opened.read())
    except FileNotFoundError:
        made = _small(pictures.rendition(source))
    write(key, made)
    return made


def _small(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as opened:
        pixels = opened.convert("RGB")
    pixels.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    pixels.save(buffer, "WEBP", quality=QUALITY)
    return buffer.getvalue()
