"""What an import did, in words and as CSV."""

import csv
from collections.abc import Iterator
from typing import TextIO

from catalog.models import ImportRun

HEADER = ("file", "line", "external_id", "reason")
# A spreadsheet would run a cell that begins so as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def summary(run: ImportRun) -> list[str]:
    """A few plain lines: what went in, what did not."""
    would = "would be " if run.dry_run else ""
    lines = [
        f"{run.rows_read:,} rows read from {run.origin} (source {run.source}, {run.get_layout_display()})",
        f"products: {run.products_added:,} {would}added, {run.products_updated:,} {would}updated, "
        f"{run.products_unchanged:,} unchanged",
    ]
    if run.photos_added or run.photos_known:
        lines.append(f"photos: {run.photos_added:,} {would}added, {run.photos_known:,} already there")
    lines.append(f"refused: {run.refused:,}")
    return lines


def taken(run: ImportRun) -> int:
    """How many products the run could use."""
    return run.products_added + run.products_updated + run.products_unchanged


def refusal_rows(run: ImportRun) -> Iterator[tuple[str, str, str, str]]:
    """All refusals as cells that are safe in a spreadsheet, the header first."""
    yield HEADER
    rows = run.refusals.order_by("id").values_list("file", "line", "external_id", "reason")
    for file, line, external_id, reason in rows.iterator(chunk_size=1000):
        yield _cell(file), str(line or ""), _cell(external_id), _cell(reason)


def write_refusals(run: ImportRun, file: TextIO) -> None:
    """Write all refusals as CSV."""
    csv.writer(file).writerows(refusal_rows(run))


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
