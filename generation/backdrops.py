"""Backgrounds as files: the bank that comes with Vitrine, and a seller's own folder in the same form.

A picture may have a JSON of its name beside it (`Backdrop`'s fields but `sha256` and `picture`); what it leaves out, or
all without one, is as for a plain backdrop that anything may stand before. No Django here.
"""

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError
from pydantic import TypeAdapter, ValidationError

from generation.exceptions import NotPossible
from generation.files import opaque
from generation.records import PLACEHOLDER, Backdrop

BANK = Path(__file__).with_name("backgrounds")
KINDS = (".webp", ".jpg", ".jpeg", ".png")
LEAST_SIDE, MOST_PIXELS = 256, 50_000_000
_ADAPTER: TypeAdapter[Backdrop] = TypeAdapter(Backdrop)


def bank(folder: Path = BANK) -> tuple[Backdrop, ...]:
    """All backgrounds of a folder by name; read once for each change of it. Raises NotPossible for one that is bad."""
    if not folder.is_dir():
        return ()
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (*KINDS, ".json"))
    return _read(folder, tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files))


def file_of(name: str, folder: Path = BANK) -> Path:
    """Where the picture of that name lies. Raises NotPossible when it is not there."""
    for path in pictures_in(folder):
        if path.stem == name:
            return path
    raise NotPossible(f"There is no background {name!r} any more; retry the run, which chooses anew.")


def opened(backdrop: Backdrop, folder: Path = BANK) -> Image.Image:
    """The picture of one of the bank, RGB. Raises NotPossible when it is another than was planned with."""
    path = file_of(backdrop.name, folder)
    if _sha256(path) != backdrop.sha256:
        raise NotPossible(f"The background {backdrop.name!r} has changed since this was planned; retry the run.")
    return picture_in(path)


def picture_in(path: Path, most_side: int = 0) -> Image.Image:
    """A background's file as it is looked at: turned as its camera said, on white where it is transparent, RGB.

    `most_side` is the pixels that its shorter side may have; 0 for any. Raises NotPossible for a damaged file.
    """
    try:
        with Image.open(path) as image:
            _check_size(path, image)
            upright = ImageOps.exif_transpose(image)
            seen = opaque(upright.convert("RGBA") if upright.has_transparency_data else upright)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NotPossible(f"The background {path.name} is damaged: {error}. Save it anew.") from None
    factor = most_side / min(seen.size) if most_side else 1.0
    return seen if factor >= 1 else seen.resize((round(seen.width * factor), round(seen.height * factor)))


def chosen(every: tuple[Backdrop, ...], names: str) -> tuple[Backdrop, ...]:
    """Those of the names, with commas between; all without names. Raises NotPossible for a name that there is not."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    by_name = {backdrop.name: backdrop for backdrop in every}
    for name in wanted:
        if name not in by_name:
            raise NotPossible(f"There is no background {name!r}; there are {', '.join(by_name) or 'none'}.")
    return tuple(by_name[name] for name in dict.fromkeys(wanted)) if wanted else every


def pictures_in(folder: Path) -> list[Path]:
    """All of a folder by name. Cameras write .JPG, editors .jpg."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in KINDS) if folder.is_dir() else ()
    return sorted(found, key=lambda path: (path.stem, path.suffix))


def read_one(path: Path) -> Backdrop:
    """One file with the facts beside it. Raises NotPossible, naming the file, for one that cannot be used."""
    if "," in path.stem:
        raise NotPossible(f"The background {path.name} has a comma, which parts names in a method; rename it.")
    _check_picture(path)
    told = path.with_suffix(".json")
    facts = {"words": f"a {PLACEHOLDER} before the background {path.stem.replace('-', ' ')}"} | _facts(told)
    try:
        backdrop = _ADAPTER.validate_python(facts | {"name": path.stem, "sha256": _sha256(path)})
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise NotPossible(f"{told.name}: {where}: {problem['msg']} (it is {problem['input']!r}).") from None
    if PLACEHOLDER not in backdrop.words:
        raise NotPossible(f"{told.name}: words have to name the product as {PLACEHOLDER}; they are {backdrop.words!r}.")
    return replace(backdrop, picture=None)


@lru_cache(maxsize=8)
def _read(folder: Path, _signature: tuple[tuple[str, int, int], ...]) -> tuple[Backdrop, ...]:
    pictures = pictures_in(folder)
    for one, next_ in pairwise(pictures):
        if one.stem == next_.stem:
            raise NotPossible(f"The backgrounds {one.name} and {next_.name} have one name; rename one of them.")
    return tuple(read_one(path) for path in pictures)


def _facts(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotPossible(f"{path.name} is no valid JSON: {error}.") from None
    if not isinstance(facts, dict):
        raise NotPossible(f"{path.name} holds no JSON object with the background's facts.")
    return facts


def _check_picture(path: Path) -> None:
    try:
        with Image.open(path) as image:
            _check_size(path, image)
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotPossible(f"The background {path.name} cannot be read as a picture: {error}.") from None


def _check_size(path: Path, image: Image.Image) -> None:
    width, height = image.size
    if min(width, height) < LEAST_SIDE or width * height > MOST_PIXELS:
        raise NotPossible(
            f"The background {path.name} has {width} x {height} pixels; it needs {LEAST_SIDE} a side and at most"
            f" {MOST_PIXELS // 1_000_000} million in all."
        )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
