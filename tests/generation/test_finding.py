"""Find the product, alone and again, with the tiny segmenter."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation import finding
from generation.checkpoints.roles import MaskGuess
from generation.imaging import Mask, box_mask, iou
from generation.recipe import SegmentConfig
from generation.records import MaskPrompt
from tests.factories.checkpoints.perceivers import warm
from tests.factories.pipeline import picture_of

CONFIG = SegmentConfig()


class Scripted:
    """A segmenter that answers as told: guesses for prompts, and others for `everything`."""

    def __init__(
        self, cut: list[MaskGuess], everything: list[MaskGuess] | None = None, *, most_on_busy_ground: float = 1.0
    ) -> None:
        self.guesses, self.all, self.most_on_busy_ground = cut, everything or [], most_on_busy_ground
        self.asked: list[MaskPrompt] = []
        self.embedded = 0

    def embed(self, _image: Image.Image) -> bytes:
        self.embedded += 1
        return b"embedding"

    def embed_all(self, images: Any) -> list[bytes]:
        return [self.embed(image) for image in images]

    def cut(self, _embedding: bytes, prompt: MaskPrompt) -> list[MaskGuess]:
        self.asked.append(prompt)
        return self.guesses

    def everything(self, _image: Image.Image) -> list[MaskGuess]:
        return self.all


def guess(left: int, top: int, right: int, bottom: int, score: float) -> MaskGuess:
    return MaskGuess(box_mask((left, top, right, bottom), (96, 72)), score)


@pytest.mark.parametrize(
    ("most", "ground", "said"),
    [
        pytest.param(0.5, "busy", "The cut-out is uncertain: the ground is busy", id="never sure on busy ground"),
        pytest.param(0.5, "blank", "No mug was found in this photo", id="never sure where nothing stands out"),
        pytest.param(CONFIG.surest, "busy", "", id="may be sure enough on busy ground"),
        pytest.param(CONFIG.surest, "blank", "", id="may be sure enough where nothing stands out"),
        pytest.param(0.5, "plain", "", id="on plain ground"),
    ],
)
def test_a_segmenter_is_not_asked_in_vain(most: float, ground: str, said: str) -> None:
    segmenter = Scripted([guess(20, 10, 70, 60, 0.9)], most_on_busy_ground=most)
    pixels = np.full((72, 96, 3), 240, np.uint8)
    if ground == "busy":
        pixels = np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8)
    if ground != "blank":
        pixels[10:60, 20:70] = (200, 30, 30)
    found = finding.find_product(segmenter, Image.fromarray(pixels), CONFIG, noun="mug")
    assert (bool(segmenter.asked), found.mask is not None) == (not said, not said)
    assert found.problem.startswith(said)
    assert ("ark the mug with a box" in found.problem or "mark it with a box" in found.problem) is bool(said)


@pytest.mark.parametrize("number", range(4))
def test_finds_the_product_by_itself(number: int) -> None:
    image, truth = picture_of(number)
    found = finding.find_product(warm("segmenter"), image, CONFIG)
    assert found.problem == ""
    assert found.mask is not None
    assert iou(found.mask, truth) > 0.8
    assert found.score >= CONFIG.surest


class TestProblems:
    def test_nothing_there_asks_a_person_by_the_products_name(self) -> None:
        found = finding.find_product(Scripted([]), picture_of(0)[0], CONFIG, noun="phone case")
        assert found.mask is None
        assert found.problem == "No phone case was found in this photo; mark it with a box or a few clicks."

    def test_an_unsure_cut_out_asks_too_with_both_figures(self) -> None:
        found = finding.find_product(Scripted([guess(20, 10, 70, 60, 0.42)]), picture_of(0)[0], CONFIG, noun="mug")
        assert found.mask is None
        assert found.score == 0.42
        assert "its score is 0.42 and 0.60 is asked. Mark the mug" in found.problem

    @pytest.mark.parametrize("box", [(0, 0, 96, 72), (10, 10, 12, 12)], ids=["the ground itself", "a speck"])
    def test_what_is_too_large_or_too_small_is_no_product(self, box: tuple[int, int, int, int]) -> None:
        assert finding.find_product(Scripted([guess(*box, 1.0)]), picture_of(0)[0], CONFIG).mask is None

    def test_before_giving_up_everything_is_looked_at(self) -> None:
        rescue = guess(25, 10, 70, 60, 0.9)
        found = finding.find_product(Scripted([guess(20, 10, 70, 60, 0.3)], [rescue]), picture_of(0)[0], CONFIG)
        assert found.mask is not None
        assert (found.mask == rescue.mask).all()


def test_a_known_embedding_is_not_made_anew() -> None:
    scripted = Scripted([guess(25, 10, 70, 60, 0.9)])
    finding.find_product(scripted, picture_of(0)[0], CONFIG, embedding=b"known")
    assert scripted.embedded == 0


class TestAgain:
    def test_finds_what_is_where_it_was(self) -> None:
        image, truth = picture_of(1)
        again = finding.find_again(warm("segmenter"), image, truth)
        assert again is not None
        assert iou(again.mask, truth) > 0.8

    def test_what_has_grown_shows(self) -> None:
        """The reference is a small part of what is there now: the outline found anew is the whole's."""
        image, truth = picture_of(1)
        rows, columns = np.nonzero(truth)
        part = truth & box_mask((0, 0, int(columns.mean()), int(rows.mean())), (96, 72))
        again = finding.find_again(warm("segmenter"), image, part)
        assert again is not None
        assert iou(again.mask, part) < 0.6

    def test_the_segmenters_score_decides_not_the_likeness(self) -> None:
        surest, alike = guess(0, 0, 90, 70, 0.9), guess(30, 20, 60, 50, 0.5)
        again = finding.find_again(Scripted([surest, alike]), picture_of(0)[0], alike.mask)
        assert again is not None
        assert (again.mask == surest.mask).all()

    def test_gone_is_none_and_no_reference_is_an_error(self) -> None:
        nothing = MaskGuess(np.zeros((72, 96), bool), 0.9)
        assert finding.find_again(Scripted([nothing]), picture_of(0)[0], picture_of(0)[1]) is None
        with pytest.raises(ValueError, match="empty reference"):
            finding.find_again(Scripted([]), picture_of(0)[0], nothing.mask)


def test_pinholes_and_specks_go_handles_stay() -> None:
    mug: Mask = box_mask((10, 10, 50, 60), (96, 72)) | box_mask((50, 20, 65, 50), (96, 72))
    handle = box_mask((52, 24, 61, 46), (96, 72))
    dirty = (mug & ~handle & ~box_mask((30, 30, 32, 32), (96, 72))) | box_mask((90, 5, 92, 7), (96, 72))
    assert (finding.tidied(dirty) == (mug & ~handle)).all()
