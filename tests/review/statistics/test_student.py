"""Student's t without scipy, against scipy."""

import pytest
from scipy import special, stats

from review.statistics import student


@pytest.mark.parametrize("degrees", [1, 2, 3, 9, 49, 99, 1_000, 99_999])
@pytest.mark.parametrize("probability", [0.025, 0.5, 0.75, 0.95, 0.975, 0.995])
def test_quantiles_are_those_of_scipy(degrees: int, probability: float) -> None:
    assert student.quantile(probability, degrees) == pytest.approx(
        stats.t.ppf(probability, degrees), rel=1e-8, abs=1e-9
    )


@pytest.mark.parametrize("value", [-3.0, -0.5, 0.0, 1.0, 12.0])
def test_the_distribution_is_that_of_scipy(value: float) -> None:
    assert student.distribution(value, 7) == pytest.approx(stats.t.cdf(value, 7), rel=1e-10)


@pytest.mark.parametrize(("a", "b", "x"), [(0.5, 0.5, 0.3), (5, 0.5, 0.9), (50, 0.5, 0.999), (2, 3, 0.0), (2, 3, 1.0)])
def test_the_incomplete_beta_is_that_of_scipy(a: float, b: float, x: float) -> None:
    assert student.incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 3), (1.0, 3), (0.5, 0), (-1, 2)])
def test_what_has_no_quantile_is_refused(probability: float, degrees: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        student.quantile(probability, degrees)
