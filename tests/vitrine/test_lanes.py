"""Which tests .ci/run leaves out of its second lane: those of models and stages that use no database."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import computes_only

HERE = Path(__file__).resolve().parents[1]


LANES = ("servers_lane", "servers_browser_lane")


@pytest.mark.parametrize(
    ("path", "marks", "fixtures", "computes"),
    [
        ("generation/stages/test_select.py", (), ("tmp_path",), True),
        ("generation/checkpoints/families/test_warm.py", (), (), True),
        ("generation/training/test_loop.py", ("django_db",), (), False),
        ("generation/training/test_loop.py", (), ("db", "operator"), False),
        ("generation/test_running.py", (), (), False),
        ("jobs/test_claiming.py", (), (), False),
    ],
    ids=["a stage", "a family", "with the mark", "with the fixture", "what is around stages", "another room"],
)
def test_only_what_computes_without_a_database_runs_once(
    path: str, marks: tuple[str, ...], fixtures: tuple[str, ...], computes: bool
) -> None:
    item: Any = SimpleNamespace(path=HERE / path, fixturenames=fixtures, get_closest_marker=lambda name: name in marks)
    assert computes_only(item) is computes


def test_the_lanes_of_servers_leave_them_out_and_nothing_else() -> None:
    """Browser tests run there, too, in processes of their own."""
    lines = (HERE.parent / ".ci/run").read_text().splitlines()
    lane, browser = (next(line for line in lines if line.startswith(f"{name}()")) for name in LANES)
    assert "-m 'not compute and not browser'" in lane
    assert '"-m browser"' in browser
    assert sum(line.startswith('part "') and line.endswith(LANES) for line in lines) == 2
    assert "not compute" not in (HERE.parent / "Makefile").read_text()
