"""Exports: the documented columns, harmless in a spreadsheet, and in memory that does not grow with the ratings."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pyarrow import parquet

from raters.exchange.reading import lines_of
from raters.exchange.rows import NAMES, rows_of
from raters.exchange.writing import FORMATS, armed, disarmed
from raters.models import Campaign, Rating
from raters.services import changes
from tests.factories import rating as made


@pytest.fixture
def campaign(db: None) -> Campaign:
    """Two images rated by one rater, the second rating withdrawn."""
    found = made.make_campaign(2)
    rater = made.make_rater()
    made.rate(rater, found, made.NO, times={"size": 1500}, active_ms=12_000)
    changes.withdraw(rater, made.rate(rater, found).assignment.uuid)
    return found


def exported(campaign: Campaign, kind: str) -> bytes:
    return b"".join(FORMATS[kind][0](rows_of(campaign)))


def read_back(data: bytes, kind: str) -> list[dict[str, Any]]:
    if kind == "csv":
        return list(csv.DictReader(io.StringIO(data.decode())))
    if kind == "jsonl":
        return [json.loads(line) for line in data.decode().splitlines()]
    return list(parquet.read_table(io.BytesIO(data)).to_pylist())


@pytest.mark.parametrize("kind", FORMATS)
def test_one_row_an_answer_in_the_documented_columns(campaign: Campaign, kind: str) -> None:
    rows = read_back(exported(campaign, kind), kind)
    assert len(rows) == 16
    assert tuple(rows[0]) == NAMES
    size = next(row for row in rows if row["question"] == "size")
    assert (size["answer"], str(size["question_seconds"]), float(size["seconds"])) == ("no", "1.5", 12.0)
    assert [str(row["counts"]).lower() for row in rows[::8]] == ["true", "false"]
    assert {row["rater"] for row in rows} == {Rating.objects.all()[0].rater.code}


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_campaign_is_an_empty_file_that_can_be_read(db: None, kind: str) -> None:
    data = exported(made.make_campaign(1), kind)
    assert read_back(data, kind) == []
    assert kind == "jsonl" or data


@pytest.mark.parametrize("kind", FORMATS)
def test_what_was_written_is_read(campaign: Campaign, kind: str) -> None:
    data = exported(campaign, kind)
    lines = list(lines_of(io.BytesIO(data), f"x.{kind}"))
    assert len(lines) == 16
    assert not any(line.problem for line in lines)
    assert lines[0].row["question"] == "product"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("chair", "chair"),
        ("a=b", "a=b"),
        ("'quoted", "'quoted"),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert disarmed(text) == cell
    assert armed(disarmed(text)) == text


def test_labels_from_outside_are_disarmed(campaign: Campaign) -> None:
    campaign.tasks.update(method="=HYPERLINK(0)", name="")
    assert "'=HYPERLINK(0)" in exported(campaign, "csv").decode()
    assert read_back(exported(campaign, "jsonl"), "jsonl")[0]["method"] == "=HYPERLINK(0)"


def made_up(batches: int) -> Iterator[list[dict[str, Any]]]:
    row = dict.fromkeys(NAMES, "text") | {
        "question_seconds": 1.5,
        "seconds": 20.0,
        "rated_at": datetime(2026, 11, 21, tzinfo=UTC),
        "changed_at": None,
        "counts": True,
        "gold": False,
        "guidelines_version": 1.0,
    }
    for number in range(batches):
        yield [row | {"task": f"image {number}-{place}"} for place in range(200)]


@pytest.mark.parametrize("kind", FORMATS)
def test_memory_is_flat(kind: str) -> None:
    """12 times the rows take no more at their peak; a Parquet file ends in a line on each of its parts."""
    peaks = []
    for batches in (5, 60):
        list(FORMATS[kind][0](made_up(2)))
        tracemalloc.start()
        for part in FORMATS[kind][0](made_up(batches)):
            assert len(part) < 2_000_000
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5 + 600_000


def test_rows_come_in_batches(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raters.exchange.rows.BATCH", 1)
    assert [len(batch) for batch in rows_of(campaign)] == [8, 8]
