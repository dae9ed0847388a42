"""Run several processes as one: one terminal for their output, and all of them gone when one or the terminal goes.

Each process leads a group of its own, so that whatever it starts is found again. `vitrine.watchdog` outlives even a
SIGKILL of this process and ends the groups then.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vitrine import watchdog

GRACE = 5.0  # seconds from SIGTERM to SIGKILL
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_COLOURS = (36, 33, 35, 32)


class Supervisor:
    """`run()` starts the commands, relays their lines with their names, and returns an exit status."""

    def __init__(self, commands: Mapping[str, Sequence[str]], *, grace: float = GRACE) -> None:
        self._commands, self._grace = commands, grace
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._unfinished: dict[str, bytes] = {}  # what a process has written of a line so far
        self._selector = selectors.DefaultSelector()
        self._stop_signals: list[signal.Signals] = []
        self._failed = False

    def run(self, tick: Callable[[], None] = lambda: None) -> int:
        """0 when a signal ended it, 1 when one of the processes did; `tick` is called about five times a second."""
        lifeline = _start_watchdog(self._grace)
        before = self._catch_signals()
        try:
            self._start(lifeline)
            self._watch(tick)
        finally:
            self._stop()
            lifeline.communicate(b"done\n")
            for number, handler in before.items():
                signal.signal(number, handler)
        return int(self._failed)

    def say(self, line: str) -> None:
        """One line of this process's own."""
        self._write("vitrine", line)

    def _catch_signals(self) -> dict[signal.Signals, Any]:
        # nohup means: do not stop at SIGHUP. SIGINT is heard even where a script's "&" has it ignored.
        heard = [number for number in STOPS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
        return {
            number: signal.signal(number, lambda came, _: self._stop_signals.append(signal.Signals(came)))
            for number in heard
        }

    def _start(self, lifeline: subprocess.Popen[bytes]) -> None:
        for name, command in self._commands.items():
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            self._running[name] = process
            if lifeline.stdin is not None and process.stdout is not None:
                lifeline.stdin.write(f"{process.pid}\n".encode())
                lifeline.stdin.flush()
                self._selector.register(process.stdout, selectors.EVENT_READ, name)

    def _watch(self, tick: Callable[[], None]) -> None:
        while not self._stop_signals:
            self._relay(0.2)
            for name, process in self._running.items():
                if process.poll() is not None:
                    self._failed = True
                    self._relay(0)
                    self.say(f"{name} ended with status {process.returncode}, so everything stops.")
                    return
            tick()
        self.say(f"{self._stop_signals[0].name}: stopping …")

    def _stop(self) -> None:
        """SIGTERM to each process, SIGKILL to what is left of its group after the grace, or at a second signal."""
        heard = len(self._stop_signals)
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + self._grace
        while self._living_groups() and time.monotonic() < deadline and len(self._stop_signals) <= heard:
            self._relay(0.05)
        for group in self._living_groups():
            watchdog.signal_group(group, signal.SIGKILL)
        for process in self._running.values():
            process.wait()
        self._relay(0)

    def _living_groups(self) -> list[int]:
        for process in self._running.values():
            process.poll()  # else the leader stays in its group as a zombie
        return [process.pid for process in self._running.values() if watchdog.signal_group(process.pid, 0)]

    def _relay(self, timeout: float) -> None:
        """Pass on the lines that have come, waiting up to `timeout` seconds for the first."""
        if not self._selector.get_map():
            time.sleep(timeout)
            return
        for key, _ in self._selector.select(timeout):
            chunk = os.read(key.fd, 65536)
            if not chunk:
                self._selector.unregister(key.fileobj)
            *lines, rest = (self._unfinished.get(key.data, b"") + chunk).split(b"\n")
            if rest and not chunk:
                lines.append(rest)
            self._unfinished[key.data] = rest if chunk else b""
            for line in lines:
                self._write(key.data, line.decode(errors="replace"))

    def _write(self, name: str, line: str) -> None:
        names = [*self._commands, "vitrine"]
        label = f"{name:<{max(map(len, names))}} |"
        if sys.stdout.isatty():
            label = f"\033[{_COLOURS[names.index(name) % len(_COLOURS)]}m{label}\033[0m"
        try:
            print(label, line, flush=True)  # noqa: T201
        except OSError:
            # The terminal or the pipe behind us is gone: nobody reads on, so everything stops.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._stop_signals.append(signal.SIGHUP)


def _start_watchdog(grace: float) -> subprocess.Popen[bytes]:
    """In a session of its own, out of reach of the terminal's signals; isolated, so that it starts in 20 ms."""
    return subprocess.Popen(  # noqa: S603 - our own file
        [sys.executable, "-I", watchdog.__file__, str(grace)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
