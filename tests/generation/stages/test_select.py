"""Selection by the sum of three cosines: threshold, top N, ties."""

from dataclasses import replace
from pathlib import Path

import pytest

from generation.context import LocalContext
from generation.exceptions import NotPossible
from generation.recipe import SelectConfig
from generation.records import (
    GeneratedImage,
    GenerateResult,
    MeasureResult,
    Metrics,
    Order,
    Picture,
    SelectResult,
    from_plain,
    to_plain,
)
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


def made(*qualities: float | None) -> GenerateResult:
    """Unmeasured images named by their place."""
    images = tuple(
        GeneratedImage("a {product}", "a mug", place, Picture(str(place), str(place), 8, 8), quality=quality)
        for place, quality in enumerate(qualities)
    )
    return GenerateResult(images, "none", {})


@pytest.mark.parametrize(
    ("qualities", "top", "order"),
    [
        ((0.2, 0.9, 0.5), 2, "120"),
        ((0.5, 0.5, 0.9, 0.5), 9, "2013"),
        ((None, 0.1, None), 1, "102"),
        ((), 4, ""),
    ],
    ids=["best first", "ties keep their order", "unknown is last", "none"],
)
def test_unmeasured_images_are_ordered_by_their_own_quality(
    tmp_path: Path, qualities: tuple[float | None, ...], top: int, order: str
) -> None:
    config = SelectConfig(top=top, least_sum=5.0)  # there is no sum that could be too small
    inputs = select.Inputs(generate=made(*qualities))
    result = select.run(inputs, config, TinyModels(), LocalContext(), files_in(tmp_path))
    assert "".join(choice.picture.key for choice in result.choices) == order
    assert {choice.score for choice in result.choices} <= {None}
    assert len(result.picked) == min(top, len(qualities))
    assert from_plain(SelectResult, to_plain(result)) == result


def test_what_was_held_back_is_not_picked() -> None:
    """As with metrics, which are of candidates alone."""
    kept = made(0.2, 0.4)
    held = replace(kept.images[1], dropped="not for a shop")
    told = select.by_quality(replace(kept, images=(kept.images[0], held)), SelectConfig())
    assert [choice.picture.key for choice in told] == ["0"]


def test_metrics_win_over_quality(tmp_path: Path) -> None:
    inputs = select.Inputs(measured(1.0, 2.0), made(0.9, 0.1))
    result = select.run(inputs, SelectConfig(), TinyModels(), LocalContext(), files_in(tmp_path))
    assert [choice.score for choice in result.choices] == [2.0, 1.0]


def test_nothing_to_select_from_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotPossible, match="neither metrics nor images"):
        select.run(select.Inputs(), SelectConfig(), TinyModels(), LocalContext(), files_in(tmp_path))


def test_segmented_metrics_do_not_count() -> None:
    """The paper's score is CLIP-T + CLIP-I + DINO-I."""
    assert select.ordered(measured(1.0), SelectConfig())[0].score == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("chances", "unfit", "order", "picked"),
    [
        ({"0": 0.9, "1": 0.2, "2": 0.5}, (), "021", "02"),
        ({"0": 0.9, "1": 0.2, "2": 0.5}, ("0",), "021", "21"),
        ({"0": 0.9, "1": 0.2, "2": 0.5}, ("0", "1", "2"), "021", ""),
        ({"1": 0.2}, (), "120", "1"),
        ({"0": 0.5, "1": 0.5, "2": 0.5}, (), "120", "12"),
        ({}, (), "120", ""),
    ],
    ids=["its order", "one is unfit", "none is good enough", "unknown ones last", "ties by the sum", "knows none"],
)
def test_a_learned_order_decides(
    tmp_path: Path, chances: dict[str, float], unfit: tuple[str, ...], order: str, picked: str
) -> None:
    inputs = select.Inputs(measured(1.0, 2.0, 1.5), order=Order("blend v3", chances, unfit))
    result = select.run(inputs, SelectConfig(top=2), TinyModels(), LocalContext(), files_in(tmp_path))
    assert result.ranker == "blend v3"
    assert "".join(choice.picture.key for choice in result.choices) == order
    assert "".join(choice.picture.key for choice in result.picked) == picked
    assert [choice.place for choice in result.choices] == [1, 2, 3]
    assert {choice.picture.key: choice.score for choice in result.choices} == {"0": 1.0, "1": 2.0, "2": 1.5}
    assert [choice.chance for choice in result.choices] == [chances.get(key) for key in order]
    assert from_plain(SelectResult, to_plain(result)) == result


def test_results_from_before_there_were_rankers_can_be_read() -> None:
    plain = to_plain(SelectResult(select.ordered(measured(1.0), SelectConfig())))
    del plain["ranker"]
    del plain["choices"][0]["chance"]
    assert from_plain(SelectResult, plain).ranker == ""
