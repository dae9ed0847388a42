"""Rating here beside Label Studio and Potato: the same task, the same numbers of raters, the same machine and hour.

    python benchmarks/rating_peers.py --scripts DIR [--label-studio EXE] [--potato EXE]

`--scripts` is the folder with bench_label_studio.py and bench_potato.py, which start a peer of their own, measure it
and take it down; EXE is the peer's command in a virtual environment of its own that has httpx, too. A peer that is not
given is left out. Each as it starts by itself (SQLite, files; ours: SQLite and gunicorn), 2,000 images, 1 and 8 raters,
then 60 images drained by 8 raters without think time, and 30 with 1 to 3 s. Milliseconds are p50 / p95; server CPU is
the figure to compare between days.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.rating import Driven, drive, percentile  # noqa: E402 - the path first
from benchmarks.rating_site import Client, Server, audit, make_campaign, make_raters, set_up  # noqa: E402

IMAGES, SOLO, EACH, RATERS = 2_000, 40, 15, 8
Figures = dict[str, Any]
LINES: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("start to the first answer, CPU s", lambda found: f"{found['start']:.1f}"),
    ("images taken in, a second", lambda found: f"{found['import']:,.0f}" if found["import"] else "from a file"),
    ("1 rater: next, ms", lambda found: _pair(found["solo"], "next")),
    ("1 rater: submit, ms", lambda found: _pair(found["solo"], "submit")),
    ("1 rater: server CPU a rating, ms", lambda found: f"{found['solo']['cpu']:.1f}"),
    ("8 raters: next, ms", lambda found: _pair(found["multi"], "next")),
    ("8 raters: submit, ms", lambda found: _pair(found["multi"], "submit")),
    ("8 raters: server CPU a rating, ms", lambda found: f"{found['multi']['cpu']:.1f}"),
    ("8 raters: ratings a second", lambda found: f"{found['multi']['rate']:.1f}"),
    ("server memory after it, MB of PSS", lambda found: f"{found['memory']:.0f}"),
    ("60 images drained: over 3 / short of 3", lambda found: "{} / {}".format(*found["drain"])),
    ("30 images, 1-3 s think: over / short", lambda found: "{} / {}".format(*found["think"])),
)


def ours(folder: Path) -> Figures:
    """Vitrine as its own benchmark drives it, with the peers' numbers; submit's answer says what is next, too."""
    variables = set_up(folder, "")
    began = time.perf_counter()
    campaign = make_campaign(IMAGES)
    taken_in = IMAGES / (time.perf_counter() - began)
    server = Server(folder, variables)
    server.start()
    try:
        clients = [Client(server.port, session, campaign) for session in make_raters(RATERS)]
        found: Figures = {"start": server.cpu(), "import": taken_in}
        found["solo"] = _driven(server, clients[:1], SOLO)
        found["multi"] = _driven(server, clients, EACH)
        found["memory"] = sum(server.pss())
        for name, images, think in (("drain", 60, None), ("think", 30, (1.0, 3.0))):
            small = make_campaign(images)
            drive([Client(server.port, session, small) for session in make_raters(RATERS)], 10**6, think)
            counted = audit(small)
            found[name] = (counted["over"], counted["under"])
    finally:
        server.stop()
    return found


def theirs(name: str, executable: Path, scripts: Path, folder: Path) -> Figures:
    """What the peer's script measures, in our words. Raises SystemExit where it ends without a result."""
    result = folder / f"{name}.json"
    command = [
        str(executable.parent / "python"), str(scripts / f"bench_{name}.py"),
        f"--{name.replace('_', '-')}", str(executable), "--workdir", str(folder), "--out", str(result),
        "--reps", "1", "--big-tasks", "0", "--tasks", str(IMAGES), "--solo-ratings", str(SOLO),
        "--ratings-per-rater", str(EACH), "--raters", str(RATERS),
    ]  # fmt: skip
    with (folder / f"{name}.log").open("wb") as log:
        subprocess.run(
            command, cwd=scripts, stdout=log, stderr=log, check=False, timeout=900,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    if not result.exists():
        raise SystemExit(f"{name} ended without a result:\n{(folder / f'{name}.log').read_text()[-2000:]}")
    return read(json.loads(result.read_text()))


def read(found: Figures) -> Figures:
    """The result of a peer's script in our words."""
    start = found.get("cold_start_with_all_tasks") or found["cold_start"]
    return {
        "start": start["server_cpu_s"],
        "import": found.get("import_tasks_per_s", {}).get("best"),
        "solo": _of_peer(found["solo"]),
        "multi": _of_peer(found["multi"]),
        "memory": found["memory_after_mb"]["pss"],
        "drain": _beside_three(found["drain"]["audit"]),
        "think": _beside_three(found["drain_think_1_to_3_s"]["audit"]),
    }


def _of_peer(part: Figures) -> Figures:
    told = {name: part[name]["best"] for name in ("next_p50", "next_p95", "submit_p50", "submit_p95")}
    return told | {"cpu": part["server_cpu_ms_per_rating"]["best"], "rate": part["ratings_per_s"]["best"]}


def _beside_three(counted: Figures) -> tuple[int, int]:
    return counted["tasks_over_3"], counted["tasks"] - counted["tasks_over_3"] - counted["tasks_exactly_3"]


def _driven(server: Server, clients: list[Client], each: int) -> Figures:
    cpu = server.cpu()
    done: Driven = drive(clients, each)
    if done.errors:
        raise SystemExit(f"Raters failed: {done.errors[:3]}")
    told: Figures = {"cpu": 1000 * (server.cpu() - cpu) / done.ratings, "rate": done.ratings / done.seconds}
    for name, times in (("next", done.next), ("submit", done.submit)):
        told |= {f"{name}_p50": percentile(times, 50), f"{name}_p95": percentile(times, 95)}
    return told


def _pair(part: Figures, name: str) -> str:
    return f"{part[f'{name}_p50']:.0f} / {part[f'{name}_p95']:.0f}"


def table(found: dict[str, Figures]) -> str:
    """A line for each figure, a column for each tool."""
    head = f"{'':<42}" + "".join(f"{name:>18}" for name in found)
    lines = [f"{title:<42}" + "".join(f"{told(one):>18}" for one in found.values()) for title, told in LINES]
    return "\n".join([head, *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scripts", type=Path, required=True, help="the folder of the peers' scripts")
    parser.add_argument("--label-studio", type=Path, help="its executable")
    parser.add_argument("--potato", type=Path, help="its executable")
    options = parser.parse_args()
    peers = {"label_studio": options.label_studio, "potato": options.potato}
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-peers-") as folder:
        for name, executable in peers.items():
            if executable is not None:
                found[name] = theirs(name, executable.absolute(), options.scripts.absolute(), Path(folder))
                print(f"{name} is measured; load {os.getloadavg()[0]:.1f}", flush=True)
        (Path(folder) / "own").mkdir()
        found["vitrine"] = ours(Path(folder) / "own")
        print(f"\n{table(found)}\n\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
