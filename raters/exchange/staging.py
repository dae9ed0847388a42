"""Rows of a file, checked one by one and set down in a database of their own, until it is sure that all are good.

Others' files come in any order: here they are sorted by image and rater on disk, so that memory stays flat, and a
second answer to the same question by the same rater is found with the line of the first.
"""

import math
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from raters.exchange.reading import BadFile, Line
from raters.services.questions import MOST_ANSWERS, MOST_QUESTIONS

LONGEST = {"task": 200, "rater": 60, "question": 40, "answer": 60, "subject": 500, "method": 120}
MOST_PROBLEMS = 100
_TABLE = """
CREATE TABLE answers (task TEXT, rater TEXT, question TEXT, answer TEXT, subject TEXT, method TEXT,
 question_ms INTEGER, active_ms INTEGER, rated_at TEXT, line INTEGER, UNIQUE (task, rater, question)) STRICT
"""


class Staged(NamedTuple):
    """One rating: all answers of one rater to one image."""

    task: str
    rater: str
    answers: dict[str, str]
    times: dict[str, int]
    active_ms: int
    rated_at: datetime | None
    subject: str
    method: str


@dataclass
class Found:
    """What a file holds: how often each answer to each question was given, and a sentence for each bad row."""

    rows: int = 0
    bad: int = 0
    problems: list[str] = field(default_factory=list)
    answers: dict[str, dict[str, int]] = field(default_factory=dict)

    def refuse(self, number: int, problem: str) -> None:
        self.bad += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(f"Line {number} {problem}.")


class Staging:
    """A context: `take` the lines of a file, then go through `ratings`, sorted by image."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="vitrine-ratings-")
        self._rows = sqlite3.connect(Path(self._folder.name) / "rows.sqlite3", isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=OFF")
        self._rows.execute("PRAGMA synchronous=OFF")
        self._rows.execute(_TABLE)
        self._rows.execute("BEGIN")
        self.found = Found()

    def __enter__(self) -> "Staging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.close()
        self._folder.cleanup()

    def take(self, lines: Iterable[Line]) -> Found:
        """Check and set down each line. Lines without an answer are passed over."""
        for line in lines:
            self.found.rows += 1
            if line.problem:
                self.found.refuse(line.number, line.problem)
                continue
            try:
                self._put(line)
            except ValueError as problem:
                self.found.refuse(line.number, str(problem))
        return self.found

    def ratings(self) -> Iterator[Staged]:
        """All ratings by image and rater; the answers of each in the order of their questions' keys."""
        with closing(self._rows.execute("SELECT * FROM answers ORDER BY task, rater, line")) as rows:
            held: list[Any] = []
            for row in rows:
                if held and row[:2] != held[0][:2]:
                    yield _rating(held)
                    held = []
                held.append(row)
            if held:
                yield _rating(held)

    def shape(self) -> tuple[int, int]:
        """How many images there are, and the largest number of ratings of one."""
        tasks, _, most = self._counted()
        return tasks, most

    def ratings_there(self) -> int:
        """How many ratings there are: all answers of one rater to one image are one."""
        return self._counted()[1]

    def _counted(self) -> tuple[int, int, int]:
        query = "SELECT COUNT(*), SUM(n), MAX(n) FROM (SELECT COUNT(DISTINCT rater) AS n FROM answers GROUP BY task)"
        tasks, ratings, most = self._rows.execute(query).fetchone()
        return tasks, ratings or 0, most or 0

    def _put(self, line: Line) -> None:
        row = {name: _text(line.row, name) for name in LONGEST}
        if not row["answer"]:
            return
        for name in ("task", "rater", "question"):
            if not row[name]:
                raise ValueError(f"has no {name}")
        values = (
            *row.values(),
            _milliseconds(line.row.get("question_seconds"), "question_seconds"),
            _milliseconds(line.row.get("seconds"), "seconds"),
            _time(line.row.get("rated_at")),
            line.number,
        )
        order = "task, rater, question, answer, subject, method, question_ms, active_ms, rated_at, line"
        try:
            self._rows.execute(f"INSERT INTO answers ({order}) VALUES ({', '.join('?' * 10)})", values)  # noqa: S608
        except sqlite3.IntegrityError:
            raise ValueError(self._doubled(row)) from None
        self._count(row["question"], row["answer"])

    def _count(self, question: str, answer: str) -> None:
        """Count an answer. Raises BadFile at the first question or answer too many: memory is to stay flat."""
        often = self.found.answers.setdefault(question, {})
        if len(self.found.answers) > MOST_QUESTIONS:
            raise BadFile(f"The file has more than {MOST_QUESTIONS} questions: {question!r} is one too many.")
        often[answer] = often.get(answer, 0) + 1
        if len(often) > MOST_ANSWERS:
            raise BadFile(
                f"{question!r} has more than {MOST_ANSWERS} different answers, such as {answer!r}: a question has up to"
                f" {MOST_ANSWERS}. Leave out columns of free text."
            )

    def _doubled(self, row: dict[str, str]) -> str:
        query = "SELECT line FROM answers WHERE task = ? AND rater = ? AND question = ?"
        first = self._rows.execute(query, (row["task"], row["rater"], row["question"])).fetchone()[0]
        return (
            f"is a second answer of rater {row['rater']!r} to {row['question']!r} on image {row['task']!r}: the first"
            f" is in line {first}"
        )


def _rating(rows: list[Any]) -> Staged:
    first = rows[0]
    times = {row[2]: row[6] for row in rows if row[6]}
    at = max((row[8] for row in rows if row[8]), default=None)
    return Staged(
        task=first[0],
        rater=first[1],
        answers={row[2]: row[3] for row in rows},
        times=times,
        active_ms=max(row[7] for row in rows) or sum(times.values()),
        rated_at=datetime.fromisoformat(at) if at else None,
        subject=next((row[4] for row in rows if row[4]), ""),
        method=next((row[5] for row in rows if row[5]), ""),
    )


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise ValueError(f"has no text as its {name}")
    text = str(value).strip()
    if len(text) > LONGEST[name]:
        raise ValueError(f"has a {name} of {len(text):,} characters; {LONGEST[name]} are taken")
    if any(ord(letter) < 32 or 0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise ValueError(f"has a character in its {name} that cannot be shown")
    return text


def _milliseconds(value: Any, name: str) -> int:
    if value is None or value == "":
        return 0
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"has {str(value)[:40]!r} as {name}, which is no number") from None
    if not math.isfinite(seconds) or not 0 <= seconds <= 86_400:
        raise ValueError(f"has {seconds:g} as {name}; it is from 0 to a day")
    return round(seconds * 1000)


def _time(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, datetime):
        try:
            value = datetime.fromisoformat(str(value))
        except ValueError:
            raise ValueError(f"has {str(value)[:40]!r} as rated_at; write 2026-11-21T18:30:00+00:00") from None
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    try:
        return str(value.astimezone(UTC).isoformat())
    except OverflowError:
        raise ValueError(f"has {value} as rated_at, which is out of range") from None
