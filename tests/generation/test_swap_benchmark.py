"""The benchmark of background swaps: its line for a photo, and the sheet that people look at."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import background_swap as benchmark
from tests.factories.cutouts import disc


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr("sys.argv", ["background_swap.py", *map(str, arguments)])
    benchmark.main()


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """A mug that can be cut out, and a white wall."""
    paths = [tmp_path / "mug-red-front.png", tmp_path / "wall-white.png"]
    disc((200, 180))[0].save(paths[0])
    Image.new("RGB", (200, 180), "white").save(paths[1])
    return paths


def test_a_line_for_each_photo_and_a_sheet_of_what_was_made(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, *photos, "--images", 2, "--side", 128, "--sheet", tmp_path / "sheet.webp")
    _, mug, wall, total = capsys.readouterr().out.splitlines()
    assert mug.startswith("mug-red-front")
    assert total.startswith("2 images of 1 photos: ")
    assert total.endswith("; 1 photos ask")
    assert "asks: No wall was found" in wall
    with Image.open(tmp_path / "sheet.webp") as sheet:
        step = benchmark.CELL + benchmark.GAP
        assert sheet.size == (3 * step + benchmark.GAP, step + step // 2 + benchmark.GAP)


def test_what_a_row_says() -> None:
    row = benchmark.Row("mug-red", Image.new("RGB", (640, 480)))
    row.images = [row.photo] * 4
    row.seconds = {"cut": (0.5, 0.6), "edges": (0.25, 0.3), "images": (2.0, 4.0)}
    assert str(row).split() == [
        "mug-red", "640", "x", "480", "0.50s", "0.25s", "0.50s", "2.0", "(wall", "0.60,", "0.30,", "1.00", "s)",
    ]  # fmt: skip
    row.asks = "Mark the mug."
    assert str(row).endswith("asks: Mark the mug.")


def test_the_total_counts_images_alone_and_with_their_cut_outs() -> None:
    rows = [benchmark.Row(name, Image.new("RGB", (9, 9))) for name in ("mug", "lamp", "wall")]
    for row in rows[:2]:
        row.images = [row.photo] * 3
        row.seconds = {"cut": (0.1, 0.5), "edges": (0.1, 1.0), "images": (1.5, 1.5)}
    assert benchmark.total(rows) == (
        "6 images of 2 photos: 2.00 a second, 1.00 with the cut-outs, 0.50 s of CPU each; 1 photos ask"
    )
    assert benchmark.total(rows[2:]) == "0 images: all 1 photos ask"


def test_an_uncertain_cut_out_is_taken_as_drawn_where_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "red_teapot"
    folder.mkdir()
    picture, mask = disc((200, 180))
    random = np.random.default_rng(0)
    busy = random.integers(0, 256, (180, 200, 3), np.uint8)
    Image.fromarray(np.where(mask[..., None], np.asarray(picture), busy)).save(folder / "00.png")
    told = []
    for drawn in ([], ["--drawn"]):
        run(monkeypatch, folder / "00.png", "--images", 1, "--side", 128, *drawn)
        told.append(capsys.readouterr().out.splitlines()[1])
    assert all(line.startswith("teapot-00") for line in told)
    assert ["asks" in line for line in told] == [True, False]


def test_photos_that_ask_stand_small_below() -> None:
    asks = [benchmark.Row("wall", Image.new("RGB", (9, 9), "red"), asks="Mark it.") for _ in range(7)]
    small = (benchmark.CELL + benchmark.GAP) // 2
    made = benchmark.sheet(asks)
    assert made.size == (3 * 2 * small + benchmark.GAP, 2 * small + benchmark.GAP)
    red = np.asarray(made)[..., 1] == 0
    assert red.sum() == 7 * (small - benchmark.GAP) ** 2
    assert benchmark.sheet([]).height == benchmark.GAP
