"""Pictures and masks: boxes, clean-up, cut-outs, overlap, blending, canvases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from generation import imaging
from generation.imaging import GROUND, Mask
from generation.records import Box


def drawn(*rows: str) -> Mask:
    """A mask from a drawing: # is in."""
    return np.array([[letter == "#" for letter in row] for row in rows])


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("mask", "box"),
    [
        (drawn("....", "....", "...."), None),
        (drawn("#...", "....", "...."), (0, 0, 1, 1)),
        (drawn("....", ".##.", "...#"), (1, 1, 4, 3)),
        (drawn("####", "####"), (0, 0, 4, 2)),
    ],
    ids=["empty", "one pixel in the corner", "two parts", "everything"],
)
def test_the_box_is_the_smallest_around_the_mask(mask: Mask, box: Box | None) -> None:
    assert imaging.box_of(mask) == box


def test_a_box_that_hangs_over_the_edge_is_cut_there() -> None:
    assert imaging.box_mask((-3, 1, 2, 9), (4, 3)).tolist() == drawn("....", "##..", "##..").tolist()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (drawn("##.."), drawn("##.."), 1.0),
        (drawn("##.."), drawn(".##."), 1 / 3),
        (drawn("##.."), drawn("..##"), 0.0),
        (drawn("...."), drawn("...."), 1.0),
        (drawn("...."), drawn("...#"), 0.0),
    ],
    ids=["equal", "a third", "apart", "both empty", "one empty"],
)
def test_overlap(one: Mask, other: Mask, expected: float) -> None:
    assert imaging.iou(one, other) == pytest.approx(expected)


def test_masks_of_unlike_sizes_are_not_compared() -> None:
    with pytest.raises(ValueError, match=r"\(4, 1\) and \(2, 1\) pixels"):
        imaging.iou(drawn("##.."), drawn("##"))


MESSY = drawn(
    "#.......",
    "..####..",
    "..#..#..",
    "..####..",
    ".......#",
    "......##",
)


@pytest.mark.parametrize(
    ("least", "pixels"), [(0.05, 14), (0.2, 13), (0.5, 10)], ids=["all parts", "without the speck", "the largest alone"]
)
def test_parts_that_are_large_beside_the_largest_stay(least: float, pixels: int) -> None:
    assert np.count_nonzero(imaging.large_components(MESSY, least)) == pixels


@pytest.mark.parametrize(
    ("largest", "pixels"), [(1.0, 16), (0.1, 14)], ids=["any hole", "a hole as large as a handle's stays"]
)
def test_holes_are_filled_up_to_a_size(largest: float, pixels: int) -> None:
    assert np.count_nonzero(imaging.fill_holes(MESSY, largest)) == pixels


def test_clean_up_gives_new_arrays() -> None:
    mask = drawn("##..")
    for clean in (imaging.large_components, imaging.fill_holes):
        clean(mask)[0, 3] = True
    assert mask.tolist() == drawn("##..").tolist()


def test_a_resized_mask_covers_the_same_share() -> None:
    mask = drawn("##..", "##..")
    assert imaging.resize_mask(mask, (8, 4)).tolist() == np.kron(mask, np.ones((2, 2), bool)).tolist()
    assert imaging.share_of(imaging.resize_mask(mask, (2, 1))) == imaging.share_of(mask) == 0.5


@pytest.mark.parametrize("size", [(96, 72), (64, 64), (20, 300), (1, 1)])
@pytest.mark.parametrize("shape", [(700, 701, 200, 1800), (700, 701, 200, 201), (0, 1500, 3, 4)], ids=str)
def test_what_is_thin_does_not_vanish(shape: tuple[int, int, int, int], size: tuple[int, int]) -> None:
    top, bottom, left, right = shape
    mask = np.zeros((1500, 2000), bool)
    mask[top:bottom, left:right] = True
    small = imaging.resize_mask(mask, size)
    assert small.shape == size[::-1]
    assert 0 < small.sum() <= max(size)
    assert small[int((top + bottom) / 2 * size[1] / 1500), int((left + right) / 2 * size[0] / 2000)]


def test_an_empty_mask_stays_empty() -> None:
    assert not imaging.resize_mask(np.zeros((40, 30), bool), (7, 9)).any()


