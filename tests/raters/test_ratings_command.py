"""`manage.py ratings`: files out and in."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from raters.models import Campaign
from tests.factories import rating as made

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "json"])
def test_out_and_in(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = made.make_campaign(1)
    made.rate(made.make_rater(), campaign)
    file = tmp_path / f"mine.{ending}"
    call_command("ratings", "export", str(campaign.pk), str(file))
    call_command("ratings", "import", str(file), "--name", "Again", "--questions", campaign.question_set.name)
    assert "1 ratings of 1 images from 8 rows" in capsys.readouterr().out
    assert Campaign.objects.get(name="Again").state == "closed"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["export", "99", "x.csv"], "There is no campaign 99."),
        (["import", "missing.csv"], "No such file"),
        (["import", "missing.csv", "--questions", "none"], "There is no question set 'none'."),
    ],
)
def test_refusals(arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=sentence):
        call_command("ratings", *arguments)


def test_an_unknown_ending(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="of no known kind"):
        call_command("ratings", "export", str(made.make_campaign(1).pk), str(tmp_path / "x.doc"))


def test_bad_rows_are_told_and_nothing_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "theirs.csv"
    file.write_text("task,rater,question,answer\n,r1,ok,yes\na,r1,ok,yes\n")
    with pytest.raises(CommandError, match="Nothing was taken: 1 of 2 rows are bad"):
        call_command("ratings", "import", str(file))
    assert "Line 2 has no task." in capsys.readouterr().err
