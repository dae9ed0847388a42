"""The segmenter without a learned model."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from generation.checkpoints import loading
from generation.checkpoints.grabcut import GrabCut, load
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import BUILT_IN, Places
from generation.finding import find_product
from generation.imaging import iou
from generation.prompting import prompts_for, stands_out
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
    assert found.problem == "No plate was found in this photo; mark it with a box or a few clicks."


def grounds() -> dict[str, tuple[np.ndarray, bool]]:
    """A disc on several grounds, and whether its cut-out is to be sure."""
    image, mask = disc((240, 210), ground=(150, 150, 152))
    even, chance = np.asarray(image).astype(float), np.random.default_rng(0)
    rows, columns = np.mgrid[:210, :240]
    beside = ~mask & (abs(columns - 120) < 75) & (rows > 140) & (rows < 178)
    shade = ndimage.gaussian_filter(beside.astype(float), 2)[..., None] * ~mask[..., None]
    colours = chance.integers(0, 256, even.shape)
    grain = chance.normal(0, 4, even.shape)
    return {
        "even": (even, True),
        "grain, as asphalt": (even + 1.5 * grain, True),
        "a faint shade beside it": (even - 20 * shade + grain, False),
        "a fold of cloth beside it": (even - 40 * shade + grain, False),
        "busy": (np.where(mask[..., None], even, colours), False),
    }


@pytest.mark.parametrize(("pixels", "sure"), grounds().values(), ids=grounds())
def test_on_a_ground_that_is_not_even_it_is_sure_where_all_starts_end_alike(pixels: np.ndarray, sure: bool) -> None:
    found = find_product(GrabCut(128), Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), SegmentConfig())
    assert (found.mask is not None) is sure
    assert bool(found.problem) is not sure
    if found.mask is not None:
        assert iou(found.mask, disc((240, 210))[1]) > 0.97


@pytest.mark.parametrize("name", ["a faint shade beside it", "a fold of cloth beside it"])
def test_what_most_starts_leave_out_is_left_out(name: str) -> None:
    pixels, _ = grounds()[name]
    [guess] = GrabCut(128).everything(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))
    assert iou(guess.mask, disc((240, 210))[1]) > 0.97
    assert isinstance(guess.score, float)


@pytest.mark.parametrize("dark", [0.9, 0.8], ids="{:.0%} of the ground's light".format)
def test_a_shadow_cast_on_even_ground_is_left_out_or_asked_about(dark: float) -> None:
    image, mask = disc((240, 210), ground=(225, 226, 228))
    rows, columns = np.mgrid[:210, :240]
    cast = ~mask & (abs(rows - 155 + 0.2 * (columns - 120)) < 14) & (columns > 110) & (columns < 215)
    light = 1 - (1 - dark) * ndimage.gaussian_filter(cast.astype(float), 1)[..., None] * ~mask[..., None]
    pixels = (np.asarray(image) * light).clip(0, 255).astype(np.uint8)
    found = find_product(GrabCut(128), Image.fromarray(pixels), SegmentConfig())
    assert found.mask is None or iou(found.mask, mask) > 0.95


def test_a_products_grey_half_is_not_left_out_as_a_shadow() -> None:
    image, mask = disc((240, 210), ground=(225, 226, 228))
    grey = mask & (np.mgrid[:210, :240][0] > 105)
    pixels = np.where(grey[..., None], 150, np.asarray(image)).astype(np.uint8)
    found = find_product(GrabCut(128), Image.fromarray(pixels), SegmentConfig())
    assert found.mask is None or iou(found.mask, mask) > 0.95


def test_on_busy_ground_no_prompt_makes_it_surer_than_it_says() -> None:
    pixels, _ = grounds()["busy"]
    image, cut = Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), GrabCut(96)
    embedding, prompts = cut.embed(image), prompts_for(image.size, stands_out(image))
    assert len(prompts) > 3, "the ground is busy"
    guesses = [guess for prompt in prompts for guess in cut.cut(embedding, prompt)] + cut.everything(image)
    assert 0 < max(guess.score for guess in guesses) <= GrabCut.most_on_busy_ground < SegmentConfig().surest


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


@pytest.mark.parametrize("name", ["grain, as asphalt", "a fold of cloth beside it"])
def test_a_box_around_all_of_the_photo_asks_for_the_answer_of_most_starts(name: str) -> None:
    pixels, _ = grounds()[name]
    image, cut = Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), GrabCut(128)
    [suggested] = cut.cut(cut.embed(image), MaskPrompt((7, 6, 233, 204)))
    [found] = cut.everything(image)
    assert np.array_equal(suggested.mask, found.mask)
    assert suggested.score < SegmentConfig().surest


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
