"""The six metrics of candidates: equal to a plain loop's, whatever the batch and however often begun again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load

from generation.checkpoints.roles import MaskGuess
from generation.context import LocalContext
from generation.files import Files
from generation.imaging import cut_out, iou
from generation.recipe import MeasureConfig
from generation.records import GeneratedImage, GenerateResult, MeasureResult, Picture, from_plain, to_plain
from generation.stages import measure
from generation.stages.measure import Inputs
from tests.factories.checkpoints.perceivers import TinyModels, warm
from tests.factories.pipeline import files_in, make_product, picture_of

CONFIG = MeasureConfig(batch=4)
COSINES = ("clip_i", "clip_t", "dino_i", "seg_clip_i", "seg_clip_t", "seg_dino_i")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return files_in(tmp_path)


def inputs_for(files: Files, count: int = 5, photos: int = 2) -> Inputs:
    product, segment, _ = make_product(files, photos)
    images = tuple(
        GeneratedImage(
            template := f"a {{product}} in place {number % 2}",
            template.replace("{product}", "sks mug"),
            number,
            files.put_picture(picture_of(number, 64, 64)[0]),
        )
        for number in range(count)
    )
    return Inputs(product, segment, GenerateResult(images, "ddim"))


def run(
    inputs: Inputs, files: Files, context: Any = None, config: MeasureConfig = CONFIG, **models: Any
) -> MeasureResult:
    return measure.run(inputs, config, TinyModels(**models), context or LocalContext(), files)


def plainly(inputs: Inputs, result: MeasureResult, files: Files) -> list[dict[str, float]]:
    """The definitions spelled out, an image and a metric at a time, with the masks that the stage found."""
    clip, dino = warm("clip"), warm("dino")
    photos = [(files.image(each.picture), files.mask(each.mask)) for each in inputs.segment.masks if each.mask]

    def mean(model: Any, one: Image.Image, others: list[Image.Image]) -> float:
        return float(np.mean([(model.images([one]) @ model.images([other]).T)[0, 0] for other in others]))

    rows = []
    for candidate, metrics in zip(inputs.generate.candidates, result.metrics, strict=True):
        image = files.image(candidate.picture)
        assert metrics.mask is not None
        cut = cut_out(image, files.mask(metrics.mask))
        text = clip.texts([candidate.template.replace("{product}", "mug")])
        whole, parts = [photo for photo, _ in photos], [cut_out(photo, mask) for photo, mask in photos]
        rows.append(
            {
                "clip_i": mean(clip, image, whole),
                "clip_t": float((clip.images([image]) @ text.T)[0, 0]),
                "dino_i": mean(dino, image, whole),
                "seg_clip_i": mean(clip, cut, parts),
                "seg_clip_t": float((clip.images([cut]) @ text.T)[0, 0]),
                "seg_dino_i": mean(dino, cut, parts),
            }
        )
    return rows


def test_equals_the_definitions_spelled_out(files: Files) -> None:
    inputs = inputs_for(files)
    result = run(inputs, files)
    expected = plainly(inputs, result, files)
    for metrics, values in zip(result.metrics, expected, strict=True):
        assert {name: getattr(metrics, name) for name in COSINES} == pytest.approx(values, abs=1e-5)
    assert [metrics.picture for metrics in result.metrics] == [image.picture for image in inputs.generate.candidates]
    assert from_plain(MeasureResult, to_plain(result)) == result


def test_finds_the_product_in_each_candidate(files: Files) -> None:
    for number, metrics in enumerate(run(inputs_for(files), files).metrics):
        assert metrics.mask is not None
        assert iou(files.mask(metrics.mask), picture_of(number, 64, 64)[1]) > 0.75


def test_embeddings_lie_in_one_small_file_in_order(files: Files) -> None:
    inputs = inputs_for(files)
    result = run(inputs, files)
    kept = load(files.data(result.embeddings))
    assert {name: rows.shape for name, rows in kept.items()} == {
        **dict.fromkeys(("clip", "dino", "seg_clip", "seg_dino", "prompt"), (5, 32)),
        **{f"photo_{name}": (2, 32) for name in ("clip", "dino", "seg_clip", "seg_dino")},
    }
    assert {rows.dtype for rows in kept.values()} == {np.dtype(np.float16)}
    images = [files.image(image.picture) for image in inputs.generate.candidates]
    assert np.allclose(kept["clip"], warm("clip").images(images), atol=1e-3)
    assert np.allclose(kept["prompt"][0], warm("clip").texts(["a mug in place 0"])[0], atol=1e-3)
    rebuilt = (kept["dino"].astype(np.float32) @ kept["photo_dino"].astype(np.float32).T).mean(axis=1)
    assert rebuilt == pytest.approx([metrics.dino_i for metrics in result.metrics], abs=2e-3)


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_the_batch_changes_nothing(files: Files, batch: int) -> None:
    inputs = inputs_for(files)
    expected, found = run(inputs, files), run(inputs, files, config=MeasureConfig(batch=batch))
    for one, other in zip(found.metrics, expected.metrics, strict=True):
        assert {name: getattr(one, name) for name in COSINES} == pytest.approx(
            {name: getattr(other, name) for name in COSINES}, abs=1e-5
        )
        assert one.mask == other.mask
    assert np.allclose(
        load(files.data(found.embeddings))["seg_dino"], load(files.data(expected.embeddings))["seg_dino"], atol=1e-3
    )


def test_a_candidate_without_a_product_has_no_segmented_metrics(files: Files) -> None:
    inputs = inputs_for(files, count=1)
    blank = files.put_picture(Image.new("RGB", (64, 64), "white"))
    images = (replace(inputs.generate.images[0], picture=blank), *inputs.generate.images)

    class Blind:
        """Finds nothing in even pictures."""

        def __getattr__(self, name: str) -> Any:
            return getattr(warm("segmenter"), name)

        def embed_all(self, some: Any) -> list[bytes]:
            return [b"" if image.getextrema()[0] == (255, 255) else warm("segmenter").embed(image) for image in some]

        def embed(self, _image: Any) -> bytes:
            return b""

        def cut(self, embedding: bytes, prompt: Any) -> Any:
            return warm("segmenter").cut(embedding, prompt) if embedding else []

    result = run(replace(inputs, generate=GenerateResult(images, "ddim")), files, segmenter=Blind())
    first, second = result.metrics
    assert (first.mask, first.seg_clip_i, first.seg_clip_t, first.seg_dino_i) == (None,) * 4
    assert -1 <= first.clip_i <= 1
    assert second.seg_clip_i is not None
    assert not load(files.data(result.embeddings))["seg_clip"][0].any()


def test_what_safety_held_back_is_not_measured(files: Files) -> None:
    inputs = inputs_for(files, count=3)
    dropped = replace(inputs.generate.images[1], dropped="unsafe content")
    images = (inputs.generate.images[0], dropped, inputs.generate.images[2])
    result = run(replace(inputs, generate=GenerateResult(images, "ddim")), files)
    assert [metrics.picture for metrics in result.metrics] == [images[0].picture, images[2].picture]


def test_no_candidates_at_all_are_no_error(files: Files) -> None:
    inputs = inputs_for(files)
    result = run(replace(inputs, generate=GenerateResult((), "ddim")), files)
    assert result.metrics == ()
    assert load(files.data(result.embeddings))["photo_clip"].shape == (2, 32)


def test_a_photo_without_a_mask_counts_only_as_a_whole(files: Files) -> None:
    inputs = inputs_for(files, count=1)
    lost = replace(inputs.segment.masks[0], mask=None, box=None, problem="not found")
    one = replace(inputs, segment=replace(inputs.segment, masks=(lost, inputs.segment.masks[1])))
    result, both = run(one, files), run(inputs, files)
    assert result.metrics[0].clip_i == pytest.approx(both.metrics[0].clip_i, abs=1e-6)
    assert result.metrics[0].seg_clip_i != both.metrics[0].seg_clip_i
    assert not load(files.data(result.embeddings))["photo_seg_clip"][0].any()


class TestBegunAgain:
    def test_only_the_photos_and_the_file_are_made_anew(self, files: Files) -> None:
        inputs, context = inputs_for(files), LocalContext()
        before = run(inputs, files, context)
        models = TinyModels()
        again = measure.run(inputs, CONFIG, models, context, files)
        assert again == before
        assert "segmenter" not in models.asked

    def test_embeddings_that_were_lost_are_measured_again(self, files: Files) -> None:
        inputs, context = inputs_for(files), LocalContext()
        before = run(inputs, files, context)
        context.checkpoints.clear()
        assert run(inputs, files, context) == before


def test_where_a_swap_has_put_the_product_is_not_looked_for(files: Files) -> None:
    inputs = inputs_for(files, count=3)
    first, second, third = inputs.generate.images
    masks = [files.put_mask(picture_of(number, 64, 64)[1]) for number in range(3)]
    asked: list[int] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(warm("segmenter"), name)

        def embed_all(self, some: Any) -> list[bytes]:
            asked.append(len(some))
            return list(warm("segmenter").embed_all(some))

    swapped = (replace(first, mask=masks[0]), second, replace(third, mask=masks[2]))
    result = run(replace(inputs, generate=GenerateResult(swapped, "")), files, segmenter=Counting())
    assert [metrics.mask == mask for metrics, mask in zip(result.metrics, masks, strict=True)] == [True, False, True]
    assert asked == [1]
    assert plainly(inputs, result, files)[0] == pytest.approx(
        {name: getattr(result.metrics[0], name) for name in COSINES}, abs=1e-5
    )


def test_the_cut_out_is_chosen_by_the_noun_and_never_by_the_photos(files: Files) -> None:
    """Of two things that the segmenter is equally sure of, the one that CLIP calls a mug is taken."""
    image = Image.new("RGB", (64, 64), (90, 90, 90))
    image.paste((255, 0, 0), (8, 20, 28, 44))
    image.paste((0, 0, 255), (36, 20, 56, 44))
    left, right = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    left[20:44, 8:28], right[20:44, 36:56] = True, True

    class Two:
        def embed_all(self, images: Any) -> list[bytes]:
            return [b"x" for _ in images]

        def cut(self, _embedding: bytes, _prompt: Any) -> Any:
            return [MaskGuess(left, 0.9), MaskGuess(right, 0.9)]

    class Named:
        """Red is what the photos show, blue is what a mug is called."""

        def images(self, images: Any) -> Any:
            means = np.array([np.asarray(each, np.float32).mean(axis=(0, 1)) for each in images])
            return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)

        def texts(self, texts: Any) -> Any:
            return np.tile(np.array([[0, 0, 1]], np.float32), (len(texts), 1))

    inputs = inputs_for(files, count=1)
    shown = replace(inputs.generate.images[0], picture=files.put_picture(image))
    result = run(replace(inputs, generate=GenerateResult((shown,), "ddim")), files, segmenter=Two(), clip=Named())
    assert isinstance(result.metrics[0].mask, Picture)
    assert (files.mask(result.metrics[0].mask) == right).all()
