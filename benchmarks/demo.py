"""The stopwatch of a new user: a clean clone, `make demo`, and how long until there is something to see.

    .venv/bin/python benchmarks/demo.py                 clone, set up, show everything; prints the table, stops it
    .venv/bin/python benchmarks/demo.py --here          this checkout's environment, a fresh data folder
    .venv/bin/python benchmarks/demo.py --here --photos DIR --model-set NAME --until rate --keep

Memory is the proportional set size of all its processes together, looked at every ten seconds, since that takes a tenth
of a core by itself; nothing else of it is asked than its own database and the address that it prints. What it took of
the cores is the same on a busy machine, where the clock says more. `--keep` lets the site run on until Ctrl-C.
Where it does not end then, its data folder is left.
"""

import argparse
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LONGEST = 1_800  # seconds
LONGEST_END = 30.0  # seconds from the signal to its end
WEIGHED_EVERY = 10  # seconds between looks at the memory: of each, the kernel walks through all pages
FIRST = 6  # products of the step "first"; more are the "rest"
STEPS = ("photos", "first", "rate", "rest", "more", "crowd", "figures", "train", "gate", "compare", "learn")
OF_A_CROWD = ("crowd", "figures", "train", "gate", "compare")  # without one people are waited for


def main() -> None:
    options = asked()
    for number in (signal.SIGTERM, signal.SIGHUP):  # they would end this alone
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda came, _: sys.exit(128 + came))
    folder = Path(tempfile.mkdtemp(prefix="vitrine-demo-"))
    in_use = False
    try:
        rows = measure(options, folder)
    except StillRunning as error:
        in_use = True
        sys.exit(f"{error} So its data is left: {folder}")
    finally:
        if not in_use:
            shutil.rmtree(folder, ignore_errors=True)
    if not options.keep:
        print_table(rows)


