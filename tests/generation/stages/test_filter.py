"""The training set judged: scores of every new image, what each threshold drops, the best of each photo, the ratio."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.context import LocalContext
from generation.files import Files
from generation.imaging import Mask, box_mask
from generation.recipe import FilterConfig
from generation.records import (
    ContextImage,
    FilterResult,
    Negative,
    NegativesResult,
    NewContextsResult,
    NovelView,
    NovelViewsResult,
    TrainingImage,
    from_plain,
    to_plain,
)
from generation.stages import filter as filtering
from generation.stages.filter import Inputs
from tests.factories.checkpoints.perceivers import TinyModels
from tests.factories.pipeline import files_in, make_product, picture_of

# Nothing is dropped by a threshold: random weights know no likeness.
OPEN = FilterConfig(
    kept_share=1.0, least_clip_i=-1, least_clip_t=-1, least_seg_clip_i=-1, least_iou=0, most_negative_clip_i=1
)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return files_in(tmp_path)


def grown(image: Image.Image, mask: Mask) -> Image.Image:
    """The picture with the product's colours far beyond its outline, as an outpainting that extends it."""
    pixels = np.asarray(image).copy()
    rows, columns = np.nonzero(mask)
    pixels[8:64, 6 : columns.max() + 6] = pixels[rows[0], columns[0]]
    return Image.fromarray(pixels)


def everything(files: Files, negatives: int = 1, ratio: float = 2.0) -> Inputs:
    """Two photos; of each a view and two contexts, the second of which has grown; and negatives of both kinds."""
    product, segment, caption = make_product(files)
    views, contexts, others = [], [], []
    for number, found in enumerate(segment.masks):
        source, (image, mask) = found.picture, picture_of(number)
        assert found.mask is not None
        view, _ = picture_of(number + 2)
        outline = files.put_mask(picture_of(number + 2)[1])
        views.append(NovelView(source, 4, 1, files.put_picture(view), outline, 0.9, 0.9, 1, True))
        views.append(replace(views[-1], frame=8, kept=False, reason="near-duplicate"))
        dimmed = files.put_picture(Image.fromarray((np.asarray(image) * 0.9).astype(np.uint8)))
        contexts.append(ContextImage(source, source, "a {product} on oak", 1, dimmed, found.mask))
        large = files.put_picture(grown(image, mask))
        contexts.append(ContextImage(source, source, "a {product} on sand", 2, large, found.mask))
        for place in range(negatives):
            noise = np.random.default_rng(10 * number + place).integers(0, 256, (72, 96, 3), dtype=np.uint8)
            made = files.put_picture(Image.fromarray(noise))
            others.append(Negative("in-class", source, "a mug on oak", 3, made))
            others.append(Negative("counterfactual", source, "a red lamp on oak", 4, made, "lamp"))
    return Inputs(
        product, segment, caption, NovelViewsResult(tuple(views)), NewContextsResult(tuple(contexts)),
        NegativesResult(tuple(others), ratio),
    )  # fmt: skip


def run(inputs: Inputs, files: Files, config: FilterConfig = OPEN, context: Any = None, **models: Any) -> FilterResult:
    return filtering.run(inputs, config, TinyModels(**models), context or LocalContext(), files)


def of_kind(result: FilterResult, kind: str) -> list[TrainingImage]:
    return [image for image in result.images if image.kind == kind]


def test_photos_come_first_and_then_every_new_image(files: Files) -> None:
    inputs = everything(files, negatives=2)
    result = run(inputs, files)
    kinds = [image.kind for image in result.images]
    assert kinds == ["photo"] * 2 + ["novel-view"] * 2 + ["new-context"] * 4 + ["in-class", "counterfactual"] * 4
    told = inputs.caption.captions if inputs.caption else ()
    assert [image.text for image in of_kind(result, "photo")] == [each.template for each in told]
    assert from_plain(FilterResult, to_plain(result)) == result


def test_each_kind_has_the_scores_that_it_can_have(files: Files) -> None:
    result = run(everything(files), files)
    scored = {image.kind: set(image.scores) for image in result.images}
    assert scored == {
        "photo": set(),
        "novel-view": {"clip_i", "clip_t", "seg_clip_i"},
        "new-context": {"clip_i", "clip_t", "seg_clip_i", "iou"},
        "in-class": {"clip_i", "clip_t"},
        "counterfactual": {"clip_i", "clip_t", "seg_clip_i"},
    }
    assert all(-1 <= value <= 1 for image in result.images for value in image.scores.values())


def test_a_product_that_grew_overlaps_its_reference_no_more(files: Files) -> None:
    result = run(everything(files), files, replace(OPEN, least_iou=0.8))
    same, large = of_kind(result, "new-context")[::2], of_kind(result, "new-context")[1::2]
    assert all(image.kept and image.scores["iou"] > 0.8 for image in same)
    for image in large:
        assert not image.kept
        assert f"(IoU) is {image.scores['iou']:.3f}, below 0.800" in image.reason


