"""How long a background swap takes: `python -m benchmarks.background_swap PHOTO … [--images 8] [--sheet OUT.webp]`.

Prints a table: seconds for cutting out (once for each photo) and for each image, and images a second. CPU seconds are
of this process, so that a busy machine shows in the wall clock alone. Without photos, a drawn one of 1,200 px.
`--sheet` keeps what was made to be looked at: a row for each photo, the photo first. A photo's name says what it shows:
`mug-forest-front.webp` is of a mug, and `teapot/00.jpg` of a teapot. On busy ground a person is asked to mark the
product: `--drawn` takes the uncertain outline as if one had drawn it, which costs what a good one does. The last line
is the images a second of all photos together, by the clock on the wall.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "2")

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]  # before this folder, which has a generation.py

import numpy as np  # noqa: E402
from PIL import Image, ImageDraw, ImageOps  # noqa: E402

from generation import backdrops, placing, sampling, swapping  # noqa: E402
from generation.checkpoints.grabcut import GrabCut  # noqa: E402
from generation.context import LocalContext  # noqa: E402
from generation.exceptions import ProductNotFound  # noqa: E402
from generation.files import Files, FolderStore  # noqa: E402
from generation.finding import find_product  # noqa: E402
from generation.imaging import box_of, share_of  # noqa: E402
from generation.provenance import Origin  # noqa: E402
from generation.recipe import GenerateConfig, MatteConfig, SegmentConfig, SwapConfig  # noqa: E402
from generation.records import MatteResult, Photo, PhotoMask, Picture, ProductFacts, SegmentResult  # noqa: E402
from generation.stages import matte  # noqa: E402

CELL, GAP = 220, 6  # pixels, of a sheet


@dataclass
class Row:
    """What became of one photo: seconds (CPU, wall) of each part, its pictures, or why a person is asked."""

    name: str
    photo: Image.Image
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)
    images: list[Image.Image] = field(default_factory=list)
    asks: str = ""

    @property
    def noun(self) -> str:
        """What its photo shows, by the file's name."""
        return self.name.partition("-")[0]

    def __str__(self) -> str:
        told = f"{self.name[:28]:28} {self.photo.width:>5} x {self.photo.height:<4}"
        if self.asks:
            return f"{told} asks: {self.asks}"
        cut, edges, made = (self.seconds[part] for part in ("cut", "edges", "images"))
        each = made[0] / len(self.images)
        wall = f"(wall {cut[1]:.2f}, {edges[1]:.2f}, {made[1] / len(self.images):.2f} s)"
        return f"{told} {cut[0]:>8.2f}s {edges[0]:>8.2f}s {each:>8.2f}s {1 / each:>8.1f}    {wall}"


