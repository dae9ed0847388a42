"""The tiny perceivers loaded, as the `Models` that stages ask: each is written and loaded once in a test process."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch

from generation.checkpoints import captioner, clip, dino, safety, segmenter, writer
from generation.checkpoints.sets import Entry
from tests.factories.checkpoints import captioner as tiny_captioner
from tests.factories.checkpoints import clip as tiny_clip
from tests.factories.checkpoints import dino as tiny_dino
from tests.factories.checkpoints import safety as tiny_safety
from tests.factories.checkpoints import sam as tiny_sam
from tests.factories.checkpoints import writer as tiny_writer

CPU = torch.device("cpu")
Kind = tuple[Callable[[Path], None], Callable[[Path], Entry], Callable[[Entry, torch.device], Any]]
MADE: dict[str, Kind] = {
    "segmenter": (tiny_sam.make_tiny_sam, tiny_sam.sam_entry, segmenter.load),
    "clip": (tiny_clip.make_tiny_clip, tiny_clip.clip_entry, clip.load),
    "dino": (tiny_dino.make_tiny_dino, tiny_dino.dino_entry, dino.load),
    "captioner": (tiny_captioner.make_tiny_captioner, tiny_captioner.captioner_entry, captioner.load),
    "writer": (tiny_writer.make_tiny_writer, tiny_writer.writer_entry, writer.load),
    "safety": (tiny_safety.make_tiny_safety, tiny_safety.safety_entry, safety.load),
}
_KEPT = tempfile.TemporaryDirectory(prefix="vitrine-tiny-", ignore_cleanup_errors=True)


@cache
def folder_of(role: str) -> Path:
    folder = Path(_KEPT.name) / role
    MADE[role][0](folder)
    return folder


@cache
def warm(role: str) -> Any:
    """The adapter of a role; tests share it."""
    _, entry, load = MADE[role]
    return load(entry(folder_of(role)), CPU)


class TinyModels:
    """`Models` of the tiny perceivers; any role may be given in place of its tiny one."""

    def __init__(self, **given: Any) -> None:
        self.given = given
        self.asked: list[str] = []

    def __getattr__(self, role: str) -> Any:
        @contextmanager
        def borrow() -> Iterator[Any]:
            self.asked.append(role)
            yield self.given[role] if role in self.given else warm(role)

        return borrow
