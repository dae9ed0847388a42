"""The studio scenes as code: they draw at any size, the same each time, and the shipped facts are theirs."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generation.backdrops import BANK, bank
from generation.studio import surfaces
from generation.studio.__main__ import draw, main
from generation.studio.bank import SCENES
from generation.studio.scenes import Scene

KINDS = {scene.name: scene for scene in SCENES}


@pytest.mark.parametrize("scene", SCENES, ids=KINDS)
def test_a_scene_paints_light_that_can_be_shown(scene: Scene) -> None:
    painted = scene.paint(96)
    assert painted.shape == (96, 96, 3)
    assert np.isfinite(painted).all()
    shown = surfaces.finished(painted, 64, seed=1)
    assert shown.dtype == np.uint8
    assert shown.shape == (64, 64, 3)
    assert 8 < shown.mean() < 250  # neither black nor burnt out


@pytest.mark.parametrize("scene", SCENES, ids=KINDS)
def test_the_shipped_facts_are_those_of_the_code(scene: Scene) -> None:
    shipped = json.loads((BANK / f"{scene.name}.json").read_text())
    assert shipped == json.loads(json.dumps(scene.facts()))


def test_drawn_again_a_scene_is_the_same_file_and_a_background_that_can_be_used(tmp_path: Path) -> None:
    scene = SCENES[0]
    size = draw(scene, tmp_path, side=256)
    path = tmp_path / f"{scene.name}.webp"
    first = path.read_bytes()
    draw(scene, tmp_path, side=256)
    assert path.read_bytes() == first
    assert len(first) == size
    [own] = bank(tmp_path)
    [shipped] = [one for one in bank() if one.name == scene.name]
    assert (own.words, own.view, own.floor, own.fits) == (shipped.words, shipped.view, shipped.floor, shipped.fits)


def test_a_scene_drawn_now_looks_as_the_shipped_one(tmp_path: Path) -> None:
    scene = SCENES[0]
    draw(scene, tmp_path, side=512)
    now, shipped = (
        np.asarray(Image.open(folder / f"{scene.name}.webp").convert("RGB").resize((64, 64)), float)
        for folder in (tmp_path, BANK)
    )
    assert np.abs(now - shipped).mean() < 8


@pytest.mark.parametrize("share", [0.03, 0.05])
def test_a_far_light_out_of_focus_is_a_smooth_disc(share: float) -> None:
    side = 640
    point = np.zeros((side, side, 3), np.float32)
    point[318:322, 318:322] = 1
    made, radius = surfaces.blurred(point, share)[..., 0], share * side
    away = np.hypot(*(np.mgrid[:side, :side] - 319.5))
    assert made.sum() == pytest.approx(16, rel=0.05), "no light is lost"
    inside, edge = made[away < 0.8 * radius], made[(away > 0.93 * radius) & (away < 1.07 * radius)]
    assert inside.std() < 0.06 * inside.mean()
    assert made[away > 1.25 * radius].max() < 0.05 * inside.mean()
    assert 0.2 < edge.mean() / inside.mean() < 0.8


def test_an_unknown_scene_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["studio", str(tmp_path), "moon"])
    with pytest.raises(SystemExit):
        main()
    assert "there is no scene moon" in capsys.readouterr().err


def test_names_draw_these_scenes_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["studio", str(tmp_path / "new"), SCENES[0].name])
    main()
    there = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert there == [f"{SCENES[0].name}.json", f"{SCENES[0].name}.webp"]
    assert SCENES[0].name in capsys.readouterr().out
