"""Whatever way the supervisor ends, nothing it started is left, and nothing else is touched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# A process that has a child of its own; both write their ids, and both can be told to ignore SIGTERM.
FAMILY = """
import os, signal, subprocess, sys, time
if "--deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("pids", os.getpid(), child.pid, flush=True)
time.sleep(60)
"""
SUPERVISE = """
import signal, sys
from vitrine.supervisor import Supervisor
# The tests themselves may run under nohup.
signal.signal(signal.SIGHUP, signal.SIG_IGN if "--nohup" in sys.argv else signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a script's "&" leaves it
family = [sys.executable, "-c", sys.argv[1], *sys.argv[3:]]
other = [sys.executable, "-c", sys.argv[2]]
sys.exit(Supervisor({"one": family, "two": other}, grace=1.0).run())
"""
SLEEP = "import time; time.sleep(60)"
Start = Callable[..., tuple["subprocess.Popen[str]", list[int]]]


def alive(pid: int) -> bool:
    """Runs, and is not a zombie that only waits to be read."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def gone(pids: list[int], within: float) -> bool:
    deadline = time.monotonic() + within
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a supervisor of two processes and waits for the ids of the first one's family."""
    started = []

    def run(other: str = SLEEP, *options: str) -> tuple["subprocess.Popen[str]", list[int]]:
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, FAMILY, other, *options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "platform"},
        )
        started.append(process)
        assert process.stdout
        line = ""
        while "pids" not in line:
            line = process.stdout.readline()
            assert line, "the supervisor ended before its first process said who it is"
        return process, [int(word) for word in line.split("pids")[1].split()]

    yield run
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_children_and_grandchildren_and_nothing_else(start: Start, number: signal.Signals) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", SLEEP])
    supervisor, family = start()
    supervisor.send_signal(number)
    assert supervisor.wait(5) == 0
    assert gone(family, 2)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_under_nohup_a_closed_terminal_ends_nothing(start: Start) -> None:
    supervisor, family = start(SLEEP, "--nohup")
    supervisor.send_signal(signal.SIGHUP)
    time.sleep(0.6)
    assert supervisor.poll() is None
    assert all(map(alive, family))
    supervisor.terminate()
    assert supervisor.wait(5) == 0
    assert gone(family, 2)


def test_a_process_that_ignores_sigterm_is_killed_after_the_grace(start: Start) -> None:
    supervisor, family = start(SLEEP, "--deaf")
    began = time.monotonic()
    supervisor.terminate()
    assert supervisor.wait(5) == 0
    assert 0.9 < time.monotonic() - began < 3
    assert gone(family, 1)


def test_a_second_signal_does_not_wait_for_the_grace(start: Start) -> None:
    supervisor, family = start(SLEEP, "--deaf")
    supervisor.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(5) == 0
    assert time.monotonic() - began < 0.6
    assert gone(family, 1)


def test_when_one_process_ends_all_end_and_the_status_says_so(start: Start) -> None:
    supervisor, family = start("import time, sys; time.sleep(0.5); print('oh no'); sys.exit(7)")
    output, _ = supervisor.communicate(timeout=10)
    assert supervisor.returncode == 1
    assert "two     | oh no" in output
    assert "two ended with status 7, so everything stops." in output
    assert gone(family, 2)


def test_even_sigkill_of_the_supervisor_leaves_no_orphans(start: Start) -> None:
    supervisor, family = start(SLEEP, "--deaf")
    supervisor.kill()
    supervisor.wait()
    assert gone(family, 4)


def test_a_closed_terminal_or_pipe_ends_everything(start: Start) -> None:
    supervisor, family = start("while True: print('line', flush=True); import time; time.sleep(0.05)")
    assert supervisor.stdout
    supervisor.stdout.close()
    assert supervisor.wait(10) == 0
    assert gone(family, 2)


def test_lines_keep_whole_when_two_processes_write_at_once(start: Start) -> None:
    talk = "import time; time.sleep(1)\nfor n in range(500): print('line', n, flush=n % 7 == 0)\nprint('end', end='')"
    supervisor, _ = start(talk)
    output, _ = supervisor.communicate(timeout=10)
    lines = [line for line in output.splitlines() if line.startswith("two")]
    assert lines == [f"two     | line {n}" for n in range(500)] + ["two     | end"]
