"""The benchmark of whole runs: when it says that kills have changed nothing."""

from typing import Any

import pytest

from benchmarks.whole_run import held, made_otherwise

UNDISTURBED: dict[str, Any] = {
    "states": ["succeeded", "succeeded"],
    "candidates": [["a" * 64, "a mug", 1, 0.5, True]],
    "made": {"segment of mug-0": "1", "generate of mug-0": "2"},
    "kills": 0,
}


@pytest.mark.parametrize(
    ("changes", "otherwise", "wanted"),
    [
        pytest.param({}, [], True, id="all the same"),
        pytest.param({"candidates": [["b" * 64, "a mug", 1, 0.5, True]]}, [], False, id="another picture"),
        pytest.param({"candidates": []}, [], False, id="a picture less"),
        pytest.param(
            {"made": {"segment of mug-0": "1", "generate of mug-0": "3"}},
            ["generate of mug-0"],
            False,
            id="a stage made something else",
        ),
        pytest.param(
            {"made": {"segment of mug-0": "1"}}, ["generate of mug-0"], False, id="a stage that only the first did"
        ),
        pytest.param(
            {"made": UNDISTURBED["made"] | {"matte of mug-0": "4"}},
            ["matte of mug-0"],
            False,
            id="a stage that only the second did",
        ),
        pytest.param({"kills": 19}, [], False, id="a kill less"),
        pytest.param({"states": ["succeeded", "failed"]}, [], False, id="a run that failed"),
        pytest.param({"states": ["succeeded", "running"]}, [], False, id="a run that did not end"),
    ],
)
def test_it_holds_where_all_kills_came_and_all_is_equal(
    changes: dict[str, Any], otherwise: list[str], wanted: bool
) -> None:
    killed = UNDISTURBED | {"kills": 20} | changes
    assert made_otherwise(UNDISTURBED, killed) == otherwise
    assert held(UNDISTURBED, killed, 20) is wanted