class TestCutOut:
    def test_shows_the_product_on_neutral_ground_in_the_middle_of_a_square(self) -> None:
        image, mask = noise(60, 40), imaging.box_mask((10, 5, 50, 15), (60, 40))
        square = imaging.cut_out(image, mask)
        assert square.size == (44, 44)  # 40 and 5 % of it on both sides
        pixels = np.asarray(square)
        assert (pixels[17:27, 2:42] == np.asarray(image)[5:15, 10:50]).all()
        assert (pixels[:17] == GROUND).all()
        assert (pixels[27:] == GROUND).all()

    def test_hides_what_is_in_the_box_but_not_in_the_mask(self) -> None:
        mask = drawn("#.", ".#")
        pixels = np.asarray(imaging.cut_out(Image.new("RGB", (2, 2), "red"), mask, margin=0))
        assert (pixels[~mask] == GROUND).all()
        assert (pixels[mask] == (255, 0, 0)).all()

    def test_is_the_same_wherever_the_product_stands(self) -> None:
        thing = noise(12, 9)
        cuts = []
        for place in [(0, 0), (20, 30)]:
            picture = noise(64, 64, seed=place[0])
            picture.paste(thing, place)
            mask = imaging.box_mask((*place, place[0] + 12, place[1] + 9), (64, 64))
            cuts.append(np.asarray(imaging.cut_out(picture, mask)))
        assert (cuts[0] == cuts[1]).all()

    def test_needs_a_mask_with_something_in_it(self) -> None:
        with pytest.raises(ValueError, match="empty mask"):
            imaging.cut_out(noise(4, 4), np.zeros((4, 4), bool))


class TestBlending:
    MASK = imaging.box_mask((20, 20, 40, 40), (64, 64))

    @pytest.mark.parametrize("pixels", [0, 0.5, 1, 4, 16])
    def test_keeps_the_product_to_the_last_bit_and_the_scene_beyond_the_edge(self, pixels: float) -> None:
        front, back = noise(64, 64, 1), noise(64, 64, 2)
        blended = np.asarray(imaging.composite(front, back, imaging.soft_edge(self.MASK, pixels)))
        assert (blended[self.MASK] == np.asarray(front)[self.MASK]).all()
        far = imaging.soft_edge(self.MASK, pixels + 1) == 0
        assert (blended[far] == np.asarray(back)[far]).all()

    def test_falls_from_the_product_to_the_scene_without_a_jump(self) -> None:
        row = imaging.soft_edge(self.MASK, 4)[30, 39:46]
        assert row[0] == 1
        assert row[-1] == 0
        assert (np.diff(row) <= 0).all()
        assert np.abs(np.diff(row)).max() < 0.4

    def test_a_hard_edge_is_the_mask(self) -> None:
        assert (imaging.soft_edge(self.MASK, 0) == self.MASK).all()

    def test_an_empty_mask_shows_nothing(self) -> None:
        assert not imaging.soft_edge(np.zeros((5, 5), bool), 4).any()

    def test_unlike_sizes_are_named(self) -> None:
        with pytest.raises(ValueError, match=r"front \(4, 4\), back \(5, 4\), alpha \(4, 4\)"):
            imaging.composite(noise(4, 4), noise(5, 4), np.ones((4, 4), np.float32))


@pytest.mark.parametrize(
    ("size", "side", "multiple", "canvas"),
    [
        ((1000, 1000), 512, 8, (512, 512)),
        ((1600, 1200), 512, 8, (592, 440)),
        ((1600, 1200), 1024, 16, (1184, 880)),
        ((30, 500), 512, 8, (360, 728)),
        ((500, 30), 64, 8, (88, 48)),
        ((3, 3), 4, 8, (8, 8)),
    ],
    ids=["square", "4:3", "FLUX-like multiple", "a tall banner", "a wide banner", "never nothing"],
)
def test_a_canvas_keeps_area_and_proportions(
    size: imaging.Size, side: int, multiple: int, canvas: imaging.Size
) -> None:
    assert imaging.canvas_for(size, side, multiple) == canvas


sides = st.integers(1, 300)


@settings(max_examples=40, deadline=None)
@given(size=st.tuples(sides, sides), canvas=st.tuples(sides, sides))
def test_a_picture_lies_within_its_canvas_whatever_the_sizes(size: imaging.Size, canvas: imaging.Size) -> None:
    box = imaging.letterbox(size, canvas)
    left, top, right, bottom = box.inner
    assert 0 <= left < right <= canvas[0]
    assert 0 <= top < bottom <= canvas[1]
    assert right - left == canvas[0] or bottom - top == canvas[1]
    laid = box.image(Image.new("RGB", size, "white"))
    assert laid.size == canvas
    whole = box.mask(np.ones(size[::-1], bool))
    assert whole[top:bottom, left:right].all()
    assert np.count_nonzero(whole) == (right - left) * (bottom - top)


def test_a_mask_lies_in_its_canvas_as_its_picture_does() -> None:
    mask = imaging.box_mask((10, 20, 70, 60), (100, 80))
    box = imaging.letterbox((100, 80), (128, 128))
    assert not box.mask(mask)[: box.inner[1]].any()
    left, top, right, bottom = box.inner
    assert imaging.iou(imaging.resize_mask(box.mask(mask)[top:bottom, left:right], (100, 80)), mask) > 0.95


@pytest.mark.parametrize(
    ("size", "expected"), [((400, 200), (100, 50)), ((80, 20), (80, 20)), ((1000, 1), (100, 1))], ids=str
)
def test_large_pictures_are_shrunk(size: imaging.Size, expected: imaging.Size) -> None:
    assert imaging.shrunk(Image.new("RGB", size), 100).size == expected
