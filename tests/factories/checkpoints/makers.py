"""Entries of the tiny makers, and the makers loaded: each checkpoint is written once in a test process."""

import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from generation.checkpoints import video
from generation.checkpoints.families import flux2_klein, sd
from generation.checkpoints.roles import Role
from generation.checkpoints.sets import Entry
from tests.factories.checkpoints import klein as tiny_klein
from tests.factories.checkpoints import sd as tiny_sd
from tests.factories.checkpoints import sdxl as tiny_sdxl
from tests.factories.checkpoints import video as tiny_video

MADE: dict[str, tuple[str, Callable[[Path], None]]] = {  # by kind: family, who writes it
    "sd": ("sd", tiny_sd.make_tiny_sd),
    "sd-inpainter": ("sd", tiny_sd.make_tiny_sd_inpainter),
    "sd-inpainter-4": ("sd", partial(tiny_sd.make_tiny_sd_inpainter, channels=4)),
    "controlnet": ("sd", tiny_sd.make_tiny_controlnet),
    "sdxl": ("sdxl", tiny_sdxl.make_tiny_sdxl),
    "sdxl-inpainter": ("sdxl", tiny_sdxl.make_tiny_sdxl_inpainter),
    "klein": ("flux2-klein", tiny_klein.make_tiny_klein),
    "klein-distilled": ("flux2-klein", partial(tiny_klein.make_tiny_klein, distilled=True)),
    "wan": ("wan", tiny_video.make_tiny_wan),
    "ltx": ("ltx", tiny_video.make_tiny_ltx),
    "svd": ("svd", tiny_video.make_tiny_svd),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "flux2-klein": tiny_klein.OPTIONS,
    "wan": tiny_video.OPTIONS,
    "ltx": tiny_video.OPTIONS,
}
SIDE = 64
_KEPT = tempfile.TemporaryDirectory(prefix="vitrine-tiny-", ignore_cleanup_errors=True)


@cache
def folder_of(kind: str) -> Path:
    folder = Path(_KEPT.name) / kind
    MADE[kind][1](folder)
    return folder


def entry_of(kind: str, role: Role = "base", *, dtype: str = "float32", **options: Any) -> Entry:
    """What a model set would say of it."""
    family = MADE[kind][0]
    more = tiny_klein.OPTIONS if family == "flux2-klein" else {}
    return Entry(
        role, family, "", "", "none", True, folder_of(kind), dtype=dtype, side=SIDE, options={**more, **options}
    )


def load(kind: str, *, dtype: str = "float32", **options: Any) -> Any:
    """A maker of its own, for tests that change it."""
    if MADE[kind][0] in video.FAMILIES:
        return video.load(entry_of(kind, "video", dtype=dtype, **options), "cpu")
    module: Any = flux2_klein if MADE[kind][0] == "flux2-klein" else sd
    inpaints = "inpainter" in kind
    entry = entry_of(kind, "inpainter" if inpaints else "base", dtype=dtype, **options)
    return (module.load_inpainter if inpaints else module.load_backbone)(entry, "cpu")


@cache
def warm(kind: str) -> Any:
    """A maker that tests share."""
    return load(kind)
