"""`manage.py ranker`: everything that a page can, here and now."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ranking.learning.loading import load
from ranking.models import Ranker
from ranking.services import registry
from tests.ranking.conftest import Trained


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("ranker", *arguments, stdout=out)
    return out.getvalue()


def test_promote_evaluate_and_roll_back(trained: Trained) -> None:
    Ranker.objects.filter(pk=trained.ranker.pk).update(gate={"promote": False, "against": None, "reasons": ["No."]})
    with pytest.raises(CommandError, match="The gate says no: No"):
        said("promote", "zsum-v1")
    assert said("promote", "zsum-v1", "--reason", "I want to see it") == (
        "zsum v1 is champion now, in place of the plain sum.\n"
    )
    assert registry.champion() == trained.ranker
    assert "zsum v1, champion" in said("evaluate", str(trained.ranker.pk))
    assert said("rollback") == "the plain sum decides again, in place of zsum v1.\n"
    with pytest.raises(CommandError, match="nothing before it to go back to"):
        said("rollback")


def test_export_writes_what_reloads_elsewhere(trained: Trained, tmp_path: Path) -> None:
    told = said("export", "zsum-v1", str(tmp_path / "out"))
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert told == f"{len(files)} files are in {tmp_path / 'out'}.\n"
    assert not [name for name in files if not name.endswith((".json", ".safetensors", ".txt"))]
    assert load(tmp_path / "out").name == "zsum"


def test_explain_tells_what_adds_up(trained: Trained) -> None:
    told = said("explain", "zsum-v1", str(trained.world.candidates[0].pk))
    *parts, total = [float(line.split()[0]) for line in told.splitlines()]
    assert sum(parts) == pytest.approx(total, abs=0.02)
    assert "CLIP-I" in told
    assert "to begin with" in told
