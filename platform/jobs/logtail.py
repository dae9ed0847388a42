"""The last lines that a running job logged, kept in memory and written to its attempt now and then."""

import logging
import threading
from collections import deque

from jobs import plain
from vitrine.logs import job_id

MOST_CHARACTERS = 16_000
LONGEST_LINE = 2_000
# The carrier's own chatter is not what the job said.
_FOREIGN = ("celery", "kombu", "jobs.heartbeat", "jobs.dispatch", "django.db.backends")


class LogTail(logging.Handler):
    """A handler on the root logger that keeps the newest lines of whatever job is running in this process.

    Lines are kept whole up to LONGEST_LINE, and all together up to MOST_CHARACTERS.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
        self._lines: deque[str] = deque()
        self._size = 0
        self._changed = False
        self._open = False  # whether a job is running
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        # Threads that a job starts have no job_id of their own; other processes' jobs never get here.
        if not self._open or record.name.startswith(_FOREIGN):
            return
        self._add(plain.text(self.format(record))[:LONGEST_LINE])

    def begin(self) -> None:
        """Start empty, for the next job."""
        with self._guard:
            self._lines.clear()
            self._size, self._changed = 0, False
        self._open = True

    def end(self) -> str:
        """Keep nothing more; returns all that there is."""
        self._open = False
        return self.text()

    def text(self) -> str:
        with self._guard:
            return "\n".join(self._lines)

    def news(self) -> str | None:
        """The whole text if it changed since the last call, else None."""
        with self._guard:
            if not self._changed:
                return None
            self._changed = False
            return "\n".join(self._lines)

    def _add(self, line: str) -> None:
        with self._guard:
            self._lines.append(line)
            self._size += len(line) + 1
            while self._size > MOST_CHARACTERS:
                self._size -= len(self._lines.popleft()) + 1
            self._changed = True


tail = LogTail()


def attach() -> None:
    """Listen on the root logger; harmless when it already does."""
    root = logging.getLogger()
    if tail not in root.handlers:
        root.addHandler(tail)


def name_job(number: int | None) -> None:
    """Put the job's id on every log line of this thread; None takes it off."""
    job_id.set(str(number) if number is not None else "")
