"""Figures of pictures made by hand."""

import numpy as np
import pytest

from ranking.learning.exceptions import WrongTable
from ranking.learning.statistics import COLUMNS, image_statistics


def grey(value: int, high: int = 40, wide: int = 60) -> np.ndarray:
    return np.full((high, wide, 3), value, np.uint8)


def square(top: int, left: int, side: int = 10, high: int = 40, wide: int = 60) -> np.ndarray:
    mask = np.zeros((high, wide), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def told(pixels: np.ndarray, mask: np.ndarray | None = None) -> dict[str, float]:
    return dict(zip(COLUMNS, image_statistics(pixels, mask).tolist(), strict=True))


@pytest.mark.parametrize(
    ("value", "exposure", "dark", "light"), [(0, 0.0, 1.0, 0.0), (255, 1.0, 0.0, 1.0), (128, 0.502, 0.0, 0.0)]
)
def test_flat_pictures(value: int, exposure: float, dark: float, light: float) -> None:
    found = told(grey(value))
    assert found["exposure"] == pytest.approx(exposure, abs=0.001)
    assert (found["dark"], found["light"], found["contrast"]) == pytest.approx((dark, light, 0.0), abs=1e-6)


@pytest.mark.parametrize(
    ("mask", "area", "across", "down", "contact"),
    [
        (square(15, 25), 100 / 2400, 0.0, 0.0, 0.0),
        (square(0, 25), 100 / 2400, 0.0, -0.75, 10 / 196),
        (square(30, 50), 100 / 2400, 5 / 6, 0.75, 19 / 196),
        (np.ones((40, 60), bool), 1.0, 0.0, 0.0, 1.0),
    ],
    ids=["in the middle", "at the top", "in a corner", "everywhere"],
)
def test_where_the_mask_is(mask: np.ndarray, area: float, across: float, down: float, contact: float) -> None:
    found = told(grey(128), mask)
    names = ("area", "across", "down", "edge contact")
    assert [found[name] for name in names] == pytest.approx([area, across, down, contact], abs=1e-6)


@pytest.mark.parametrize("mask", [None, np.zeros((40, 60), bool)], ids=["no mask", "an empty mask"])
def test_without_a_product_only_the_whole_is_told(mask: np.ndarray | None) -> None:
    found = told(grey(128), mask)
    missing = {name for name, value in found.items() if np.isnan(value)}
    assert missing == {"product sharpness", "area", "across", "down", "edge contact", "product exposure"}


def test_a_blurred_product_is_less_sharp() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    blurred = noise.copy()
    blurred[10:30, 20:40] = noise[10:30, 20:40].mean(axis=(0, 1)).astype(np.uint8)
    mask = square(12, 22, 16)
    assert told(blurred, mask)["product sharpness"] < told(noise, mask)["product sharpness"] - 5
    assert told(blurred, mask)["sharpness"] < told(noise, mask)["sharpness"]


def test_a_brighter_product_is_told() -> None:
    pixels = grey(51)
    pixels[square(10, 10)] = 204
    assert told(pixels, square(10, 10))["product exposure"] == pytest.approx(0.6, abs=0.001)


def test_the_size_of_a_picture_hardly_matters() -> None:
    small = np.random.default_rng(0).integers(0, 256, (300, 280, 3)).astype(np.uint8)
    large = small.repeat(3, axis=0).repeat(3, axis=1)
    mask = square(100, 60, 90, 300, 280)
    found, again = told(small, mask), told(large, mask.repeat(3, axis=0).repeat(3, axis=1))
    assert again == pytest.approx(found, abs=0.01)


@pytest.mark.parametrize(
    ("pixels", "mask", "said"),
    [
        (np.zeros((4, 4), np.uint8), None, "of shape"),
        (np.zeros((0, 4, 3), np.uint8), None, "of shape"),
        (grey(1), np.zeros((4, 4), bool), "does not fit"),
    ],
)
def test_what_is_no_picture_is_refused(pixels: np.ndarray, mask: np.ndarray | None, said: str) -> None:
    with pytest.raises(WrongTable, match=said):
        image_statistics(pixels, mask)


@pytest.mark.parametrize("side", [1, 2, 3])
def test_tiny_pictures_have_figures(side: int) -> None:
    assert np.isfinite(told(grey(9, side, side))["exposure"])
