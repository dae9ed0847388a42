"""Sheets of the perceivers, to be looked at: masks beside the truth, what is found for a product, captions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from generation import imaging
from generation.checkpoints import captioner, dino, segmenter
from generation.mini.evaluating import CPU, PRODUCTS, entry_of, pictures, two_views
from generation.mini.renders import Renders
from generation.prompting import deepest
from generation.records import MaskPrompt
from generation.world.captions import caption

CELL = 128  # pixels a side of a picture on a sheet
RIGHT, WRONG = (30, 160, 80), (210, 60, 50)
Mask = NDArray[np.bool_]


def sam_sheet(folder: Path, data: Renders, count: int = 16) -> Image.Image:
    """Columns of picture, truth, mask from the box, best mask from one point."""
    model = segmenter.load(entry_of("segmenter", folder), CPU)
    columns = []
    for image, truth in list(zip(pictures(data), list(data.masks.numpy() > 127), strict=True))[:: _every(data, count)]:
        box = imaging.box_of(truth)
        if box is None:
            continue
        embedding = model.embed(image)
        boxed = model.cut(embedding, MaskPrompt(box))[0].mask
        pointed = model.cut(embedding, MaskPrompt(None, ((*deepest(truth, 1)[0], 1),)))[0].mask
        columns.append([image, *(_shown(image, mask) for mask in (truth, boxed, pointed))])
    return grid([[column[row] for column in columns[:count]] for row in range(4)])


def dino_sheet(folder: Path, data: Renders, count: int = 10, nearest: int = 7) -> Image.Image:
    """Rows of a product and the nearest other pictures of a hundred products; green is the product itself."""
    model = dino.load(entry_of("dino", folder), CPU)
    asked, others = two_views(data, PRODUCTS)
    images = pictures(data)
    rows = model.images([images[place] for place in asked]) @ model.images([images[place] for place in others]).T
    lines = []
    for place in range(0, len(asked), max(1, len(asked) // count)):
        best = np.argsort(-rows[place], kind="stable")[:nearest]
        found = [framed(images[others[other]], RIGHT if other == place else None) for other in best]
        lines.append([images[asked[place]], Image.new("RGB", (8, 8), "white"), *found])
    return grid(lines[:count])


def caption_sheet(folder: Path, data: Renders, count: int = 12) -> Image.Image:
    """Pictures, each with what the captioner says of it, and beneath it the truth where that is another."""
    model = captioner.load(entry_of("captioner", folder), CPU)
    chosen = list(range(0, len(data), _every(data, count)))[:count]
    images = [pictures(data)[place] for place in chosen]
    told, truths = model.describe(images, ""), [caption(data.scenes[place]) for place in chosen]
    page = Image.new("RGB", (7 * CELL, len(images) // 2 * CELL), "white")
    draw = ImageDraw.Draw(page)
    for number, (image, mine, truth) in enumerate(zip(images, told, truths, strict=True)):
        left, top = number % 2 * 7 * CELL // 2, number // 2 * CELL
        page.paste(_scaled(image), (left, top))
        draw.multiline_text((left + CELL + 8, top + 12), _wrapped(mine), fill=RIGHT if mine == truth else "black")
        if mine != truth:
            draw.multiline_text((left + CELL + 8, top + 68), _wrapped(truth), fill=(120, 120, 120))
    return page


def grid(rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Pictures of one size each, enlarged without smoothing."""
    page = Image.new("RGB", (max(map(len, rows), default=0) * CELL, len(rows) * CELL), "white")
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            page.paste(_scaled(image), (column * CELL, row * CELL))
    return page


def framed(image: Image.Image, colour: tuple[int, int, int] | None) -> Image.Image:
    """The picture with a frame of that colour, or without."""
    made = image.copy()
    if colour:
        ImageDraw.Draw(made).rectangle((0, 0, made.width - 1, made.height - 1), outline=colour, width=3)
    return made


def _shown(image: Image.Image, mask: Mask) -> Image.Image:
    """What the mask holds as it is, all else nearly white."""
    pixels = np.asarray(image.convert("RGB"), np.float32)
    return Image.fromarray(np.where(mask[..., None], pixels, 225 + 0.1 * pixels).astype(np.uint8))


def _scaled(image: Image.Image) -> Image.Image:
    return image.resize((CELL, CELL), Image.Resampling.NEAREST)


def _every(data: Renders, count: int) -> int:
    return max(1, len(data) // count)


def _wrapped(text: str, width: int = 46) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
