"""Which tests .ci/run leaves out of its second lane: those of generation and ranking that use no database."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import computes_only

HERE = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("path", "marks", "fixtures", "computes"),
    [
        ("generation/stages/test_select.py", (), ("tmp_path",), True),
        ("generation/checkpoints/families/test_warm.py", (), (), True),
        ("generation/training/test_loop.py", ("django_db",), (), False),
        ("generation/training/test_loop.py", (), ("db", "operator"), False),
        ("generation/training/test_loop.py", (), ("transactional_db",), False),
        ("generation/test_memory.py", ("postgres",), (), False),
        ("ranking/learning/test_trees.py", ("redis",), (), False),
        ("generation/test_shadows.py", (), (), True),
        ("generation/mini/test_dino.py", (), (), True),
        ("ranking/learning/test_trees.py", (), (), True),
        ("browser/test_jobs.py", (), ("live_server",), False),
        ("raters/test_voting.py", (), (), False),
        ("jobs/test_claiming.py", (), (), False),
    ],
    ids=[
        "a stage",
        "a family",
        "with the mark",
        "with the fixture",
        "with one that commits",
        "what needs PostgreSQL",
        "what needs Redis",
        "what is around stages",
        "the small set",
        "a ranker",
        "a page",
        "another room",
        "processes",
    ],
)
def test_only_what_computes_without_a_database_runs_once(
    path: str, marks: tuple[str, ...], fixtures: tuple[str, ...], computes: bool
) -> None:
    item: Any = SimpleNamespace(path=HERE / path, fixturenames=fixtures, get_closest_marker=lambda name: name in marks)
    assert computes_only(item) is computes


def test_the_lane_of_servers_leaves_them_out() -> None:
    lane = next(line for line in (HERE.parent / ".ci/run").read_text().splitlines() if line.startswith("servers_lane"))
    assert "-m 'not compute'" in lane
    assert "not compute" not in (HERE.parent / "Makefile").read_text()
