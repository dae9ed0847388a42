"""Images made elsewhere, with a manifest that says what each is of: a campaign rates them like its own.

The manifest is CSV or JSON lines, an image a row: `image` (path beside the manifest; required), `name` (unique in the
campaign; the path unless given), `product` ("source/external_id" of the catalogue, or any name), `photos` (paths of the
product's photos, parted by | or ;), `method`, `prompt`. Files are checked and normalised as photos are: no metadata of
theirs is kept.
"""

import csv
import math
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

from django.core.files.storage import default_storage

from catalog.exceptions import CatalogError, ImportUnreadable, RowRefused
from catalog.importing.archives import ZipTree
from catalog.importing.lines import Lines, decode, parse_object
from catalog.importing.manifest import CSV, JSON_LINES
from catalog.importing.trees import Tree, inner_path, join
from catalog.models import Product
from catalog.photos.checking import read_capped
from catalog.photos.normalising import normalise
from catalog.photos.storing import write
from raters.exceptions import BadCampaign
from raters.models import Campaign, Subject, Task
from raters.services import tasks

FOLDER = "rated"
MOST_IMAGES = 20_000
LARGEST_ARCHIVE = 1_000_000_000  # bytes, of one that a web process reads
SECONDS = 20.0  # that it spends on one; what is left is for the same archive sent again
LONGEST_NAME = 200
COLUMNS = ("image", "name", "product", "photos", "method", "prompt")
_PARTS = re.compile(r"[|;]")


@dataclass
class Report:
    """What came of an upload: how many images were added, how many were there already, and the rows that were refused.

    `stopped_at` is the line before which the time was over; None where all was read.
    """

    added: int = 0
    there: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)  # line, sentence
    stopped_at: int | None = None


@dataclass(frozen=True)
class Stored:
    """A picture that lies in storage."""

    key: str
    width: int
    height: int


class _AlreadyThere(Exception):
    """The campaign had the row's image before this upload."""


def add_uploaded(campaign: Campaign, tree: Tree, manifest: str = "", *, seconds: float = math.inf) -> Report:
    """Add the images that the manifest lists to the campaign; without its name, the one list at the tree's root.

    A wrong row is refused by itself, and one that the campaign has is passed over, so that a list may be sent again.
    After so many seconds what was read is added, and the report tells where that was. Raises BadCampaign where there
    is no list or nothing can be read.
    """
    reading = _Reading(campaign, tree, manifest or _only_list(tree))
    report, ends_at = Report(), monotonic() + seconds
    new: list[tasks.NewTask] = []
    try:
        for line, fields in reading.rows():
            if new and monotonic() > ends_at:
                report.stopped_at = line
                break
            try:
                new.append(reading.task(fields))
            except _AlreadyThere:
                report.there += 1
            except CatalogError as refusal:
                report.refused.append((line, str(refusal)))
            if len(new) > MOST_IMAGES:
                raise BadCampaign(f"One upload takes {MOST_IMAGES:,} images. Part the manifest.")
    except ImportUnreadable as error:
        raise BadCampaign(str(error)) from None
    report.added = tasks.add_tasks(campaign, new)
    return report


def add_archive(campaign: Campaign, file: BinaryIO, size: int) -> Report:
    """As `add_uploaded`, from a zip archive of so many bytes that was uploaded, for SECONDS. Raises BadCampaign."""
    if size > LARGEST_ARCHIVE:
        raise BadCampaign(f"The archive has {size:,} bytes; up to {LARGEST_ARCHIVE:,} are taken. Part it.")
    with tempfile.NamedTemporaryFile(suffix=".zip") as kept:
        shutil.copyfileobj(file, kept)
        kept.flush()
        try:
            tree = ZipTree(Path(kept.name), name="upload")
        except ImportUnreadable as error:
            raise BadCampaign(str(error)) from None
        with closing(tree):
            return add_uploaded(campaign, tree, seconds=SECONDS)


def keep_picture(data: bytes, name: str) -> Stored:
    """Check, normalise and store a picture. Raises PhotoRefused for what is none."""
    picture = normalise(data, name)
    key = f"{FOLDER}/{picture.sha256[:2]}/{picture.sha256}.{picture.format}"
    if not default_storage.exists(key):
        write(key, picture.data)
    return Stored(key, picture.width, picture.height)


