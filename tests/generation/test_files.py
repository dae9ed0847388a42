"""generation.files: pictures by content hash, lossless, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generation.exceptions import GenerationError
from generation.files import Encoding, Files, FolderStore, thumbnail_key
from generation.records import Picture


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(FolderStore(tmp_path))


def noise(width: int = 40, height: int = 24, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_a_picture_comes_back_to_the_last_bit(files: Files) -> None:
    kept = files.put_picture(noise())
    assert (kept.width, kept.height) == (40, 24)
    assert files.image(kept).tobytes() == noise().tobytes()


def test_where_a_photo_is_transparent_white_shows(files: Files) -> None:
    clear = Image.new("RGBA", (3, 1), (200, 10, 10, 255))
    clear.putpixel((1, 0), (0, 0, 0, 0))  # hidden black, as cut-outs have it
    clear.putpixel((2, 0), (0, 0, 0, 51))
    shown = files.image(files.put_picture(clear))
    assert [shown.getpixel((x, 0)) for x in range(3)] == [(200, 10, 10), (255, 255, 255), (204, 204, 204)]


def test_the_same_picture_is_one_file(files: Files, tmp_path: Path) -> None:
    assert files.put_picture(noise()) == files.put_picture(noise())
    assert len(list(tmp_path.glob("generated/*/*"))) == 1


def test_a_mask_comes_back(files: Files) -> None:
    mask = np.zeros((9, 13), dtype=bool)
    mask[2:5, 3:10] = True
    assert (files.mask(files.put_mask(mask)) == mask).all()


def test_a_picture_has_a_small_one_beside_it(files: Files, tmp_path: Path) -> None:
    kept = files.put_picture(noise(900, 600))
    with Image.open(tmp_path / thumbnail_key(kept.sha256)) as small:
        assert max(small.size) == 320


@pytest.mark.parametrize(
    ("encoding", "kind", "mode"),
    [("png", "PNG", "RGB"), ("webp", "WEBP", "RGB"), ("webp", "WEBP", "RGBA")],
    ids=["png", "webp", "webp with transparency"],
)
def test_in_either_format_pixels_stay_and_metadata_goes_along(
    files: Files, tmp_path: Path, encoding: Encoding, kind: str, mode: str
) -> None:
    image = noise()
    if mode == "RGBA":
        image.putalpha(noise(seed=1).convert("L"))
    kept = files.put_picture(image, xmp="<x:xmpmeta>Zürich</x:xmpmeta>".encode(), encoding=encoding)
    assert kept.key == f"generated/{kept.sha256[:2]}/{kept.sha256}.{encoding}"
    assert kept == files.put_picture(image, xmp="<x:xmpmeta>Zürich</x:xmpmeta>".encode(), encoding=encoding)
    with Image.open(tmp_path / kept.key) as opened:
        opened.load()
        assert (opened.format, opened.mode) == (kind, mode)
        assert opened.tobytes() == image.tobytes()
        told = opened.info["XML:com.adobe.xmp"].encode() if encoding == "png" else opened.info["xmp"]
    assert told == "<x:xmpmeta>Zürich</x:xmpmeta>".encode()


def test_transparent_pixels_of_a_webp_keep_their_colour(files: Files, tmp_path: Path) -> None:
    clear = Image.new("RGBA", (2, 2), (200, 10, 10, 0))
    with Image.open(tmp_path / files.put_picture(clear, encoding="webp").key) as opened:
        assert opened.getpixel((1, 1)) == (200, 10, 10, 0)


def test_data_is_named_by_its_hash(files: Files) -> None:
    key, sha256 = files.put_data(b"abc", "safetensors")
    assert sha256.startswith("ba7816bf")
    assert key == f"generated-data/ba/{sha256}.safetensors"
    assert files.data(key) == b"abc"


def test_a_file_that_is_gone_says_what_to_do(files: Files) -> None:
    with pytest.raises(GenerationError, match=r"generated/aa/none\.png is gone from the store; run its stage again"):
        files.image(Picture("generated/aa/none.png", "none", 1, 1))
