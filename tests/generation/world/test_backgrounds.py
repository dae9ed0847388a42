"""Empty backgrounds: their facts are where floor, horizon and light are in the picture."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from generation.world.backgrounds import BACKGROUNDS, Background, horizon, row_of, write_backgrounds
from generation.world.render import picture, render
from generation.world.stage import set_up

SHIPPED = Path(__file__).parents[3] / "generation" / "backgrounds"


def test_every_place_is_there_as_floor_and_as_table() -> None:
    kinds = {(background.context, background.table) for background in BACKGROUNDS}
    assert len(kinds) == len(BACKGROUNDS) == 14
    assert len({background.name for background in BACKGROUNDS}) == 14


@pytest.mark.parametrize("background", BACKGROUNDS, ids=lambda background: background.name)
def test_facts_are_shares_angles_and_words(background: Background) -> None:
    facts = background.facts()
    top, bottom = facts["floor"]
    assert 0.5 < top < bottom < 0.95
    assert facts["horizon"] < top
    assert -180 <= facts["light"]["azimuth"] <= 180
    assert 0 < facts["light"]["elevation"] < 90
    assert 0 <= facts["light"]["softness"] <= 1
    assert facts["light"]["colour"].startswith("#")
    assert len(facts["light"]["colour"]) == 7
    assert "{product}" in facts["words"]


@pytest.mark.parametrize("place", [0, 1, 4, 5])
def test_a_product_on_the_spot_stands_on_the_floor_rows(place: int) -> None:
    """The lowest row of a product in the middle of the scene lies between the rows that the facts name."""
    background = BACKGROUNDS[place]
    scene = background.scene()
    mask = render([scene], 48, 1).masks[0]
    lowest = (np.nonzero(mask.max(1))[0].max() + 1) / 48
    top, bottom = background.facts()["floor"]
    assert top - 0.03 <= lowest <= bottom + 0.03


def test_the_horizon_rises_as_the_camera_looks_down() -> None:
    scene = BACKGROUNDS[0].scene()
    rows = [horizon(set_up(replace(scene, view=replace(scene.view, elevation=angle)))) for angle in (0.05, 0.2, 0.4)]
    assert rows == sorted(rows, reverse=True)
    assert horizon(set_up(replace(scene, view=replace(scene.view, elevation=0.0, above=0.0)))) == pytest.approx(0.5)


def test_farther_points_are_higher_in_the_picture() -> None:
    stage = set_up(BACKGROUNDS[0].scene())
    assert row_of(stage, 0.0, -1.0) < row_of(stage, 0.0, 0.0) < row_of(stage, 0.0, 1.0)
    assert row_of(stage, 0.5, 0.0) < row_of(stage, 0.0, 0.0)


def test_the_lights_azimuth_is_the_side_that_shadows_fall_away_from() -> None:
    """Azimuth below 0 is light from the left: the product's shadow then darkens the floor on its right."""
    for background in (BACKGROUNDS[6], BACKGROUNDS[4], BACKGROUNDS[12]):
        scene = background.scene()
        with torch.inference_mode():
            drawn, mask = picture(set_up(scene), 48, 1)
            empty, _ = picture(set_up(scene, with_product=False), 48, 1)
        shadow = (empty.astype(int) - drawn).sum(2) * (mask == 0)
        column = (shadow.clip(0).sum(0) * np.arange(48)).sum() / shadow.clip(0).sum()
        right = column > np.nonzero(mask.max(0))[0].mean()
        assert right == (background.facts()["light"]["azimuth"] < 0), background.name


def test_pictures_that_are_there_stay_and_facts_are_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.world.backgrounds.BACKGROUNDS", BACKGROUNDS[:2])
    (tmp_path / f"{BACKGROUNDS[0].name}.webp").write_bytes(b"mine")
    assert list(write_backgrounds(tmp_path, side=8)) == [background.name for background in BACKGROUNDS[:2]]
    assert (tmp_path / f"{BACKGROUNDS[0].name}.webp").read_bytes() == b"mine"
    assert json.loads((tmp_path / f"{BACKGROUNDS[1].name}.json").read_text()) == BACKGROUNDS[1].facts()


def test_what_is_shipped_is_these_backgrounds() -> None:
    total = 0
    for background in BACKGROUNDS:
        path = SHIPPED / f"{background.name}.webp"
        total += path.stat().st_size
        with Image.open(path) as opened:
            assert (opened.size, opened.format) == ((1024, 1024), "WEBP")
        assert json.loads(path.with_suffix(".json").read_text()) == background.facts()
    assert total < 4_000_000
