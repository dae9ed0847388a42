"""The paper's Table 1 as data gives the rates that it prints."""

import pytest

from review.counting import tallies
from review.counting.tallies import KEY, SUMS, WHOLE
from review.models import ALL, UNTYPED, JudgedImage, Verdicts
from review.statistics import paper, rates
from review.statistics.rates import Sums


def images(products: list[tuple[int, int]]) -> list[JudgedImage]:
    """Judged images of products, each (images, passing ones)."""
    made = []
    for item, (count, passing) in enumerate(products, 1):
        for number in range(count):
            verdict = Verdicts.PASSED if number < passing else Verdicts.FAILED
            made.append(
                JudgedImage(
                    task_id=len(made) + 1,
                    campaign=1,
                    question_set=1,
                    questions=0,
                    item=item,
                    type=UNTYPED,
                    method=1,
                    prompt=1,
                    verdict=verdict,
                    ratings=3,
                    active_ms=0,
                    passes=0,
                    fails=0,
                )
            )
    return made


# 17.4 % of 500 images of 99 products, 45 with a passing one: 45.5 % of 100 products is no whole number of them.
OURS = [(5, 2)] * 42 + [(5, 1)] * 3 + [(5, 0)] * 49 + [(6, 0)] * 5
# 10 % of 1,000 images of 100 products, 24 with a passing one.
BASELINE = [(10, 5)] * 4 + [(10, 4)] * 20 + [(10, 0)] * 76


@pytest.mark.parametrize(
    ("products", "printed"), [(OURS, paper.TABLE_1[0]), (BASELINE, paper.TABLE_1[1])], ids=["ours", "DreamBooth"]
)
def test_table_1_gives_its_printed_rates(products: list[tuple[int, int]], printed: paper.PassRates) -> None:
    found = tallies.tallies_of(images(products))
    row = dict(zip(SUMS, found[ALL, ALL, ALL, ALL, WHOLE], strict=True))
    assert KEY == ("campaign", "method", "type", "question_set", "question")
    sums = Sums(**{name: row[name] for name in Sums.__dataclass_fields__})
    image, product = rates.per_image(sums), rates.per_product(row["with_1"], row["products"])
    assert f"{image.value:.2%}" == f"{printed.per_image:.2%}"
    assert f"{product.value:.1%}" == f"{printed.per_product:.1%}"
    assert sums.products in (paper.PRODUCTS - 1, paper.PRODUCTS)
    assert image.low is not None
    assert image.low < printed.per_image < image.high


def test_what_the_paper_prints() -> None:
    assert [(row.per_image, row.per_product) for row in paper.TABLE_1] == [(0.174, 0.455), (0.10, 0.24)]
    assert [row.clip_i for row in paper.TABLE_2] == [0.89, 0.80, 0.81]
    assert [row.seg_dino_i for row in paper.TABLE_2] == [0.99, 0.99, 0.98]
    assert set(paper.METRICS) <= set(paper.Alignment.__dataclass_fields__)
