"""Where cut-outs go and how large."""

import pytest

from catalog.prompt_bank import shipped_files
from generation import placing
from generation.backdrops import bank
from generation.placing import SMALLEST_SIDE, USUAL_SIDE, Frame, Kind, fits, kind_of, place
from tests.factories.cutouts import backdrop, chance

SIZES = {"square": (600, 600), "tall": (300, 1200), "wide": (1400, 350), "tiny": (90, 60), "long": (2000, 60)}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("view", ["front", "above", "wall"])
@pytest.mark.parametrize("seed", range(5))
def test_it_lies_whole_in_the_picture_and_is_never_enlarged(size: tuple[int, int], view: str, seed: int) -> None:
    where = backdrop(view=view)
    found = place(size, Kind(30, (view,)), where, Frame(), chance(seed))
    assert found.scale <= 1
    assert found.left >= 0
    assert found.top >= 0
    assert found.left + found.width <= found.side
    assert found.top + found.height <= found.side
    assert SMALLEST_SIDE <= found.side <= USUAL_SIDE
    assert found.width / found.height == pytest.approx(size[0] / size[1], rel=0.1)


@pytest.mark.parametrize("seed", range(8))
def test_what_stands_has_its_foot_on_the_floor(seed: int) -> None:
    where = backdrop(floor=(0.7, 0.8))
    found = place((500, 700), Kind(), where, Frame(), chance(seed))
    foot = (found.top + found.height) / found.side
    assert 0.695 <= foot <= 0.805


def test_a_small_cut_out_keeps_its_own_pixels() -> None:
    found = place((300, 320), Kind(), backdrop(), Frame(), chance(1))
    assert found.scale == 1.0
    assert (found.width, found.height) == (300, 320)


def test_a_large_one_may_have_a_larger_picture_when_asked() -> None:
    usual = place((900, 1000), Kind(), backdrop(), Frame(), chance(1))
    asked = place((900, 1000), Kind(), backdrop(), Frame(side=2048), chance(1))
    assert usual.side == USUAL_SIDE
    assert asked.side > USUAL_SIDE
    assert asked.scale == 1.0


def test_a_podium_limits_the_width() -> None:
    found = place((800, 300), Kind(), backdrop(widest=0.4), Frame(), chance(0))
    assert found.width / found.side <= 0.41


def test_large_things_fill_more_of_the_frame() -> None:
    shares = []
    for cm in (3, 30, 200):
        found = place((900, 900), Kind(cm), backdrop(), Frame(), chance(4))
        shares.append(found.width / found.side)
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


def test_the_same_chance_places_the_same_and_another_does_not() -> None:
    found = [place((500, 500), Kind(), backdrop(), Frame(), chance(seed)) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_every_type_of_the_prompt_bank_has_a_size_and_at_least_three_backgrounds() -> None:
    for path in shipped_files():
        noun = path.stem.replace("-", " ")
        assert noun in placing._kinds(), f"{noun} is missing in sizes.toml"
        there = [one.name for one in bank() if fits(one, kind_of(noun))]
        assert len(there) >= (2 if kind_of(noun).views == ("wall",) else 3), noun


CASES = {"known": ("mug", 10), "last word": ("red leather handbag", 32), "unknown": ("gizmo", 30), "none": ("", 30)}


@pytest.mark.parametrize(("noun", "cm"), CASES.values(), ids=CASES)
def test_the_kind_of_a_noun(noun: str, cm: float) -> None:
    assert kind_of(noun).cm == cm


VIEWS = {
    "glasses": ("above",), "pink sunglasses": ("above",), "necklace": ("above",), "mirror": ("wall",),
    "shirt": ("above", "wall"), "teapot": ("front",), "gizmo": ("front",),
}  # fmt: skip


@pytest.mark.parametrize(("noun", "views"), VIEWS.items(), ids=VIEWS)
def test_things_are_shown_only_as_they_are_photographed(noun: str, views: tuple[str, ...]) -> None:
    assert kind_of(noun).views == views
    assert {one.view for one in bank() if fits(one, kind_of(noun))} == set(views)


def test_a_sofa_does_not_stand_on_a_table() -> None:
    table = backdrop(fits=(0, 70))
    assert fits(table, kind_of("mug"))
    assert not fits(table, kind_of("sofa"))
    assert not fits(table, kind_of("rug"))
