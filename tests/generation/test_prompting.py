"""Automatic prompts: what stands out, where to ask, which answer to take. On drawn scenes and on real listings."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from generation import prompting
from generation.checkpoints.roles import MaskGuess
from generation.imaging import Mask, box_mask, box_of, iou
from generation.prompting import Guessed
from generation.records import Box

PHOTOS = Path(__file__).parents[2] / ".." / "shared" / "data"
SIZE = (240, 180)


def picture(ground: str = "plain", seed: int = 0) -> Image.Image:
    """A ground without anything on it."""
    random = np.random.default_rng(seed)
    wide, high = SIZE
    if ground == "plain":
        pixels = np.full((high, wide, 3), 250.0)
    elif ground == "shaded":
        pixels = np.linspace(250, 170, wide)[None, :, None] * np.linspace(1, 0.85, high)[:, None, None] * np.ones(3)
    else:
        coarse = random.integers(20, 120, (9, 12, 3)).astype(np.uint8)
        pixels = np.asarray(Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC), np.float64)
    return Image.fromarray((pixels + random.normal(0, 1, pixels.shape)).clip(0, 255).astype(np.uint8))


def with_thing(ground: str, box: Box, colour: str = "#c02060", shape: str = "ellipse") -> tuple[Image.Image, Mask]:
    image = picture(ground)
    layer = Image.new("1", SIZE)
    getattr(ImageDraw.Draw(layer), shape)((box[0], box[1], box[2] - 1, box[3] - 1), fill=1)
    image.paste(colour, (0, 0), layer)
    return image.filter(ImageFilter.GaussianBlur(0.7)), np.asarray(layer)


class TestStandsOut:
    @pytest.mark.parametrize(
        ("ground", "box", "colour", "shape"),
        [
            ("plain", (60, 40, 180, 140), "#c02060", "ellipse"),
            ("shaded", (60, 40, 180, 140), "#2040a0", "ellipse"),
            ("plain", (90, 60, 120, 90), "#c02060", "rectangle"),
            ("plain", (14, 12, 226, 170), "#303030", "rectangle"),
            ("plain", (60, 40, 180, 140), "#d8d8d8", "ellipse"),
            ("plain", (60, 40, 240, 140), "#c02060", "rectangle"),
        ],
        ids=["plain", "light falls off", "small", "fills the frame", "grey on white", "cut by the frame on one side"],
    )
    def test_on_plain_ground_the_silhouette_is_the_products(
        self, ground: str, box: Box, colour: str, shape: str
    ) -> None:
        image, truth = with_thing(ground, box, colour, shape)
        guessed = prompting.stands_out(image)
        assert guessed is not None
        assert guessed.plain
        assert guessed.silhouette.shape == truth.shape
        assert iou(guessed.silhouette, truth) > 0.85

    def test_on_busy_ground_it_is_a_hint(self) -> None:
        image, truth = with_thing("busy", (70, 50, 170, 140), "#ffe030")
        guessed = prompting.stands_out(image)
        assert guessed is not None
        assert not guessed.plain
        assert iou(guessed.silhouette, truth) > 0.6

    def test_an_even_picture_has_nothing_on_it(self) -> None:
        assert prompting.stands_out(Image.new("RGB", SIZE, "white")) is None
        assert prompting.stands_out(picture("shaded")) is None

    def test_specks_are_no_product(self) -> None:
        image = picture()
        draw = ImageDraw.Draw(image)
        for x in range(20, 220, 40):
            draw.point((x, 90), "black")
        assert prompting.stands_out(image) is None

    @pytest.mark.parametrize("size", [(1, 1), (2, 300), (30, 500), (4000, 3)], ids=str)
    def test_any_size_is_looked_at(self, size: tuple[int, int]) -> None:
        guessed = prompting.stands_out(Image.new("RGB", size, "navy"))
        assert guessed is None or guessed.silhouette.shape == size[::-1]


class TestPrompts:
    def test_plain_ground_is_asked_by_the_box_of_what_stands_out(self) -> None:
        image, truth = with_thing("plain", (60, 40, 180, 140))
        prompts = prompting.prompts_for(image.size, prompting.stands_out(image))
        assert len(prompts) == 3
        box = prompts[0].box
        assert box is not None
        assert iou(box_mask(box, SIZE), box_mask((60, 40, 180, 140), SIZE)) > 0.85
        for prompt in prompts[1:]:
            assert all(truth[y, x] and label == 1 for x, y, label in prompt.points)
        assert prompts[2].box is None

    def test_busy_ground_is_asked_about_the_middle_too(self) -> None:
        asked = [
            prompting.prompts_for(SIZE, guessed) for guessed in (None, Guessed(box_mask((9, 9, 50, 50), SIZE), False))
        ]
        assert len(asked[1]) == len(asked[0]) + 3
        for prompts in asked:
            assert any(prompt.points == ((120, 90, 1),) for prompt in prompts)
            assert all(prompt.box or prompt.points for prompt in prompts)

    def test_asking_again_tells_the_place_and_leaves_room_to_have_grown(self) -> None:
        reference = box_mask((80, 60, 160, 120), SIZE)
        prompt = prompting.prompt_near(reference)
        assert prompt.box == (60, 45, 180, 135)
        assert prompt.points
        assert all(reference[y, x] for x, y, _ in prompt.points)


@pytest.mark.parametrize(
    ("box", "by", "expected"),
    [
        ((10, 10, 20, 30), 0.1, (9, 8, 21, 32)),
        ((0, 0, 240, 180), 0.5, (0, 0, 240, 180)),
        ((5, 5, 6, 6), 0, (5, 5, 6, 6)),
    ],
    ids=["all around", "never beyond the picture", "by nothing"],
)
def test_boxes_grow(box: Box, by: float, expected: Box) -> None:
    assert prompting.grown(box, by, SIZE) == expected


class TestDeepest:
    def test_points_lie_inside_and_apart(self) -> None:
        mask = box_mask((10, 10, 60, 60), SIZE) | box_mask((150, 100, 220, 170), SIZE)
        first, second = prompting.deepest(mask, 2)
        assert abs(first[0] - 185) < 3
        assert abs(second[1] - 35) < 3

    def test_a_thin_thing_has_points_too(self) -> None:
        mask = box_mask((0, 90, 240, 91), SIZE)
        assert all(mask[y, x] for x, y in prompting.deepest(mask, 3))
        assert prompting.deepest(mask, 3)

    def test_no_more_than_there_is_room_for(self) -> None:
        assert len(prompting.deepest(box_mask((10, 10, 13, 13), SIZE), 5)) == 1
        assert prompting.deepest(np.zeros((20, 20), bool), 3) == []


def guess(box: Box, score: float = 0.9) -> MaskGuess:
    return MaskGuess(box_mask(box, SIZE), score)


WHOLE, PART, SIDE, GROUND = (60, 40, 180, 140), (100, 60, 130, 90), (0, 0, 40, 60), (0, 0, 240, 180)


class TestChoice:
    @pytest.mark.parametrize(
        ("guesses", "expected"),
        [
            ([guess(PART, 0.95), guess(WHOLE, 0.9)], WHOLE),
            ([guess(SIDE, 0.9), guess(WHOLE, 0.85)], WHOLE),
            ([guess(GROUND, 1.0), guess(WHOLE, 0.7)], WHOLE),
            ([guess(WHOLE, 0.7), guess((62, 41, 181, 139), 0.7), guess(PART, 0.8)], WHOLE),
        ],
        ids=["the whole, not a part", "the middle, not a corner", "never the ground", "what several prompts agree on"],
    )
    def test_takes_the_whole_product(self, guesses: list[MaskGuess], expected: Box) -> None:
        best = prompting.best_of(guesses, Guessed(box_mask(WHOLE, SIZE), plain=True), (0.01, 0.95))
        assert best is not None
        assert iou(best.mask, box_mask(expected, SIZE)) > 0.9

    def test_on_busy_ground_the_segmenters_score_counts_for_more(self) -> None:
        hint = Guessed(box_mask(SIDE, SIZE), plain=False)
        best = prompting.best_of([guess(SIDE, 0.6), guess(WHOLE, 0.9)], hint, (0.01, 0.95))
        assert best is not None
        assert box_of(best.mask) == WHOLE

    @pytest.mark.parametrize(
        "guesses", [[], [guess((0, 0, 5, 5), 1.0)], [guess(GROUND, 1.0)]], ids=["none", "a speck", "everything"]
    )
    def test_takes_none_that_is_no_product(self, guesses: list[MaskGuess]) -> None:
        assert prompting.best_of(guesses, None, (0.01, 0.95)) is None

    def test_nearly_equal_guesses_count_once(self) -> None:
        found = prompting.ranked(
            [guess(WHOLE), guess((61, 40, 180, 140)), guess(PART), guess(SIDE)], None, (0.001, 0.95)
        )
        kept = prompting.distinct(found, most=3)
        assert sorted(box_of(one.mask) or () for one, _ in kept)[0] == SIDE
        assert len(kept) == 3
        assert len(prompting.distinct(found, most=2)) == 2


# By eye, as shares of width and height: the product's box in listings on plain ground.
LISTINGS: dict[str, tuple[float, float, float, float]] = {
    "dreambooth_products/clock/03.jpg": (0.10, 0.10, 0.87, 0.85),
    "dreambooth_products/colorful_sneaker/01.jpg": (0.24, 0.26, 0.74, 0.82),
    "dreambooth_products/colorful_sneaker/02.jpg": (0.13, 0.36, 0.89, 0.72),
    "dreambooth_products/pink_sunglasses/01.jpg": (0.07, 0.26, 0.77, 0.82),
    "dreambooth_products/backpack/02.jpg": (0.22, 0.08, 0.90, 0.87),
    "abo_products/B0799CK52K/d80a51d3.jpg": (0.02, 0.03, 0.96, 0.92),
}


@pytest.mark.skipif(not PHOTOS.exists(), reason="the real photos of ../shared/data are not on this machine")
@pytest.mark.parametrize("name", LISTINGS)
def test_the_box_asked_about_covers_the_product_in_real_listings(name: str) -> None:
    with Image.open(PHOTOS / name) as opened:
        image = opened.convert("RGB")
    image.thumbnail((800, 800))
    box = prompting.prompts_for(image.size, prompting.stands_out(image))[0].box
    assert box is not None
    left, top, right, bottom = LISTINGS[name]
    wide, high = image.size
    truth = box_mask((int(left * wide), int(top * high), int(right * wide), int(bottom * high)), image.size)
    asked = box_mask(box, image.size)
    assert (asked & truth).sum() / truth.sum() > 0.85
    assert iou(asked, truth) > 0.6
