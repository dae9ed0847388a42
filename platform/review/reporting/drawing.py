"""Plots and pictures as a report holds them: inside the file, so that it needs nothing else."""

import io
import re
from collections.abc import Sequence

from django.core.files.storage import default_storage
from PIL import Image, UnidentifiedImageError

from review.moved import MovedSide
from review.plotting import Plot, image
from review.reporting.document import Drawing, Shot, Shown, Strips, Words

SIDE = 144  # pixels: twice of what a page shows
QUALITY = 74
WIDTH = 760
_MEASURED, _ALIKE = "ui-sans-serif, system-ui, Liberation Sans", "Liberation Sans, Arial, Helvetica"
_IDS = re.compile(r'(\bid="|url\(#|href="#)([\w-]+)')


def drawn(plot: Plot) -> Drawing | Words:
    """The plot in both colour schemes, or the sentence why there is none."""
    if not plot.rows:
        return Words(plot.said, "note")
    light, dark = (
        _apart(image(plot, "svg", scheme=scheme, width=WIDTH).decode(), f"{plot.name}-{scheme}")
        for scheme in ("light", "dark")
    )
    return Drawing(plot, light, dark, image(plot, "png", width=WIDTH))


def strips(side: MovedSide) -> Strips:
    """Products that changed sides with their pictures, read from storage."""
    return Strips(
        tuple(
            Shown(
                name=one.item.name,
                photo=small(one.product.cover.thumbnail_key if one.product and one.product.cover else ""),
                sides=tuple(
                    (method, _shots([(image.task.candidate, image.verdict == 1) for image in images]))
                    for method, images in one.sides
                ),
            )
            for one in side.products
        )
    )


def small(key: str) -> bytes:
    """A stored picture as a small WebP; empty where there is none, or none that can be read."""
    if not key:
        return b""
    try:
        with default_storage.open(key) as opened, Image.open(opened) as picture:
            shown = picture.convert("RGB")
    except (FileNotFoundError, UnidentifiedImageError):
        return b""
    shown.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    shown.save(buffer, "WEBP", quality=QUALITY)
    return buffer.getvalue()


def _shots(images: Sequence[tuple["object | None", bool]]) -> tuple[Shot, ...]:
    return tuple(Shot(small(getattr(candidate, "thumbnail_key", "")), passed) for candidate, passed in images)


def _apart(svg: str, name: str) -> str:
    """The same drawing with ids of its own, as several stand in one page, and in the font that it was measured with."""
    return _IDS.sub(rf"\g<1>{name}-\g<2>", svg).replace(_MEASURED, _ALIKE)