class _Reading:
    """One manifest being read; remembers subjects and names, so that each is looked up once."""

    def __init__(self, campaign: Campaign, tree: Tree, manifest: str) -> None:
        self._campaign, self._tree, self._manifest = campaign, tree, manifest
        self._folder = manifest.rpartition("/")[0]
        self._subjects: dict[tuple[str, tuple[str, ...]], Subject] = {}
        self._there = set(Task.objects.filter(campaign=campaign).exclude(name="").values_list("name", flat=True))
        self._names: set[str] = set()

    def rows(self) -> Iterator[tuple[int, dict[str, Any] | RowRefused]]:
        with Lines(self._tree, self._manifest) as lines:
            yield from _json_rows(lines) if JSON_LINES.fullmatch(self._manifest) else _csv_rows(lines)

    def task(self, fields: dict[str, Any] | RowRefused) -> tasks.NewTask:
        """The image of a row, stored. Raises _AlreadyThere, RowRefused or PhotoRefused."""
        if isinstance(fields, RowRefused):
            raise fields
        image = _text(fields, "image")
        if not image:
            raise RowRefused("The row names no image.")
        name = _text(fields, "name") or image
        if len(name) > LONGEST_NAME:
            raise RowRefused(f"The name {name[:40]!r}… has {len(name)} characters; {LONGEST_NAME} are taken.")
        if name in self._there:
            raise _AlreadyThere
        if name in self._names:
            raise RowRefused(f"{name[:80]!r} is in the list twice.")
        stored = self._stored(image)
        subject = self._subject(_text(fields, "product"), tuple(_paths(fields.get("photos"))))
        self._names.add(name)
        return tasks.NewTask(
            stored.key,
            stored.width,
            stored.height,
            subject,
            name=name,
            method=_text(fields, "method")[:120],
            prompt=_text(fields, "prompt")[:4000],
        )

    def _stored(self, path: str) -> Stored:
        with self._tree.open(join(self._folder, inner_path(path))) as opened:
            return keep_picture(read_capped(opened, path), path)

    def _subject(self, product: str, photos: tuple[str, ...]) -> Subject:
        known = self._subjects.get((product, photos))
        if known is None:
            known = self._subjects[product, photos] = self._made_subject(product, photos)
        return known

    def _made_subject(self, product: str, photos: tuple[str, ...]) -> Subject:
        found = None
        if not photos:
            source, _, external_id = product.partition("/")
            found = Product.objects.filter(source=source, external_id=external_id).first()
            if found is None:
                raise RowRefused(
                    f"{product[:80]!r} is no product of the catalogue (source/external_id), and the row names no"
                    " photos."
                )
        kept = [vars(self._stored(path)) for path in photos]
        return tasks.subject_for(self._campaign, tasks.NewSubject(product or "Product", product=found, photos=kept))


def _csv_rows(lines: Lines) -> Iterator[tuple[int, dict[str, Any] | RowRefused]]:
    numbers: list[int] = []

    def text() -> Iterator[str]:
        for number, line in lines:
            numbers.append(number)
            yield decode(line or b"") + "\n"

    reader = csv.DictReader(text(), delimiter="\t" if ".tsv" in lines.path.lower() else ",")
    try:
        if "image" not in (reader.fieldnames or ()):
            raise ImportUnreadable(f"{lines.path} has no column image. Its columns may be {', '.join(COLUMNS)}.")
        for row in reader:
            yield numbers[-1], row
    except (csv.Error, RowRefused) as error:
        raise ImportUnreadable(f"{lines.path} cannot be read at line {numbers[-1]}: {error}") from None


def _json_rows(lines: Lines) -> Iterator[tuple[int, dict[str, Any] | RowRefused]]:
    for number, line in lines:
        if line == b"":
            continue
        try:
            yield number, parse_object(line)
        except RowRefused as refusal:
            yield number, refusal


def _only_list(tree: Tree) -> str:
    lists = [name for name in tree.files("") if CSV.fullmatch(name) or JSON_LINES.fullmatch(name)]
    if len(lists) != 1:
        raise BadCampaign(
            f"There are {len(lists)} lists beside the images, and one is needed: a CSV or JSON lines file that says"
            " what each image is of."
        )
    return lists[0]


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise RowRefused(f"The {name} of the row is no text.")
    text = str(value).strip()
    if any(letter == "\0" or 0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise RowRefused(f"The {name} of the row has a character that cannot be kept.")
    return text


def _paths(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else _PARTS.split(str(value or ""))
    return [str(part).strip() for part in parts if str(part).strip()]
