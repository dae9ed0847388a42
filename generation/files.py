"""Pictures and other files of the pipeline, named by the hash of their bytes: the same picture twice is one file.

`Files` reads and writes them over any store of bytes: a folder (`FolderStore`) or the project's storage (Django's).
"""

import hashlib
import io
import os
import tempfile
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from generation.exceptions import GenerationError
from generation.records import Picture

Mask = NDArray[np.bool_]  # (height, width)
THUMBNAIL_SIDE = 320
HALF = 127  # of 255: what is over it is of a mask, or opaque
Encoding = Literal["png", "webp"]
_PHOTO_GONE = (
    "A photo of the product has been removed since this run was planned. Retry the run: without images yet, it goes on"
    " with the photos that are left; one that has images needs another seed."
)
PICTURES, THUMBNAILS, DATA = "generated", "generated-thumbnails", "generated-data"


class Store(Protocol):
    """Bytes by key; a key is written once and never with other bytes."""

    def read(self, key: str) -> bytes:
        """The bytes of a key. Raises FileNotFoundError."""

    def write(self, key: str, data: bytes) -> None:
        """Keep them; whole or not at all."""

    def exists(self, key: str) -> bool: ...


class FolderStore:
    """A store in a local folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: str) -> bytes:
        return (self.folder / key).read_bytes()

    def write(self, key: str, data: bytes) -> None:
        target = self.folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=target.parent, suffix=".part")
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
        Path(partial).replace(target)

    def exists(self, key: str) -> bool:
        return (self.folder / key).exists()


class Files:
    """Pictures in and out of a store. They are PNG or WebP without loss, so that kept product pixels stay exact."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def put_picture(self, image: Image.Image, *, xmp: bytes | None = None, encoding: Encoding = "png") -> Picture:
        """Keep an RGB or L image with its thumbnail, with an XMP packet if given, and return its record."""
        data = _encoded(image, xmp, encoding)
        sha256 = hashlib.sha256(data).hexdigest()
        self._write(thumbnail_key(sha256), _thumbnail(image))
        key = self._write(f"{PICTURES}/{sha256[:2]}/{sha256}.{encoding}", data)
        return Picture(key, sha256, image.width, image.height)

    def put_mask(self, mask: Mask) -> Picture:
        """Keep a mask, (height, width) of bool, as a one-channel picture of 0 and 255."""
        return self.put_picture(Image.fromarray(mask.astype(np.uint8) * 255))

    def put_data(self, data: bytes, extension: str) -> tuple[str, str]:
        """Keep other bytes, such as an adapter; returns key and SHA-256."""
        sha256 = hashlib.sha256(data).hexdigest()
        return self._write(f"{DATA}/{sha256[:2]}/{sha256}.{extension}", data), sha256

    def image(self, picture: Picture) -> Image.Image:
        """The picture as an RGB image, on white where it is transparent. Raises GenerationError when it is gone."""
        return opaque(self._open(picture))

    def grey(self, picture: Picture) -> NDArray[np.uint8]:
        """A one-channel picture as (height, width), 0 to 255. Raises GenerationError when its file is gone."""
        return np.asarray(self._open(picture).convert("L"))

    def transparent(self, picture: Picture) -> Image.Image | None:
        """The picture as RGBA when parts of it are transparent; None for any other."""
        return cut_free(self._open(picture))

    def mask(self, picture: Picture) -> Mask:
        """The mask as (height, width) of bool. Raises GenerationError when its file is gone."""
        return np.asarray(self._open(picture).convert("L")) > HALF

    def data(self, key: str) -> bytes:
        """The bytes under a key. Raises GenerationError when the file is gone."""
        try:
            return self.store.read(key)
        except FileNotFoundError:
            if key.startswith("photos/"):
                raise GenerationError(_PHOTO_GONE) from None
            raise GenerationError(f"The file {key} is gone from the store; run its stage again.") from None

    def _open(self, picture: Picture) -> Image.Image:
        opened = Image.open(io.BytesIO(self.data(picture.key)))
        opened.load()
        return opened

    def _write(self, key: str, data: bytes) -> str:
        if not self.store.exists(key):
            self.store.write(key, data)
        return key


def cut_free(image: Image.Image) -> Image.Image | None:
    """The image as RGBA when parts of it are more transparent than not, and parts are less; None for any other."""
    if not image.has_transparency_data:
        return None
    seen = image.convert("RGBA")
    alpha = np.asarray(seen.getchannel("A"))
    # A stray pixel of 254, as editors leave them, makes no cut-out.
    return seen if alpha.min() <= HALF < alpha.max() else None


def opaque(image: Image.Image) -> Image.Image:
    """The image as RGB. White shows where it is transparent, as in a shop; what lies hidden there is often black."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image).convert("RGB")


def thumbnail_key(sha256: str) -> str:
    """Where the small WebP of a picture lies."""
    return f"{THUMBNAILS}/{sha256[:2]}/{sha256}.webp"


def _thumbnail(image: Image.Image) -> bytes:
    small = image.convert("RGB")
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=82, method=2)
    return buffer.getvalue()


def _encoded(image: Image.Image, xmp: bytes | None, encoding: Encoding) -> bytes:
    buffer = io.BytesIO()
    if encoding == "webp":
        # `exact`: the colours of transparent pixels stay. Method 6 is 2 % smaller than 4 and takes thrice its time.
        image.save(buffer, "WEBP", lossless=True, exact=True, method=4, xmp=xmp or b"")
        return buffer.getvalue()
    info = PngImagePlugin.PngInfo()
    if xmp:
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
    image.save(buffer, "PNG", compress_level=4, pnginfo=info)
    return buffer.getvalue()
