"""The six metrics on small tables made by hand."""

import numpy as np
import pytest

from generation.metrics import Looks, present, six_metrics, to_photos, to_prompts


def rows(*values: tuple[float, ...]) -> np.ndarray:
    return np.array(values, np.float32)


EAST, NORTH, WEST, NONE = (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, 0.0)
NORTHEAST = (0.6, 0.8)


@pytest.mark.parametrize(
    ("row", "photos", "expected"),
    [
        (EAST, [EAST], 1.0),
        (EAST, [EAST, NORTH], 0.5),
        (EAST, [EAST, WEST], 0.0),
        (NORTHEAST, [EAST, NORTH], 0.7),
        (NORTHEAST, [EAST, NONE], 0.6),
    ],
    ids=["the photo itself", "one of two", "opposites", "between", "a photo without a cut-out does not count"],
)
def test_likeness_is_the_mean_over_the_photos(
    row: tuple[float, ...], photos: list[tuple[float, ...]], expected: float
) -> None:
    assert to_photos(rows(row), rows(*photos)) == pytest.approx([expected])


def test_it_is_the_mean_of_cosines_not_the_cosine_of_means() -> None:
    """The mean of two photos at a right angle has length 0.71; cosine with it would say 0.71 of either."""
    assert to_photos(rows(EAST), rows(EAST, NORTH))[0] == pytest.approx(0.5)


def test_a_candidate_without_a_cut_out_has_no_likeness() -> None:
    assert np.isnan(to_photos(rows(NONE, EAST), rows(EAST))).tolist() == [True, False]
    assert np.isnan(to_prompts(rows(NONE, EAST), rows(EAST, EAST))).tolist() == [True, False]


def test_no_photo_is_an_error_not_a_nought() -> None:
    for photos in (np.empty((0, 2), np.float32), rows(NONE)):
        with pytest.raises(ValueError, match="mean over no photos"):
            to_photos(rows(EAST), photos)


def test_each_candidate_has_its_own_prompt() -> None:
    assert to_prompts(rows(EAST, NORTHEAST), rows(NORTH, NORTH)) == pytest.approx([0.0, 0.8])
    with pytest.raises(ValueError, match="do not belong together"):
        to_prompts(rows(EAST, EAST), rows(NORTH))


def test_all_six_come_from_the_right_rows() -> None:
    candidates = Looks(clip=rows(EAST), dino=rows(NORTH), seg_clip=rows(NORTHEAST), seg_dino=rows(WEST))
    photos = Looks(clip=rows(EAST, NORTH), dino=rows(NORTH), seg_clip=rows(EAST), seg_dino=rows(EAST))
    table = six_metrics(candidates, rows(NORTH), photos)
    values = {name: float(column[0]) for name, column in vars(table).items()}
    assert values == pytest.approx(
        {"clip_i": 0.5, "clip_t": 0.0, "dino_i": 1.0, "seg_clip_i": 0.6, "seg_clip_t": 0.8, "seg_dino_i": -1.0}
    )


def test_no_candidates_give_an_empty_table() -> None:
    none = np.empty((0, 2), np.float32)
    table = six_metrics(Looks(none, none, none, none), none, Looks(*[rows(EAST)] * 4))
    assert all(len(column) == 0 for column in vars(table).values())


def test_zeros_stand_for_what_is_not_there() -> None:
    assert present(rows(EAST, NONE)).tolist() == [True, False]
