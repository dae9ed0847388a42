"""How long a background swap takes: `python benchmarks/background_swap.py PHOTO … [--images 8] [--side 1024]`.

Prints a table: seconds for cutting out (once for each photo) and for each image, and images a second. CPU seconds are
of this process, so that a busy machine shows in the wall clock alone. Without photos, a drawn one of 1,200 px.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "2")

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from generation import backdrops, placing, sampling, swapping
from generation.checkpoints.grabcut import GrabCut
from generation.context import LocalContext
from generation.files import Files, FolderStore
from generation.finding import find_product
from generation.imaging import box_of, share_of
from generation.provenance import Origin
from generation.recipe import GenerateConfig, MatteConfig, SegmentConfig, SwapConfig
from generation.records import Photo, PhotoMask, ProductFacts, SegmentResult
from generation.stages import matte


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--side", type=int, default=0)
    asked = parser.parse_args()
    print(f"{'photo':28} {'pixels':>11} {'cut out':>9} {'edges':>9} {'an image':>9} {'images/s':>9}   (CPU s; wall)")
    with tempfile.TemporaryDirectory() as folder:
        files = Files(FolderStore(Path(folder)))
        for name, image in [(path.name, _opened(path)) for path in asked.photos] or [("drawn", _drawn())]:
            _row(name, image, files, asked)


def _row(name: str, image: Image.Image, files: Files, asked: argparse.Namespace) -> None:
    clock = Clock()
    found = find_product(GrabCut(), image, SegmentConfig(surest=0))
    cutting = clock.lap()
    if found.mask is None:
        print(f"{name:28} {image.width:>5} x {image.height:<4} {found.problem}")
        return
    picture = files.put_picture(image)
    mask = PhotoMask(picture, files.put_mask(found.mask), box_of(found.mask), share_of(found.mask), 1.0, "person")
    clock.lap()
    product = ProductFacts(name, "", (Photo(picture),))
    made = matte.run(matte.Inputs(product, SegmentResult((mask,))), MatteConfig(), None, LocalContext(), files)  # type: ignore[arg-type]
    edges = clock.lap()
    every = [one for one in backdrops.bank() if placing.fits(one, placing.kind_of(""))]
    config = GenerateConfig(way="background-swap", candidates=asked.images, prompts=asked.images, swap=SwapConfig())
    targets = sampling.swap_targets(every, config, sampling.Draw(name, 0))
    swap = swapping.Swap("", made, tuple(every), SwapConfig(), Origin("", 0, "generate"), asked.side)
    swapping.run(swap, targets, LocalContext(), files)
    cpu, wall = clock.lap()
    each = cpu / len(targets), wall / len(targets)
    print(
        f"{name:28} {image.width:>5} x {image.height:<4} {cutting[0]:>8.2f}s {edges[0]:>8.2f}s {each[0]:>8.2f}s"
        f" {1 / each[0]:>8.1f}    (wall {cutting[1]:.2f}, {edges[1]:.2f}, {each[1]:.2f} s)"
    )


class Clock:
    """CPU and wall seconds between laps."""

    def __init__(self) -> None:
        self._at = time.process_time(), time.perf_counter()

    def lap(self) -> tuple[float, float]:
        before, self._at = self._at, (time.process_time(), time.perf_counter())
        return self._at[0] - before[0], self._at[1] - before[1]


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