def test_a_view_speaks_as_its_photo_and_a_context_as_its_prompt(files: Files) -> None:
    inputs = everything(files)
    result = run(inputs, files)
    assert [image.text for image in of_kind(result, "novel-view")] == [
        "a red {product} on a blue table, photo 0",
        "a red {product} on a blue table, photo 1",
    ]
    assert {image.text for image in of_kind(result, "new-context")} == {"a {product} on oak", "a {product} on sand"}
    assert {image.text for image in of_kind(result, "in-class")} == {"a mug on oak"}


class SeenClip:
    """A CLIP that sees colours: pictures alike in mean colour are alike. Texts are all the same."""

    def images(self, images: Sequence[Image.Image]) -> Any:
        colours = np.array([np.asarray(image, np.float32).mean(axis=(0, 1)) - 100 for image in images]) + 1e-3
        return (colours / np.linalg.norm(colours, axis=1, keepdims=True)).astype(np.float32)

    def texts(self, texts: Sequence[str]) -> Any:
        self.told = list(texts)
        return np.tile(np.array([[1, 0, 0]], np.float32), (len(texts), 1))


def test_a_negative_that_shows_the_product_is_dropped(files: Files) -> None:
    inputs = everything(files)
    assert inputs.negatives is not None
    source = inputs.product.photos[0].picture
    shown = NegativesResult(
        (
            Negative("in-class", source, "a mug", 1, source),
            Negative("counterfactual", source, "a lamp", 1, source, "lamp"),
        ),
        1.0,
    )
    found = run(replace(inputs, negatives=shown), files, replace(OPEN, most_negative_clip_i=0.97), clip=SeenClip())
    for image in found.images[-2:]:
        assert not image.kept
        assert image.reason.startswith("it shows the product")


def test_clip_is_told_the_noun_and_never_the_placeholder(files: Files) -> None:
    clip = SeenClip()
    run(replace(everything(files), negatives=None, novel_views=None), files, clip=clip)
    assert set(clip.told) == {"a mug on oak", "a mug on sand"}


@pytest.mark.parametrize(
    ("negatives", "ratio", "left"),
    [(1, 2.0, (8, 4)), (3, 2.0, (8, 4)), (3, 1.0, (8, 8)), (1, 1.0, (4, 4))],
    ids=["as made", "negatives in surplus", "one to one", "positives in surplus"],
)
def test_the_ratio_holds_after_filtering(files: Files, negatives: int, ratio: float, left: tuple[int, int]) -> None:
    kept = run(everything(files, negatives, ratio), files).kept
    assert (sum(image.positive for image in kept), sum(not image.positive for image in kept)) == left
    assert sum(image.kind == "photo" for image in kept) == 2


def test_the_best_share_of_each_photo_stays(files: Files) -> None:
    inputs = replace(everything(files), negatives=None)
    result = run(inputs, files, replace(OPEN, kept_share=0.5))
    for photo in inputs.product.photos:
        contexts = [image for image in of_kind(result, "new-context") if image.source == photo.picture]
        best, other = sorted(contexts, key=lambda image: image.scores["iou"] - sum(image.scores.values()))
        assert best.kept
        assert not other.kept
        assert "place 2 of 2 from this photo" in other.reason


def test_photos_alone_need_no_model(files: Files) -> None:
    models = TinyModels()
    product, segment, caption = make_product(files)
    result = filtering.run(Inputs(product, segment, caption), FilterConfig(), models, LocalContext(), files)
    assert [image.kept for image in result.images] == [True, True]
    assert models.asked == []


def test_a_photo_whose_product_was_not_found_trains_without_a_mask(files: Files) -> None:
    product, segment, caption = make_product(files)
    lost = replace(segment.masks[0], mask=None, box=None, problem="not found")
    result = run(Inputs(product, replace(segment, masks=(lost, segment.masks[1])), caption), files)
    assert [image.mask is None for image in result.images] == [True, False]
    assert [image.kept for image in result.images] == [True, True]


def test_begun_again_it_measures_nothing_twice(files: Files) -> None:
    inputs, context = everything(files), LocalContext()
    before = run(inputs, files, context=context)
    models = TinyModels()
    again = filtering.run(inputs, replace(OPEN, kept_share=0.5), models, context, files)
    assert models.asked == [], "thresholds are applied anew to the scores that are known"
    assert [image.scores for image in again.images] == [image.scores for image in before.images]


def test_smaller_batches_measure_the_same(files: Files) -> None:
    inputs, context = everything(files), LocalContext()
    context.batch_size = lambda largest: min(largest, 3)  # type: ignore[method-assign]
    small, large = run(inputs, files, context=context), run(inputs, files)
    for one, other in zip(small.images, large.images, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-5)


def test_an_outline_of_another_size_is_brought_to_the_pictures(files: Files) -> None:
    inputs = replace(everything(files), negatives=None, novel_views=None)
    assert inputs.new_contexts is not None
    first = inputs.new_contexts.images[0]
    small = replace(first, mask=files.put_mask(box_mask((16, 7, 32, 29), (48, 36))))
    result = run(replace(inputs, new_contexts=NewContextsResult((small,))), files)
    assert 0 < of_kind(result, "new-context")[0].scores["iou"] <= 1
