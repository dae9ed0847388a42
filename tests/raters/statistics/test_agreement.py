"""Agreement per question: values as the libraries print them, intervals, and the sentences where there is none."""

import numpy as np
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa

from raters.statistics import agreement as agreeing
from raters.statistics.agreement import agreement, agreement_of
from raters.statistics.ballots import Scale
from tests.raters.statistics.made import ballots_of, counts_of, scale
from tests.raters.statistics.test_alpha import as_defined
from tests.raters.statistics.test_gwet import FOUR_RATERS

STARS = Scale("stars", ("1", "2", "3", "4", "5"))


def value_of(images: tuple[str, ...], statistic: str) -> agreeing.Figure:
    return agreement(counts_of(*images), scale(), resamples=50).figure(statistic)


@pytest.mark.parametrize(
    ("statistic", "published"),
    # Alpha: Krippendorff (2011), parts C and D; percent and AC1: irrCAC's overview for the same data.
    [("alpha_nominal", 0.743), ("alpha_ordinal", 0.815), ("percent", 0.818), ("ac1", 0.775), ("ac2", 0.899)],
)
def test_krippendorffs_own_example(statistic: str, published: float) -> None:
    figure = agreement(FOUR_RATERS, STARS, resamples=50).figure(statistic)
    assert figure.value is not None
    assert round(figure.value, 3) == published


def test_fleiss_own_example() -> None:
    """Fleiss (1971): 10 subjects, 14 raters, 5 categories; kappa .210 (the table of Wikipedia's article)."""
    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    figure = agreement(np.array(table), STARS, resamples=50).figure("fleiss")
    assert round(figure.value or 0, 3) == 0.21


def test_interval_holds_the_value_and_shrinks_with_more_images() -> None:
    few = agreement(counts_of(*["yyy", "yyn", "nnn", "mmn"] * 5), scale()).figure("alpha_nominal")
    many = agreement(counts_of(*["yyy", "yyn", "nnn", "mmn"] * 80), scale()).figure("alpha_nominal")
    for figure in (few, many):
        assert figure.low is not None
        assert figure.low < figure.value < figure.high  # type: ignore[operator]
    assert many.high - many.low < (few.high - few.low) / 3  # type: ignore[operator]


def test_same_seed_same_interval() -> None:
    images = counts_of("yyn", "ynn", "yyy", "nnn", "ymn")
    assert agreement(images, scale(), seed=7) == agreement(images, scale(), seed=7)
    assert agreement(images, scale(), seed=7) != agreement(images, scale(), seed=8)


@pytest.mark.parametrize(
    ("name", "images", "statistic", "sentence"),
    [
        ("nothing", (), "percent", "Undefined: no image has answers of two raters."),
        ("one answer each", ("y", "n"), "alpha_nominal", "Undefined: no image has answers of two raters."),
        ("one answer each", ("y", "n"), "ac1", "Undefined: no image has answers of two raters."),
        ("all the same", ("yyy", "yyy"), "alpha_nominal", "all 6 answers are the same"),
        ("all the same", ("yyy", "yyy"), "fleiss", "all 6 answers are the same"),
        ("variety only where alone", ("yyy", "n"), "alpha_nominal", "all 3 answers are the same"),
        ("all unclear", ("uuu", "uu"), "alpha_ordinal", "no image has answers of two raters"),
    ],
)
def test_undefined_says_why(name: str, images: tuple[str, ...], statistic: str, sentence: str) -> None:
    figure = value_of(images, statistic)
    assert figure.value is None, name
    assert figure.low is None
    assert sentence in figure.why


def test_all_the_same_is_full_agreement_in_percent_and_ac1() -> None:
    assert value_of(("yyy", "yyy"), "percent").value == 1
    assert value_of(("yyy", "yyy"), "ac1").value == 1


def test_two_answers_have_no_ordinal_figure() -> None:
    figure = agreement(counts_of("yn", "yy", answers="yn"), Scale("q", ("yes", "no"))).figure("alpha_ordinal")
    assert figure.value is None
    assert "fewer than three answers" in figure.why


def test_unclear_is_a_category_but_has_no_place_in_the_order() -> None:
    with_unclear, without = (
        value_of(("yyu", "nnu", "ymn"), "alpha_ordinal"),
        value_of(("yy", "nn", "ymn"), "alpha_ordinal"),
    )
    assert with_unclear.value == pytest.approx(without.value)
    assert value_of(("yyu", "nnu"), "percent").value == pytest.approx(1 / 3)


def test_fleiss_takes_the_complete_images_and_says_so() -> None:
    figure = value_of(("yyn", "ynn", "yyy", "nn"), "fleiss")
    assert figure.value == pytest.approx(fleiss_kappa(counts_of("yyn", "ynn", "yyy")))
    assert figure.why.startswith("Over the 3 of 4 images with 3 answers")


def test_alpha_takes_the_incomplete_images_too() -> None:
    images = ("yyn", "yn", "m", "nnn")
    assert value_of(images, "alpha_nominal").value == pytest.approx(as_defined(counts_of(*images), "nominal"))


def test_whole_ratings_come_last() -> None:
    ballots = ballots_of([("a", "r1", "yy"), ("a", "r2", "yn"), ("b", "r1", "yy"), ("b", "r2", "yy")], questions=2)
    found = agreement_of(ballots, resamples=20)
    assert [one.question for one in found] == ["q1", "q2", ""]
    assert found[-1].figure("percent").value == pytest.approx(0.5)
    assert found[-1].images == 2


def test_most_resamples_without_a_value_is_said() -> None:
    """Of four images one differs: about a third of the resamples miss it."""
    figure = value_of(("yy", "yy", "yy", "yn"), "alpha_nominal")
    assert figure.value is not None
    assert "resamples have no value" in figure.why
