"""The segmenter without a learned model."""

import numpy as np
import pytest
from PIL import Image

from generation.checkpoints import loading
from generation.checkpoints.grabcut import GrabCut, load
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import BUILT_IN, Places
from generation.finding import find_product
from generation.imaging import iou
from generation.recipe import SegmentConfig
from generation.records import MaskPrompt
from tests.factories.cutouts import disc


@pytest.mark.parametrize(
    ("ground", "middle"),
    [((228, 230, 232), 0.5), ((255, 255, 255), 0.5), ((30, 34, 40), 0.5), ((228, 230, 232), 0.34)],
    ids=["grey", "white", "dark", "aside"],
)
def test_finds_the_product_on_plain_ground_and_is_sure(ground: tuple[int, int, int], middle: float) -> None:
    image, mask = disc(ground=ground, middle=middle)
    found = find_product(GrabCut(128), image, SegmentConfig(), noun="ball")
    assert found.problem == ""
    assert found.mask is not None
    assert iou(found.mask, mask) > 0.93


def test_white_on_white_is_not_found_and_a_person_is_asked() -> None:
    found = find_product(GrabCut(96), Image.new("RGB", (120, 100), "white"), SegmentConfig(), noun="plate")
    assert found.mask is None
    assert "Mark the plate" in found.problem or "mark it with a box" in found.problem


def test_is_never_sure_on_busy_ground() -> None:
    image, _ = disc()
    noisy = np.random.default_rng(0).integers(0, 256, (140, 160, 3)).astype(np.uint8)
    noisy[40:100, 50:110] = np.asarray(image)[40:100, 50:110]
    found = find_product(GrabCut(96), Image.fromarray(noisy), SegmentConfig(), noun="ball")
    assert found.mask is None
    assert found.problem


def test_a_persons_box_and_points_are_followed() -> None:
    image, mask = disc()
    segmenter = GrabCut(128)
    embedding = segmenter.embed(image)
    boxed = segmenter.cut(embedding, MaskPrompt((30, 20, 130, 120)))
    assert iou(boxed[0].mask, mask) > 0.9
    left = segmenter.cut(embedding, MaskPrompt((30, 20, 130, 120), ((80, 100, 0),)))
    assert not left[0].mask[100, 80], "a point marked as ground is ground"


def test_a_dial_of_the_grounds_colour_is_filled_and_a_handles_hole_is_not() -> None:
    rows, columns = np.mgrid[:160, :160] + 0.5
    away = np.hypot(columns - 80, rows - 80)
    ground = np.full((160, 160, 3), 236.0) + np.random.default_rng(0).normal(0, 1, (160, 160, 3))
    ring = np.where(((away < 60) & (away > 34))[..., None], (190, 60, 30), ground)
    marks = np.where(((away < 30) & (np.sin(columns / 2.5) > 0.3))[..., None], (30, 30, 30), ring)
    cut = GrabCut(160)
    for pixels, inside in ((ring, False), (marks, True)):
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        found = cut.everything(image)
        assert bool(found[0].mask[80, 80]) is inside


def test_the_same_picture_gives_the_same_mask() -> None:
    image, _ = disc()
    prompt = MaskPrompt((30, 20, 130, 120))
    one, other = (GrabCut(96).cut(GrabCut(96).embed(image), prompt)[0] for _ in range(2))
    assert np.array_equal(one.mask, other.mask)
    assert one.score == other.score


def test_a_prompt_has_to_say_something() -> None:
    image, _ = disc()
    with pytest.raises(ValueError, match="needs a box or at least one point"):
        GrabCut().cut(GrabCut().embed(image), MaskPrompt())


def test_the_shipped_set_has_it_alone_and_needs_no_file(tmp_path: object) -> None:
    classical = read_set("classical", Places(tmp_path))  # type: ignore[arg-type]
    assert set(classical.entries) == {"segmenter"}
    entry = classical.entry("segmenter")
    assert (entry.family, entry.commercial) == (BUILT_IN, True)
    assert loading.missing(entry, checksums="all") == []
    assert loading.bytes_on_disk(entry) == 0
    assert "version" in entry.identity
    assert load(entry, "cpu").side == entry.side
    assert isinstance(loading.load(entry, "cpu"), GrabCut)
