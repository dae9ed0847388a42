"""The command line: what it writes, and what it says of a wrong order."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generation.world import backgrounds, catalogue, sheets
from generation.world.__main__ import main
from generation.world.dataset import Shards
from generation.world.sheets import SHEETS, Sheet, tiled
from tests.generation.world.things import scene


def test_render_writes_shards_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order = ["render", "--out", str(tmp_path), "--things", "3", "--views", "2", "--side", "8", "--samples", "1"]
    assert main([*order, "--shard", "2", "--first-seed", "900000"]) == 0
    assert capsys.readouterr().out == f"2 of 2 shards written to {tmp_path}.\n"
    assert len(Shards(tmp_path)) == 6


def test_an_orbit_takes_the_place_of_views(tmp_path: Path) -> None:
    assert main(["render", "--out", str(tmp_path), "--things", "1", "--orbit", "2", "--side", "8"]) == 0
    assert Shards(tmp_path).group == 2


def test_a_wrong_order_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "--out", str(tmp_path), "--things", "0"]) == 1
    assert capsys.readouterr().err == "things is 0. It must be 1 or more.\n"


def test_backgrounds_are_named_as_they_are_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backgrounds, "BACKGROUNDS", backgrounds.BACKGROUNDS[:1])
    assert main(["backgrounds", "--out", str(tmp_path), "--side", "8"]) == 0
    assert capsys.readouterr().out == f"{backgrounds.BACKGROUNDS[0].name}\n"


def test_the_catalogue_says_how_many_photos_are_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "ARTICLES", catalogue.ARTICLES[:1])
    assert main(["catalogue", "--out", str(tmp_path), "--side", "8"]) == 0
    assert capsys.readouterr().out == f"5 photos rendered into {tmp_path}.\n"


def test_a_sheet_is_a_picture_of_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Sheet([scene(seed=number) for number in range(3)], columns=2, side=8)
    monkeypatch.setitem(sheets.SHEETS, "places", lambda _detail: few)
    assert main(["sheet", "places", "--out", str(tmp_path / "sheet.png")]) == 0
    with Image.open(tmp_path / "sheet.png") as opened:
        assert opened.size == (18, 18)
        assert opened.getpixel((17, 17)) == (255, 255, 255)


@pytest.mark.parametrize("name", sorted(SHEETS))
@pytest.mark.parametrize("detail", ["plain", "full"])
def test_sheets_have_whole_rows(name: str, detail: str) -> None:
    sheet = SHEETS[name]("plain" if detail == "plain" else "full")
    assert len(sheet.scenes) % sheet.columns == 0
    assert len(sheet.scenes) > sheet.columns


def test_tiles_lie_in_rows() -> None:
    images = np.stack([np.full((2, 3, 3), value, np.uint8) for value in (10, 20, 30)])
    sheet = tiled(images, 2)
    assert sheet.shape == (6, 8, 3)
    assert [sheet[0, 0, 0], sheet[0, 5, 0], sheet[4, 0, 0], sheet[4, 5, 0], sheet[2, 0, 0]] == [10, 20, 30, 255, 255]
