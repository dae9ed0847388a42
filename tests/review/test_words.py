"""Figures in words."""

import pytest

from review.templatetags import review_words as words


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "\N{EN DASH}"),
        (0.0001, "p < 0.001"),
        (0.0312, "p = 0.031"),
        (0.0494, "p = 0.049"),
        (0.0498, "p < 0.050"),  # 0.050 would look like no better than the 5 % that names a winner
        (0.05, "p = 0.050"),
        (0.0502, "p = 0.050"),
        (1.0, "p = 1.000"),
    ],
)
def test_p_values_tell_on_which_side_of_five_percent_they_lie(value: float | None, told: str) -> None:
    assert words.p_value(value) == told


@pytest.mark.parametrize(
    ("tell", "value", "told"),
    [
        (words.share, 0.1742, "17.4 %"),
        (words.share, None, "\N{EN DASH}"),
        (words.points, -0.0741, "\N{MINUS SIGN}7.4 points"),
        (words.points, 0.0741, "+7.4 points"),
        (words.number, 12345, "12,345"),
        (words.number, 2.974, "2.97"),
        (words.place, 0.5, "50.00"),
    ],
)
def test_figures_in_words(tell: object, value: float | None, told: str) -> None:
    assert callable(tell)
    assert tell(value) == told
