"""Ratings as files, and a cold start: seconds, rows a second, and whether memory grows with the ratings.

    python benchmarks/rating_files.py [--ratings 100000] [--only start,files]

`start`: CPU seconds of all migrations on an empty database and of the web server until it answers, each in processes of
their own, and MB of each web process. `files`: a campaign of a tenth of the ratings and one of all are imported from
CSV and exported in every kind; the peak of Python's own memory (tracemalloc) says whether it is flat.
"""

# ruff: noqa: PLC0415 - Django is set up once the environment is known

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.rating_site import ROOT, Server, environment, set_up  # noqa: E402 - the path first

KEYS = ("product", "logo", "use", "size", "surroundings", "placement", "safety", "business")
RATERS_PER_IMAGE = 3
PARTS = ("start", "files")
MB = 1e6


def started(folder: Path) -> None:
    """What it costs to begin with nothing."""
    variables = environment(folder, "")
    before = _children_cpu()
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT, env=variables, check=True,
    )  # fmt: skip
    migrated = _children_cpu() - before
    server = Server(folder, variables)
    server.start()
    served = server.cpu()
    memory = ", ".join(f"{mb:.0f}" for mb in server.pss())
    server.stop()
    print(
        f"start: migrations {migrated:.1f} s of CPU, the web server {served:.1f} s until it answers,"
        f" {migrated + served:.1f} in all; {memory} MB of PSS",
        flush=True,
    )


def files(folder: Path, ratings: int) -> None:
    """Import and export of a tenth of the ratings, and of all."""
    from raters.exchange.importing import Wish, import_ratings

    print(f"\n{'':<24}{'seconds':>9}{'ratings/s':>11}{'MB written':>12}{'peak MB of Python':>19}")
    for count in (ratings // 10, ratings):
        path = folder / f"{count}.csv"
        write_csv(path, count)
        began = time.perf_counter()
        with path.open("rb") as file:
            report = import_ratings(file, path.name, Wish(f"Bench of {count}"))
        _told(f"import {count:,}", time.perf_counter() - began, report.ratings, path.stat().st_size, None)
        if report.campaign is None:
            raise SystemExit(f"The import was refused: {report.problems[:3]}")
        for kind, parts in exports(report.campaign).items():
            began = time.perf_counter()
            size = sum(len(part) for part in parts())
            seconds = time.perf_counter() - began
            _told(f"export {count:,} {kind}", seconds, report.ratings, size, _peak(parts))


def exports(campaign: Any) -> dict[str, Callable[[], Iterable[bytes]]]:
    """By kind of file: what makes its bytes anew."""
    from raters.exchange import label_studio
    from raters.exchange.rows import rows_of
    from raters.exchange.writing import FORMATS, as_json_list

    def written(write: Callable[..., Iterable[bytes]]) -> Iterable[bytes]:
        return write(rows_of(campaign))

    made = {kind: partial(written, write) for kind, (write, _) in FORMATS.items()}
    return made | {"json": lambda: as_json_list(label_studio.tasks_of(campaign))}


def write_csv(path: Path, count: int) -> None:
    """So many ratings of eight answers, three an image, by twenty raters."""
    chance = random.Random(count)  # noqa: S311 - no secret
    with path.open("w") as file:
        file.write("task,rater,question,answer,seconds,rated_at\n")
        for number in range(count):
            image, place = divmod(number, RATERS_PER_IMAGE)
            rater = (image + place * 7) % 20
            for key in KEYS:
                answer = chance.choice(("yes", "yes", "maybe", "no"))
                file.write(f"image-{image},r{rater},{key},{answer},20,2026-05-01T10:00:00+00:00\n")


def _peak(parts: Callable[[], Iterable[bytes]]) -> float:
    """MB that Python holds at most while it goes through the parts, each forgotten at once."""
    tracemalloc.start()
    for _ in parts():
        continue
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / MB


def _told(name: str, seconds: float, ratings: int, size: int, peak: float | None) -> None:
    held = "" if peak is None else f"{peak:>19.1f}"
    print(f"{name:<24}{seconds:>9.1f}{ratings / seconds:>11,.0f}{size / MB:>12.1f}{held}", flush=True)


def _children_cpu() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratings", type=int, default=100_000)
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    options: Any = parser.parse_args()
    wanted = options.only.split(",")
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-files-") as folder:
        if "start" in wanted:
            (Path(folder) / "start").mkdir()
            started(Path(folder) / "start")
        if "files" in wanted:
            (Path(folder) / "files").mkdir()
            set_up(Path(folder) / "files", "")
            files(Path(folder) / "files", options.ratings)


if __name__ == "__main__":
    main()