def print_table(rows: list[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}", flush=True)


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--here", action="store_true", help="do not clone and set up")
    parser.add_argument("--photos", default="")
    parser.add_argument("--model-set", default="")
    parser.add_argument("--keep", action="store_true", help="at the end let it run on, until Ctrl-C")
    parser.add_argument("--until", default="", help=f"the step to wait for, in place of all: {', '.join(STEPS)}")
    return parser.parse_args()


def measure(options: argparse.Namespace, folder: Path) -> list[tuple[str, str]]:
    """The rows of the table, as far as it came."""
    rows: list[tuple[str, str]] = []
    home = ROOT
    if not options.here:
        home = folder / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(home)], check=True)
        began = time.monotonic()
        subprocess.run(["make", "--silent", "setup"], cwd=home, check=True)
        rows.append(("set-up", f"{time.monotonic() - began:.1f} s"))
    data = folder / "data"
    own = {"VITRINE_DATA_DIR": str(data), "DATABASE_URL": "", "VITRINE_PORT": "", "DISPLAY": ""}
    python = home / ".venv" / "bin" / "python"
    command = [str(python), "manage.py", "demo", "--photos", options.photos, "--model-set", options.model_set]
    began = time.monotonic()
    # In a session of its own: a terminal's Ctrl-C would reach it beside `end`'s, and a second one ends it hard.
    process = subprocess.Popen(
        command, cwd=home, env={**os.environ, **own}, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    said = Said(process)
    try:
        rows += watch(process, said, data / "vitrine.sqlite3", began, options.until)
        if options.keep:
            with suppress(KeyboardInterrupt):
                print_table([*rows, ("it runs on until this is ended", f"{said.address} with {data}")])
                process.wait()
    finally:
        end(process)
    return rows


class StillRunning(Exception):
    """The demonstration did not end when it was asked to."""


def end(process: "subprocess.Popen[str]") -> None:
    """Ask the demonstration to end, once, and wait for it; another Ctrl-C changes nothing. Raises StillRunning."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.send_signal(signal.SIGINT)
        process.wait(LONGEST_END)
    except subprocess.TimeoutExpired:
        raise StillRunning(f"The demonstration, process {process.pid}, still runs after {LONGEST_END:g} s.") from None
    finally:
        signal.signal(signal.SIGINT, before)


class Said(threading.Thread):
    """Reads what the demonstration prints, and notes when its address came."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        super().__init__(daemon=True)
        self.process, self.at, self.address, self.lines = process, 0.0, "", []  # type: ignore[var-annotated]
        self.start()

    def run(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it was opened as a pipe
        for line in self.process.stdout:
            self.lines.append(line)
            if not self.at and (found := re.search(r"https?://\S+", line)):
                self.at, self.address = time.monotonic(), found[0]


def watch(
    process: "subprocess.Popen[str]", said: Said, database: Path, began: float, until: str
) -> list[tuple[str, str]]:
    """Look once a second until what is asked for is over; raises SystemExit with what was said where it ends itself."""
    rows: list[tuple[str, str]] = []
    seen: set[str] = set()
    peak, weighed = 0, 0.0

    def note(name: str, at: float) -> None:
        if name not in seen:
            seen.add(name)
            rows.append((name, f"{at - began:.1f} s"))

    def is_there() -> bool:
        steps = (until,) if until else awaited(database)
        return bool(steps) and seen.issuperset(f"step {step} over" for step in steps)

    stopped: list[tuple[str, str]] = []
    while time.monotonic() - began < LONGEST and not stopped and not is_there():
        if process.poll() is not None:
            sys.exit("The demonstration has ended by itself:\n" + "".join(said.lines[-30:]))
        if time.monotonic() - weighed > WEIGHED_EVERY:
            peak, weighed = max(peak, memory(process.pid)), time.monotonic()
        if said.at:
            note("first page", said.at)
        for name in events(database):
            note(name, time.monotonic())
        stopped = ask(database, STOPPED)
        time.sleep(1)
    rows.append(("all of that", f"{time.monotonic() - began:.1f} s" if is_there() else "not reached"))
    rows += [(f"step {key.rpartition(' ')[2]} {state}", error.strip()) for key, state, error in stopped]
    rows.append(("cores, all processes together", f"{cpu_seconds(process.pid):.0f} s"))
    rows.append(("memory, all processes together, at most", f"{peak / 2**20:.0f} MiB"))
    rows += [(name, str(value)) for name, value in counts(database).items()]
    return rows


def ask(database: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows, none while the tables are not there."""
    if not database.exists():
        return []
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


def awaited(database: Path) -> tuple[str, ...]:
    """The steps of what is shown that need no person, in order; none before it has begun. See vitrine.demo.steps."""
    shown = [
        json.loads(params)["show"]
        for (params,) in ask(database, "SELECT params FROM jobs_job WHERE kind = 'demo.show'")
    ]
    return tuple(step for step in STEPS if any(goes_by_itself(step, show) for show in shown))


def goes_by_itself(step: str, show: dict[str, Any]) -> bool:
    """Whether a show of these parameters has that step, and comes to it without anybody's ratings."""
    if step == "learn":
        return bool(show["learned"])
    if step in OF_A_CROWD:
        return bool(show["crowd"])
    has_more = len(show["products"]) > FIRST
    return {"rest": has_more, "more": has_more and not show["crowd"]}.get(step, True)


def events(database: Path) -> list[str]:
    """What has come so far."""
    found = ["first candidate"] if ask(database, "SELECT 1 FROM generation_candidate LIMIT 1") else []
    over = "SELECT key FROM jobs_job WHERE kind = 'demo.step' AND state = 'succeeded'"
    ended = [key.rpartition(" ")[2] for (key,) in ask(database, over)]
    for step, query in WAITS.items():
        if step in ended and ask(database, query) != [(0,)]:
            ended.remove(step)
    return found + [f"step {step} over" for step in STEPS if step in ended]


# Steps whose job only asks: how many rows of what they asked for are not there yet.
_RUNS = (
    "SELECT count(*) FROM generation_run run JOIN generation_method method ON method.id = run.method_id"
    " WHERE run.state IN ('planned', 'running') AND method.name"
)
_SWAPS_OF = (
    " LIKE 'background-swap%' AND run.product_id IN (SELECT product.value FROM jobs_job,"
    " json_each(jobs_job.params, '$.show.products') product WHERE kind = 'demo.show' AND product.key"
)
WAITS = {
    "first": f"{_RUNS}{_SWAPS_OF} < {FIRST})",
    "rest": f"{_RUNS}{_SWAPS_OF} >= {FIRST})",
    "learn": f"{_RUNS} NOT LIKE 'background-swap%'",
    "figures": "SELECT count(*) FROM raters_campaignfigures WHERE computed_at IS NULL",
    "train": "SELECT count(*) FROM ranking_training WHERE ended_at IS NULL",
    "gate": "SELECT count(*) FROM ranking_promotion WHERE state = 'preparing'",
    "compare": "SELECT count(*) FROM review_comparison WHERE computed_at IS NULL",
}
STOPPED = "SELECT key, state, error FROM jobs_job WHERE kind = 'demo.step' AND state IN ('failed', 'cancelled')"
COUNTS = {
    "candidates": "SELECT count(*) FROM generation_candidate",
    "runs that ask a person": "SELECT count(*) FROM generation_run WHERE state = 'needs_person'",
    "simulated ratings": "SELECT count(*) FROM raters_rating WHERE origin = 'simulation'",
    "jobs that failed": "SELECT count(*) FROM jobs_job WHERE state = 'failed'",
}


def counts(database: Path) -> dict[str, Any]:
    return {name: (ask(database, query) or [("none",)])[0][0] for name, query in COUNTS.items()}


def memory(pid: int) -> int:
    """The proportional set size of a process and all its descendants, in bytes."""
    total = 0
    for one in family(pid):
        try:
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{one}/smaps_rollup").read_text(), re.M)
        except OSError:
            continue
        total += int(found[1]) * 1024 if found else 0
    return total


def cpu_seconds(pid: int) -> float:
    """What a process, its descendants and those of them that have ended took of the cores."""
    ticks = sum(sum(map(int, stat[11:15])) for stat in family(pid).values())
    return ticks / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> dict[int, list[str]]:
    """A process and all its descendants, by their ids: what /proc/ID/stat says behind the name."""
    stats: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stats[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
    found, waiting = dict[int, list[str]](), [pid]
    while waiting:
        one = waiting.pop()
        if one in stats:
            found[one] = stats[one]
        waiting += [child for child, stat in stats.items() if int(stat[1]) == one]
    return found


if __name__ == "__main__":
    main()
