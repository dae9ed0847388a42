"""The last lines that a running job logged, kept in memory and written to its attempt now and then."""

import logging
import threading
from collections import deque
from collections.abc import Callable

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
        self._written = 0  # lines so far
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
            self._size = 0
        self._open = True

    def end(self) -> str:
        """Keep nothing more; returns all that there is."""
        self._open = False
        return self.text()

    def text(self) -> str:
        with self._guard:
            return "\n".join(self._lines)

    def reader(self) -> Callable[[], str | None]:
        """A function that gives the whole text if it changed since its last call, else None."""
        read = self._written

        def news() -> str | None:
            nonlocal read
            with self._guard:
                if read == self._written:
                    return None
                read = self._written
                return "\n".join(self._lines)

        return news

    def _add(self, line: str) -> None:
        with self._guard:
            self._lines.append(line)
            self._size += len(line) + 1
            while self._size > MOST_CHARACTERS:
                self._size -= len(self._lines.popleft()) + 1
            self._written += 1


tail = LogTail()


def attach() -> None:
    """Listen on the root logger; harmless when it already does."""
    root = logging.getLogger()
    if tail not in root.handlers:
        root.addHandler(tail)


def name_jobs(*numbers: int) -> None:
    """Put the ids of these jobs on every log line of this thread; none takes them off."""
    job_id.set(",".join(map(str, numbers)))
