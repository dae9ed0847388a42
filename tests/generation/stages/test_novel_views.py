"""Views filmed from photos: chosen at equal intervals, judged with figures, the same again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.checkpoints.roles import MaskGuess
from generation.context import LocalContext
from generation.recipe import NovelViewsConfig
from generation.records import (
    MaskPrompt,
    NovelView,
    NovelViewsResult,
    Photo,
    PhotoMask,
    ProductFacts,
    SegmentResult,
    from_plain,
    to_plain,
)
from generation.stages import novel_views
from generation.stages.novel_views import Inputs, _Figures, frames_chosen, reason_to_drop
from tests.factories.pipeline import files_in, make_product, picture_of, tiny_models

CONFIG = NovelViewsConfig(views=3, frames=5, steps=1, guidance=1.0)


def film(tmp_path: Path, family: str = "sd", context: LocalContext | None = None, **change: Any) -> NovelViewsResult:
    files = files_in(tmp_path)
    product, segment, _ = make_product(files)
    config = NovelViewsConfig(**{"views": 3, "frames": 5, "steps": 1, "guidance": 1.0, **change})
    inputs = Inputs(product, segment, seed=7)
    return novel_views.run(inputs, config, tiny_models(family), context or LocalContext(), files)


@pytest.mark.parametrize(
    ("count", "views", "chosen"),
    [
        (33, 8, [4, 8, 12, 16, 20, 24, 28, 32]),
        (5, 2, [2, 4]),
        (5, 4, [1, 2, 3, 4]),
        (3, 8, [1, 2]),
        (1, 8, []),
    ],
)
def test_frames_are_taken_at_equal_intervals_without_the_first(count: int, views: int, chosen: list[int]) -> None:
    assert frames_chosen(count, views) == chosen


@pytest.mark.parametrize("family", ["sd", "sdxl", "flux2-klein"])
def test_every_photo_has_its_views_with_figures(family: str, tmp_path: Path) -> None:
    views = film(tmp_path, family).views
    assert len(views) == 6
    assert len({view.source.sha256 for view in views}) == 2
    assert len({view.picture.sha256 for view in views}) == 6
    for view in views:
        assert -1 <= view.similarity <= 1
        assert view.kept == (not view.reason)
        assert (view.growth > 0) == (view.mask is not None)
        assert view.frame > 0
    assert from_plain(NovelViewsResult, to_plain(NovelViewsResult(views))) == NovelViewsResult(views)


def test_a_product_thinner_than_a_pixel_of_its_views_is_looked_for(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    image, _ = picture_of(0, 800, 600)
    chain = np.zeros((600, 800), bool)
    chain[300, 100:700] = True
    picture = files.put_picture(image)
    found = PhotoMask(picture, files.put_mask(chain), (100, 300, 700, 301), 0.001, 1.0, "person")
    product = ProductFacts("Silver chain", "necklace", (Photo(picture),))
    inputs = Inputs(product, SegmentResult((found,)), seed=7)
    views = novel_views.run(inputs, replace(CONFIG, views=1), tiny_models("sd"), LocalContext(), files).views
    assert [view.kept == (not view.reason) for view in views] == [True]


def test_masks_have_the_size_of_their_view(tmp_path: Path) -> None:
    for view in film(tmp_path).views:
        if view.mask:
            assert (view.mask.width, view.mask.height) == (view.picture.width, view.picture.height)


def test_the_same_seed_gives_the_same_views(tmp_path: Path) -> None:
    assert film(tmp_path / "one") == film(tmp_path / "other")


def test_what_was_kept_is_not_made_again(tmp_path: Path) -> None:
    context = LocalContext()
    first = film(tmp_path, context=context)
    assert sorted(name.split()[0] for name in context.done) == ["film", "film", "views", "views"]
    del context.done[next(name for name in context.done if name.startswith("views"))]
    assert film(tmp_path, context=context) == first


def test_photos_without_a_mask_are_left_out(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    product, segment, _ = make_product(files)
    lost = SegmentResult(
        (segment.masks[0], *(type(m)(m.picture, None, None, 0, 0, "automatic", "?") for m in segment.masks[1:]))
    )
    result = novel_views.run(Inputs(product, lost, seed=7), CONFIG, tiny_models(), LocalContext(), files)
    assert {view.source for view in result.views} == {segment.masks[0].picture}


@pytest.mark.parametrize(
    ("figures", "found", "said"),
    [
        (_Figures(0.9, 0.8, 1.0), True, ""),
        (_Figures(0.999, 0.99, 1.0), True, "nearly the photo itself: DINO similarity 0.999, over 0.995"),
        (_Figures(0.9, 0.0, 0.0), False, "not found"),
        (_Figures(0.9, 0.8, 0.4), True, "0.40 times its area in the photo, outside 0.5 to 2"),
        (_Figures(0.9, 0.8, 2.5), True, "2.50 times its area in the photo, outside 0.5 to 2"),
        (_Figures(0.9, 0.31, 1.0), True, "no longer looks itself: DINO similarity of the cut-outs 0.310, under 0.5"),
    ],
    ids=["good", "near-duplicate", "nothing found", "shrunk", "grown", "changed"],
)
def test_a_dropped_view_says_why_with_its_figure(figures: _Figures, found: bool, said: str) -> None:
    reason = reason_to_drop(figures, NovelViewsConfig(), found=found)
    assert (said in reason) if said else reason == ""


def test_bounds_of_the_method_decide(tmp_path: Path) -> None:
    views = film(tmp_path, nearest_source=-1.0).views
    assert {view.reason.split(":")[0] for view in views} == {"It is nearly the photo itself"}


class RedSegmenter:
    """Finds what is red: the product of `picture_of`, wherever it went."""

    most_on_busy_ground = 1.0

    def embed(self, image: Image.Image) -> bytes:
        pixels = np.asarray(image).astype(int)
        self._red = pixels[..., 0] - pixels[..., 2] > 60
        return b"seen"

    def cut(self, _embedding: bytes, _prompt: MaskPrompt) -> list[MaskGuess]:
        return [MaskGuess(self._red, 0.9)]


def scaled_by(scale: float) -> Image.Image:
    """The first photo with its product at another size, where it was."""
    image, mask = picture_of(0)
    ground = Image.new("RGB", image.size, (40, 60, 110))
    width, height = (max(round(side * scale), 1) for side in image.size)
    offset = (image.width - width) // 2, (image.height - height) // 2
    shape = Image.fromarray(mask).resize((width, height))
    ground.paste(image.resize((width, height)), offset, shape)
    return ground


@pytest.mark.parametrize(
    ("scale", "kept", "growth", "reason"),
    [
        (1.0, False, 1.0, "nearly the photo itself"),
        (1.15, True, 1.32, ""),
        (1.6, False, 2.5, "times its area"),
        (0.5, False, 0.25, "times its area"),
        (0.01, False, 0.0, "not found"),
    ],
    ids=["still", "nearer", "too near", "too far", "gone"],
)
def test_views_are_measured(scale: float, kept: bool, growth: float, reason: str, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    _, segment, _ = make_product(files, 1)
    image = picture_of(0)[0] if scale == 1.0 else scaled_by(scale)
    frame = novel_views._Frame(1, 1, files.put_picture(image))
    with tiny_models().dino() as dino:
        # The tiny DINO is random and takes nearly everything for the same; bounds are set to what it says.
        config = replace(CONFIG, nearest_source=0.999999, furthest_source=-1.0)
        judge = novel_views._Judge(RedSegmenter(), dino, 2, config, files)
        view = from_plain(NovelView, judge.views(segment.masks[0], [frame])[0])
    assert view.growth == pytest.approx(growth, rel=0.1, abs=0.01)
    assert reason in view.reason
    assert view.kept == kept
    assert (view.similarity == pytest.approx(1, abs=1e-6)) == (scale == 1.0)
