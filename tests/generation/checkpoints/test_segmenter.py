"""Segment Anything behind its role: embeddings as bytes, prompts, everything, files that are not right."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from segment_anything import SamPredictor, sam_model_registry

from generation.checkpoints import segmenter
from generation.checkpoints.segmenter import SHAPES, Grid, SamSegmenter
from generation.checkpoints.sets import Entry
from generation.exceptions import BadModelSet, CheckpointMissing
from generation.imaging import box_of, iou
from generation.records import MaskPrompt
from tests.factories.checkpoints.perceivers import CPU, folder_of, warm
from tests.factories.checkpoints.sam import SHAPE, sam_entry, scene


@pytest.fixture(scope="module")
def sam() -> SamSegmenter:
    found: SamSegmenter = warm("segmenter")
    return found


def one_shape(seed: int, side: int = 64) -> tuple[Image.Image, np.ndarray]:
    image, masks = scene(np.random.default_rng(seed), side, 1)
    return image, masks[0]


@pytest.mark.parametrize("seed", range(4))
def test_cuts_out_by_box_and_by_point(sam: SamSegmenter, seed: int) -> None:
    image, truth = one_shape(seed)
    rows, columns = np.nonzero(truth)
    x, y = int(columns[len(columns) // 2]), int(rows[len(rows) // 2])
    embedding = sam.embed(image)
    for prompt in (MaskPrompt(box_of(truth)), MaskPrompt(None, ((x, y, 1),)), MaskPrompt(box_of(truth), ((x, y, 1),))):
        guesses = sam.cut(embedding, prompt)
        assert iou(guesses[0].mask, truth) > 0.75
        assert guesses == sorted(guesses, key=lambda guess: -guess.score)
        assert all(0 <= guess.score <= 1 for guess in guesses)


def test_one_point_may_mean_three_things_and_a_box_one(sam: SamSegmenter) -> None:
    embedding = sam.embed(one_shape(1)[0])
    assert len(sam.cut(embedding, MaskPrompt(None, ((30, 30, 1),)))) == 3
    assert len(sam.cut(embedding, MaskPrompt(None, ((30, 30, 1), (2, 2, 0))))) == 1
    assert len(sam.cut(embedding, MaskPrompt((5, 5, 50, 50)))) == 1


def test_a_prompt_needs_a_box_or_a_point(sam: SamSegmenter) -> None:
    with pytest.raises(ValueError, match="box or at least one point"):
        sam.cut(sam.embed(one_shape(1)[0]), MaskPrompt())


def test_an_embedding_is_cut_the_same_in_another_process(sam: SamSegmenter) -> None:
    """Another object from the same files stands for the other process: bytes are all that passes between them."""
    embedding = sam.embed(one_shape(2)[0])
    other = segmenter.load(sam_entry(folder_of("segmenter")), CPU)
    mine, theirs = (each.cut(embedding, MaskPrompt((5, 5, 60, 60)))[0] for each in (sam, other))
    assert (mine.mask == theirs.mask).all()
    assert mine.score == theirs.score
    assert len(embedding) < 2 * 32 * 8 * 8 + 500  # half floats of 32 channels, and a header


@pytest.mark.parametrize("size", [(64, 64), (200, 90), (31, 77), (1, 40)], ids=str)
def test_masks_have_the_pictures_own_size(sam: SamSegmenter, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, "white")
    assert sam.cut(sam.embed(image), MaskPrompt((0, 0, *size)))[0].mask.shape == size[::-1]


def test_several_pictures_embed_as_each_alone(sam: SamSegmenter) -> None:
    images = [one_shape(1)[0], one_shape(2)[0].resize((100, 40)), one_shape(3)[0].resize((20, 64))]
    prompt = MaskPrompt((2, 2, 18, 38))
    for image, embedding in zip(images, sam.embed_all(images), strict=True):
        assert (sam.cut(embedding, prompt)[0].mask == sam.cut(sam.embed(image), prompt)[0].mask).all()
    assert sam.embed_all([]) == []


def test_agrees_with_metas_own_predictor(sam: SamSegmenter) -> None:
    """Half floats of the embedding are all that differs."""
    image, truth = one_shape(5)
    predictor = SamPredictor(sam.model)
    predictor.set_image(np.asarray(image))
    box = np.array(box_of(truth), np.float32)
    theirs, scores, _ = predictor.predict(box=box, multimask_output=False)
    ours = sam.cut(sam.embed(image), MaskPrompt(box_of(truth)))[0]
    assert iou(ours.mask, theirs[0]) > 0.995
    assert ours.score == pytest.approx(min(float(scores[0]), 1), abs=0.01)


class TestEverything:
    def test_finds_what_is_there_once_largest_first(self, sam: SamSegmenter) -> None:
        image, truth = one_shape(3)
        guesses = sam.everything(image)
        assert max(iou(guess.mask, truth) for guess in guesses) > 0.75
        areas = [int(guess.mask.sum()) for guess in guesses]
        assert areas == sorted(areas, reverse=True)
        boxes = [box_of(guess.mask) for guess in guesses]
        assert len(set(boxes)) == len(boxes)

    def test_keeps_only_what_the_grid_asks_for(self, sam: SamSegmenter) -> None:
        strict = SamSegmenter(sam.model, Grid(points_per_side=4, grid_score=9.0), torch.float32)
        assert strict.everything(one_shape(3)[0]) == []

    def test_masks_have_the_pictures_size(self, sam: SamSegmenter) -> None:
        image = one_shape(3)[0].resize((150, 70))
        assert {guess.mask.shape for guess in sam.everything(image)} <= {(70, 150)}


class TestFiles:
    @pytest.mark.parametrize("name", ["vit_b", "vit_l", "vit_h"])
    def test_metas_sizes_have_metas_tensors(self, name: str) -> None:
        with torch.device("meta"):
            ours = segmenter.build(SHAPES[name])
            theirs = sam_model_registry[name]()
        assert {key: value.shape for key, value in ours.state_dict().items()} == {
            key: value.shape for key, value in theirs.state_dict().items()
        }

    def test_a_pth_of_tensors_loads(self, sam: SamSegmenter, tmp_path: Path) -> None:
        torch.save(sam.model.state_dict(), tmp_path / "sam.pth")
        again = segmenter.load(sam_entry(tmp_path), CPU)
        image = one_shape(4)[0]
        assert again.embed(image) == sam.embed(image)

    def test_a_pickle_with_code_is_refused(self, tmp_path: Path) -> None:
        torch.save({"weights": Path("/")}, tmp_path / "sam.pth")
        with pytest.raises(CheckpointMissing, match="it is a pickle that is damaged, or that holds more"):
            segmenter.load(sam_entry(tmp_path), CPU)

    @pytest.mark.parametrize(
        ("content", "said"),
        [(b"", "header too small"), (b"\x00" * 100, "invalid JSON in header")],
        ids=["empty", "nothing but zeros"],
    )
    def test_a_damaged_file_is_named(self, tmp_path: Path, content: bytes, said: str) -> None:
        (tmp_path / "sam.safetensors").write_bytes(content)
        with pytest.raises(CheckpointMissing, match=said):
            segmenter.load(sam_entry(tmp_path), CPU)

    def test_weights_of_another_size_are_refused_with_the_role(self) -> None:
        entry = sam_entry(folder_of("segmenter"), dim=48)
        with pytest.raises(CheckpointMissing, match="The segmenter cannot be loaded from"):
            segmenter.load(entry, CPU)

    def test_no_file_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointMissing, match="there is no weights file"):
            segmenter.load(sam_entry(tmp_path), CPU)

    def test_an_unknown_model_is_a_fault_of_the_set(self, tmp_path: Path) -> None:
        entry = Entry("segmenter", "sam", "", "", "", True, tmp_path, options={"model": "vit_x"})
        with pytest.raises(BadModelSet, match=r"no SAM 'vit_x'.*vit_b, vit_l, vit_h"):
            segmenter.load(entry, CPU)

    def test_options_and_side_give_the_shape(self) -> None:
        assert segmenter.shape_of(sam_entry(Path())) == SHAPE
        assert segmenter.shape_of(replace(sam_entry(Path()), options={}, side=0)) == SHAPES["vit_b"]


def test_half_floats_are_for_the_encoder_only() -> None:
    sam = segmenter.load(replace(sam_entry(folder_of("segmenter")), dtype="bfloat16"), CPU)
    assert sam.model.image_encoder.patch_embed.proj.weight.dtype == torch.bfloat16
    assert sam.model.mask_decoder.iou_token.weight.dtype == torch.float32
    image, truth = one_shape(3)
    assert iou(sam.cut(sam.embed(image), MaskPrompt(box_of(truth)))[0].mask, truth) > 0.7


def test_passes_are_cut_to_what_their_attention_fits() -> None:
    with torch.device("meta"):
        large = SamSegmenter(segmenter.build(SHAPES["vit_b"]), Grid(), torch.float32)
    assert large.at_once == 2
