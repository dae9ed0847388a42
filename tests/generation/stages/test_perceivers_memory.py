"""Memory that runs out in a perceiver: with a batch it is the job's to halve, alone a person is told what to do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from generation.context import LocalContext
from generation.exceptions import OutOfRoom
from generation.files import Files
from generation.recipe import CaptionConfig, FilterConfig, MeasureConfig, NovelViewsConfig, SegmentConfig
from generation.records import GeneratedImage, GenerateResult, NovelView, NovelViewsResult
from generation.stages import caption, measure, novel_views, segment
from generation.stages import filter as filtering
from tests.factories.pipeline import files_in, make_product, tiny_models


class Full:
    """Models of which one has no memory left, as a CPU says it."""

    most_on_busy_ground = 1.0  # it may be sure of anything, so it is asked

    def __init__(self, role: str) -> None:
        self._role = role

    def __getattr__(self, name: str) -> Any:
        return self._borrow if name == self._role else getattr(tiny_models(), name)

    @contextmanager
    def _borrow(self) -> Iterator[Any]:
        yield self

    def refuse(self, *_: Any) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    describe = images = embed = embed_all = refuse


def captioned(files: Files, context: LocalContext) -> Any:
    return caption.run(caption.Inputs(make_product(files)[0]), CaptionConfig(), Full("captioner"), context, files)


def measured(files: Files, context: LocalContext) -> Any:
    product, masks, _ = make_product(files)
    images = tuple(GeneratedImage("a {product}", "a mug", 1, photo.picture) for photo in product.photos)
    inputs = measure.Inputs(product, masks, GenerateResult(images, "default"))
    return measure.run(inputs, MeasureConfig(), Full("clip"), context, files)


def filtered(files: Files, context: LocalContext) -> Any:
    product, masks, captions = make_product(files)
    one = masks.masks[0]
    view = NovelView(one.picture, 1, 1, one.picture, one.mask, 0.9, 0.9, 1.0, kept=True)
    inputs = filtering.Inputs(product, masks, captions, NovelViewsResult((view,)))
    return filtering.run(inputs, FilterConfig(), Full("clip"), context, files)


def viewed(files: Files, context: LocalContext) -> Any:
    product, masks, _ = make_product(files, 1)
    config = NovelViewsConfig(views=1, frames=2, steps=1, guidance=1.0)
    return novel_views.run(novel_views.Inputs(product, masks, 1), config, Full("dino"), context, files)


def cut_out(files: Files, context: LocalContext) -> Any:
    inputs = segment.Inputs(make_product(files, 1)[0])
    return segment.run(inputs, SegmentConfig(), Full("segmenter"), context, files)


STAGES = {"caption": captioned, "measure": measured, "filter": filtered, "novel views": viewed, "segment": cut_out}


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
def test_alone_a_person_is_told_what_to_do(stage: Callable[[Files, LocalContext], Any], tmp_path: Path) -> None:
    context = LocalContext()
    context.batch_size = lambda _largest: 1  # type: ignore[method-assign]
    with pytest.raises(OutOfRoom, match=r"Memory ran out in the .* \(DefaultCPUAllocator.*\)\. Choose a smaller size"):
        stage(files_in(tmp_path), context)


@pytest.mark.parametrize("name", ["caption", "measure", "filter", "novel views"])
def test_a_batch_is_the_jobs_to_halve(name: str, tmp_path: Path) -> None:
    with pytest.raises(MemoryError):
        STAGES[name](files_in(tmp_path), LocalContext())