def main() -> None:
    """Print the table, and write the sheet when it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--side", type=int, default=0)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--drawn", action="store_true", help="take uncertain cut-outs as if a person had drawn them")
    asked = parser.parse_args()
    print(f"{'photo':28} {'pixels':>11} {'cut out':>9} {'edges':>9} {'an image':>9} {'images/s':>9}   (CPU s; wall)")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = Files(FolderStore(Path(folder)))
        for name, image in [(_named(path), _opened(path)) for path in asked.photos] or [("drawn", _drawn())]:
            rows.append(Row(name, image))
            _swap(rows[-1], files, images=asked.images, side=asked.side, drawn=asked.drawn)
            print(rows[-1], flush=True)
    print(total(rows))
    if asked.sheet:
        sheet(rows).save(asked.sheet, quality=86)


def total(rows: Sequence[Row]) -> str:
    """One line about all photos; images are counted alone, and with the cut-outs that they need."""
    made = [row for row in rows if row.images]
    images = sum(len(row.images) for row in made)
    if not images:
        return f"0 images: all {len(rows)} photos ask"
    alone = sum(row.seconds["images"][1] for row in made)
    whole = alone + sum(row.seconds[part][1] for row in made for part in ("cut", "edges"))
    cpu = sum(row.seconds["images"][0] for row in made) / images
    return (
        f"{images} images of {len(made)} photos: {images / alone:.2f} a second, {images / whole:.2f} with the cut-outs,"
        f" {cpu:.2f} s of CPU each; {len(rows) - len(made)} photos ask"
    )


def sheet(rows: Sequence[Row]) -> Image.Image:
    """The photos on the left, what was made of each beside it; below, at half the size, those that ask a person."""
    shown = [row for row in rows if row.images]
    asks = [row.photo for row in rows if not row.images]
    wide = 1 + max((len(row.images) for row in shown), default=2)
    step, small = CELL + GAP, (CELL + GAP) // 2
    deep = len(shown) * step
    made = Image.new("RGB", (wide * step + GAP, deep + -(-len(asks) // (2 * wide)) * small + GAP), "white")
    for line, row in enumerate(shown):
        for place, picture in enumerate([row.photo, *row.images]):
            made.paste(_cell(picture, CELL), (GAP + place * step, GAP + line * step))
    for number, photo in enumerate(asks):
        line, place = divmod(number, 2 * wide)
        made.paste(_cell(photo, small - GAP), (GAP + place * small, GAP + deep + line * small))
    return made


def _cell(picture: Image.Image, side: int) -> Image.Image:
    return ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)


def _swap(row: Row, files: Files, *, images: int, side: int, drawn: bool = False) -> None:
    clock = Clock()
    asked = SegmentConfig(surest=0.0) if drawn else SegmentConfig()
    found = find_product(GrabCut(), row.photo, asked, noun=row.noun)
    row.seconds["cut"] = clock.lap()
    if found.mask is None:
        row.asks = found.problem
        return
    picture = files.put_picture(row.photo)
    kept = files.put_mask(found.mask)
    clock.lap()
    mask = PhotoMask(
        picture, kept, box_of(found.mask), share_of(found.mask), found.score, "person" if drawn else "automatic"
    )
    try:
        made = _edges(row, mask, files)
    except ProductNotFound as refusal:
        row.asks = str(refusal)
        return
    row.seconds["edges"] = clock.lap()
    pictures = _placed(row, made, files, images=images, side=side)
    row.seconds["images"] = clock.lap()
    row.images = [files.image(picture) for picture in pictures]


def _edges(row: Row, mask: PhotoMask, files: Files) -> MatteResult:
    inputs = matte.Inputs(ProductFacts(row.name, row.noun, (Photo(mask.picture),)), SegmentResult((mask,)))
    return matte.run(inputs, MatteConfig(), None, LocalContext(), files)  # type: ignore[arg-type]


def _placed(row: Row, made: MatteResult, files: Files, *, images: int, side: int) -> list[Picture]:
    every = [one for one in backdrops.bank() if placing.fits(one, placing.kind_of(row.noun))]
    config = GenerateConfig(way="background-swap", candidates=images, prompts=images, swap=SwapConfig())
    targets = sampling.swap_targets(every, config, sampling.Draw(row.name, 0))
    swap = swapping.Swap(row.noun, made, tuple(every), SwapConfig(), Origin("", 0, "generate"), side)
    return [one.picture for one in swapping.run(swap, targets, LocalContext(), files)]


class Clock:
    """CPU and wall seconds between laps."""

    def __init__(self) -> None:
        self._at = time.process_time(), time.perf_counter()

    def lap(self) -> tuple[float, float]:
        before, self._at = self._at, (time.process_time(), time.perf_counter())
        return self._at[0] - before[0], self._at[1] - before[1]


def _named(path: Path) -> str:
    """A name that begins with what the photo shows: its own, or its folder's last word and its own."""
    return path.stem if "-" in path.stem else f"{path.parent.name.rpartition('_')[2]}-{path.stem}"


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _drawn() -> Image.Image:
    image = Image.new("RGB", (1200, 1200), (236, 236, 234))
    ImageDraw.Draw(image).rounded_rectangle((320, 260, 880, 1000), 90, fill=(170, 60, 44))
    noise = np.random.default_rng(0).normal(0, 2, (1200, 1200, 3))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
