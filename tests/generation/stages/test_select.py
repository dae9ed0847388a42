"""Selection by the sum of three cosines: threshold, top N, ties."""

from pathlib import Path

import pytest

from generation.context import LocalContext
from generation.recipe import SelectConfig
from generation.records import MeasureResult, Metrics, Picture, SelectResult, from_plain, to_plain
from generation.stages import select
from tests.factories.checkpoints.perceivers import TinyModels
from tests.factories.pipeline import files_in


def measured(*sums: float) -> MeasureResult:
    """Candidates named by their place, whose three cosines add up to these sums."""
    return MeasureResult(
        tuple(
            Metrics(Picture(str(place), str(place), 8, 8), total / 2, total / 4, total / 4, 9.0, 9.0, 9.0, None)
            for place, total in enumerate(sums)
        ),
        "generated-data/none",
    )


@pytest.mark.parametrize(
    ("sums", "config", "order", "picked"),
    [
        ((1.0, 2.0, 1.5), SelectConfig(top=2), "120", 2),
        ((1.0, 2.0, 1.5), SelectConfig(top=2, least_sum=1.6), "120", 1),
        ((1.0, 2.0, 1.5), SelectConfig(top=9, least_sum=1.5), "120", 2),
        ((1.0, 2.0, 1.5), SelectConfig(least_sum=5.0), "120", 0),
        ((1.5, 1.5, 2.0, 1.5), SelectConfig(top=3), "2013", 3),
        ((), SelectConfig(), "", 0),
    ],
    ids=["top two", "threshold", "the threshold itself passes", "none is good enough", "ties keep their order", "none"],
)
def test_the_best_are_picked(
    tmp_path: Path, sums: tuple[float, ...], config: SelectConfig, order: str, picked: int
) -> None:
    result = select.run(select.Inputs(measured(*sums)), config, TinyModels(), LocalContext(), files_in(tmp_path))
    assert "".join(choice.picture.key for choice in result.choices) == order
    assert [choice.place for choice in result.choices] == list(range(1, len(sums) + 1))
    assert [choice.picked for choice in result.choices] == [True] * picked + [False] * (len(sums) - picked)
    assert [choice.score for choice in result.choices] == pytest.approx(sorted(sums, reverse=True))
    assert len(result.picked) == picked
    assert from_plain(SelectResult, to_plain(result)) == result


def test_segmented_metrics_do_not_count() -> None:
    """The paper's score is CLIP-T + CLIP-I + DINO-I."""
    assert select.ordered(measured(1.0), SelectConfig())[0].score == pytest.approx(1.0)
