"""Pictures of cut-outs in scenes: product pixels exact, the scene tuned, shadows where they belong."""

import numpy as np
import pytest
from PIL import Image

from generation import shadows
from generation.composing import compose, contrast, lay, size_of
from generation.matting import CutOut
from generation.placing import Frame, Kind, Placement, place
from generation.recipe import SwapConfig
from tests.factories.cutouts import backdrop, chance, lit_from, plain_cut, round_cut, scene

PLACE = Placement(128, 1.0, 44, 40, 40, 60)
BACKDROPS = {
    "table": backdrop(), "glossy": backdrop(gloss=0.6), "above": backdrop(view="above"), "wall": backdrop(view="wall"),
}  # fmt: skip


def composed(cut: CutOut, place: Placement = PLACE, name: str = "table", **config: float) -> np.ndarray:
    laid = lay(cut, place)
    return np.asarray(compose(laid, scene(), BACKDROPS[name], SwapConfig(**config)))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BACKDROPS)
def test_at_scale_1_product_pixels_are_the_photos(name: str) -> None:
    cut = plain_cut()
    picture = composed(cut, name=name)
    assert np.array_equal(picture[40:100, 44:84], cut.pixels)


def test_reduced_product_pixels_are_the_photos_reduced_by_lanczos() -> None:
    cut = plain_cut(80, 120)
    picture = composed(cut, Placement(128, 0.5, 44, 40, 40, 60))
    expected = np.asarray(Image.fromarray(cut.pixels).resize((40, 60), Image.Resampling.LANCZOS))
    assert np.array_equal(picture[40:100, 44:84], expected)


def test_every_opaque_pixel_of_a_round_one_is_exact_and_its_edge_is_mixed() -> None:
    cut = round_cut()
    place_ = Placement(128, 1.0, 30, 40, *size_of(cut))
    laid = lay(cut, place_)
    picture = np.asarray(compose(laid, scene(), BACKDROPS["table"], SwapConfig()))
    solid = laid.alpha == 255
    assert solid.sum() > 2000
    assert np.array_equal(picture[solid], laid.pixels[solid])
    edge = (laid.alpha > 40) & (laid.alpha < 215)
    assert not np.array_equal(picture[edge], laid.pixels[edge])


def test_a_product_at_the_border_of_its_photo_and_of_the_picture_is_placed_whole() -> None:
    cut = plain_cut(100, 90)
    found = place(size_of(cut), Kind(), backdrop(), Frame(side=128, padding=0.0), chance(0))
    laid = lay(cut, found)
    assert (laid.alpha == 255).sum() == found.width * found.height


def test_the_scene_far_away_is_only_tuned_and_the_ground_beneath_is_dark() -> None:
    picture = composed(plain_cut(), harmony=0.0)
    assert np.abs(picture[5, 5].astype(int) - (150, 140, 120)).max() <= 2
    assert picture[101:103, 55:75].mean() < 0.8 * 137


def test_no_shadow_leaves_the_scene_as_it_was() -> None:
    picture = composed(plain_cut(), harmony=0.0, shadow=0.0)
    assert np.abs(picture[102:110, 50:80].astype(int) - (150, 140, 120)).max() <= 2


@pytest.mark.parametrize(("azimuth", "side"), [(-60, "right"), (60, "left")])
def test_the_shadow_falls_away_from_the_light(azimuth: float, side: str) -> None:
    alpha = np.zeros((128, 128), np.float32)
    alpha[40:100, 44:84] = 1
    shade = shadows.standing(alpha, lit_from(azimuth), floor_from=0.3)
    left, right = shade[70:100, :40].sum(), shade[70:100, 88:].sum()
    assert (right > 1.5 * left) if side == "right" else (left > 1.5 * right)


def test_no_shadow_falls_where_there_is_no_floor() -> None:
    alpha = np.zeros((128, 128), np.float32)
    alpha[40:100, 44:84] = 1
    shade = shadows.standing(alpha, lit_from(0), floor_from=0.6)
    assert shade[:70].max() == 0
    assert shade[100:104, 60].max() > 0.5


def test_a_reflection_fades_and_belongs_to_glossy_floors() -> None:
    plain, glossy = (
        composed(plain_cut(), harmony=0, shadow=0),
        composed(plain_cut(), name="glossy", harmony=0, shadow=0),
    )
    near = np.abs(glossy[101:106, 44:84].astype(int) - plain[101:106, 44:84]).mean()
    far = np.abs(glossy[122:127, 44:84].astype(int) - plain[122:127, 44:84]).mean()
    assert near > 4 * far
    assert near > 5


def test_a_dark_product_darkens_its_scene_and_a_warm_one_warms_it() -> None:
    def cut_of(colour: tuple[int, int, int]) -> CutOut:
        return CutOut(np.full((60, 40, 3), colour, np.uint8), np.full((60, 40), 255, np.uint8), (0, 0, 40, 60))

    corner = {name: composed(cut_of(colour), shadow=0)[3, 3].astype(float) for name, colour in
              {"grey": (200, 200, 200), "dark": (25, 25, 25), "warm": (206, 200, 190)}.items()}  # fmt: skip
    assert corner["dark"].mean() < corner["grey"].mean() - 5
    assert corner["warm"][0] / corner["warm"][2] > corner["grey"][0] / corner["grey"][2] + 0.01


def test_light_wraps_around_the_edge_alone() -> None:
    place_ = Placement(128, 1.0, 30, 40, *size_of(round_cut()))
    none, much = (composed(round_cut(), place_, wrap=wrap, shadow=0) for wrap in (0.0, 1.0))
    alpha = lay(round_cut(), place_).alpha
    changed = (none != much).any(axis=-1)
    assert changed.any()
    assert not changed[alpha == 255].any()
    assert not changed[alpha == 0].any()


def test_white_on_white_has_no_contrast() -> None:
    white = CutOut(np.full((60, 40, 3), 250, np.uint8), np.full((60, 40), 255, np.uint8), (0, 0, 40, 60))
    laid = lay(white, PLACE)
    assert contrast(laid, scene(colour=(250, 250, 250))) < 0.1
    assert contrast(laid, scene(colour=(30, 30, 60))) == 1.0


@pytest.mark.parametrize("work", ["foot", "lay", "lying"])
def test_an_empty_cut_out_is_refused(work: str) -> None:
    empty = CutOut(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9), np.uint8), (0, 0, 9, 9))
    nothing = np.zeros((32, 32), np.float32)
    with pytest.raises(ValueError, match=r"[Nn]o.*|empty"):
        {
            "foot": lambda: shadows.foot_of(nothing),
            "lay": lambda: lay(empty, PLACE),
            "lying": lambda: shadows.lying(nothing, lit_from(0), raised=0.1),
        }[work]()
