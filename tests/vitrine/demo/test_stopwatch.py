"""The stopwatch of the demonstration: which steps it waits for, and when it calls one over."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import demo as stopwatch
from vitrine.demo import shows
from vitrine.demo.shows import Show
from vitrine.demo.steps import steps_of


def test_the_stopwatch_counts_what_children_took_that_have_ended() -> None:
    before, own = stopwatch.cpu_seconds(os.getpid()), sum(os.times()[:4])
    work = "import time\nwhile time.process_time() < 0.6: sum(range(10_000))"
    subprocess.run([sys.executable, "-c", work], check=True)
    took, known = stopwatch.cpu_seconds(os.getpid()) - before, sum(os.times()[:4]) - own
    assert known > 0.5
    assert took == pytest.approx(known, abs=0.3), "but for hundredths, and what the looks themselves take"


STAND_IN = """#!{python}
# Shows all that is waited for, says how many signals came, and ends at the first one or, where it is deaf, never.
import os, pathlib, signal, sqlite3
data = pathlib.Path(os.environ["VITRINE_DATA_DIR"])
data.mkdir()
with open({log!r}, "a") as log:
    def heard(number, _):
        print(signal.Signals(number).name, file=log, flush=True)
    signal.signal(signal.SIGINT, heard)
    print(os.getpid(), file=log, flush=True)
    with sqlite3.connect(data / "vitrine.sqlite3") as database:
        database.execute("CREATE TABLE jobs_job (kind, key, state, error)")
        database.execute("INSERT INTO jobs_job VALUES ('demo.step', 'demo samples more', 'succeeded', '')")
    signal.pause()
    while {deaf}:
        signal.pause()
    assert data.exists()
    print("ended", file=log)
"""
DRIVER = """
import signal, sys
from pathlib import Path
from benchmarks import demo
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's children ignore it
demo.ROOT, demo.LONGEST_END = Path(sys.argv[1]), float(sys.argv[2])
sys.argv = ["demo.py", "--here", "--until", "more", "--keep"]
demo.main()
"""


@pytest.mark.parametrize("deaf", [False, True], ids=["ends", "is deaf"])
def test_a_ctrl_c_ends_what_runs_on_with_one_signal(deaf: bool, tmp_path: Path) -> None:
    log, home, temporary = tmp_path / "log", tmp_path / "home", tmp_path / "temporary"
    python = home / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    temporary.mkdir()
    python.write_text(STAND_IN.format(python=sys.executable, log=str(log), deaf=deaf))
    python.chmod(0o755)
    command = [sys.executable, "-c", DRIVER, str(home), "0.5" if deaf else "90"]
    with (tmp_path / "complained").open("w") as errors, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True, cwd=stopwatch.ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert any("it runs on until this is ended" in line for line in process.stdout)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(120)
    complained = (tmp_path / "complained").read_text()
    pid, *heard = log.read_text().splitlines()
    if deaf:
        os.kill(int(pid), signal.SIGKILL)
    assert "Traceback" not in complained
    assert heard == (["SIGINT"] if deaf else ["SIGINT", "ended"]), "a second one would have it give up at once"
    left = list(temporary.iterdir())
    assert (process.returncode, len(left)) == ((1, 1) if deaf else (0, 0))
    assert not deaf or (f"process {pid}" in complained and str(left[0]) in complained)


@pytest.mark.parametrize("products", [2, shows.FIRST + 1])
@pytest.mark.parametrize("learned", ["", "mini"])
@pytest.mark.parametrize("crowd", [True, False])
def test_the_stopwatch_waits_for_what_needs_nobody(products: int, learned: str, crowd: bool, tmp_path: Path) -> None:
    show = Show("photos-1", "Own", tuple(range(products)), learned=learned, crowd=crowd)
    assert stopwatch.awaited(tmp_path / "none.sqlite3") == (), "nothing has begun"
    with sqlite3.connect(tmp_path / "one.sqlite3") as database:
        database.execute("CREATE TABLE jobs_job (kind, params)")
        database.execute("INSERT INTO jobs_job VALUES ('demo.show', ?)", [json.dumps({"show": asdict(show)})])
    database.close()
    for_people = () if crowd else ("figures", "compare")
    assert set(stopwatch.awaited(tmp_path / "one.sqlite3")) == {step.name for step in steps_of(show)} - set(for_people)


@pytest.mark.parametrize(
    ("product", "method", "waits"),
    [(3, "background-swap", "first"), (3, "background-swap-flat", "first"), (8, "background-swap", "rest"),
     (3, shows.SMALL[0], "learn"), (8, "paper-2503.08729", "learn")],
)  # fmt: skip
def test_the_stopwatch_tells_which_step_a_run_holds_up(product: int, method: str, waits: str, tmp_path: Path) -> None:
    params = json.dumps({"show": asdict(Show("samples", "Samples", tuple(range(9)), learned="mini"))})
    with sqlite3.connect(tmp_path / "one.sqlite3") as database:
        database.execute("CREATE TABLE jobs_job (kind, key, state, params)")
        database.execute("INSERT INTO jobs_job VALUES ('demo.show', 'demo samples', 'succeeded', ?)", [params])
        for step in ("first", "rest", "learn"):
            database.execute("INSERT INTO jobs_job VALUES ('demo.step', ?, 'succeeded', '')", [f"demo samples {step}"])
        database.execute("CREATE TABLE generation_candidate (id)")
        database.execute("CREATE TABLE generation_method (id, name)")
        database.execute("CREATE TABLE generation_run (state, product_id, method_id)")
        database.execute("INSERT INTO generation_method VALUES (1, ?)", [method])
        database.execute("INSERT INTO generation_run VALUES ('running', ?, 1), ('succeeded', 3, 1)", [product])
    database.close()
    over = {f"step {step} over" for step in {"first", "rest", "learn"} - {waits}}
    assert set(stopwatch.events(tmp_path / "one.sqlite3")) == over
