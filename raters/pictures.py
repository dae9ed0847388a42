"""What raters see of a picture: its pixels, and nothing that tells how it was made.

Generated files say their prompt, method and run in their metadata, and uploads come in the formats of their makers. So
every picture is shown as a WebP file of our own, made once and kept: same format, same quality, no metadata, and named
by a hash that no other page uses.
"""

import hashlib
import io

from django.core.files.storage import default_storage
from PIL import Image, ImageOps

from catalog.photos.storing import write

FOLDER = "rating"
CONTENT_TYPE = "image/webp"
LONGEST_SIDE = 2048
QUALITY = 90
EFFORT = 2  # of 6: half the CPU time of the usual 4, for 3 % more bytes
_VERSION = 1  # of the rendition: another one is kept beside the old


def shown_size(width: int, height: int) -> tuple[int, int]:
    """The size at which a picture of this size is shown: as it is, or scaled down to the longest side."""
    longest = max(width, height)
    if longest <= LONGEST_SIDE:
        return width, height
    return max(1, round(width * LONGEST_SIDE / longest)), max(1, round(height * LONGEST_SIDE / longest))


def rendition_key(source: str) -> str:
    """Where the rendition of a stored picture lies."""
    name = hashlib.sha256(f"{_VERSION}:{source}".encode()).hexdigest()
    return f"{FOLDER}/{name[:2]}/{name}.webp"


def rendition(source: str) -> bytes:
    """The picture as raters get it; made at the first call. Raises FileNotFoundError when neither file is there."""
    key = rendition_key(source)
    try:
        with default_storage.open(key, "rb") as opened:
            return bytes(opened.read())
    except FileNotFoundError:
        pass
    with default_storage.open(source, "rb") as opened:
        made = encoded(opened.read())
    write(key, made)
    return made


def encoded(data: bytes) -> bytes:
    """A picture's pixels alone, as WebP: upright, transparent parts on white, the longest side capped."""
    with Image.open(io.BytesIO(data)) as opened:
        upright = ImageOps.exif_transpose(opened)
        pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    if pixels.mode == "RGBA":
        white = Image.new("RGBA", pixels.size, "white")
        white.alpha_composite(pixels)
        pixels = white.convert("RGB")
    size = shown_size(*pixels.size)
    if size != pixels.size:
        pixels = pixels.resize(size, Image.Resampling.LANCZOS)
    # A new image: `info` may hold an ICC profile, EXIF or XMP, which the encoder would write out again.
    bare = Image.new("RGB", pixels.size)
    bare.paste(pixels)
    buffer = io.BytesIO()
    bare.save(buffer, "WEBP", quality=QUALITY, method=EFFORT)
    return buffer.getvalue()
