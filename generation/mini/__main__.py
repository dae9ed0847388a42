"""`python -m generation.mini train|evaluate|sheet|export|compare`: rebuilds the model set from the world, part by part.

    python -m generation.world render --out var/mini/world-64 --things 4000
    python -m generation.world render --out var/mini/held-64 --things 300 --first-seed 900000
    python -m generation.world render --out var/mini/orbit-64 --things 1500 --views 0 --orbit 6 --first-seed 100000
    python -m generation.world render --out var/mini/orbit-held-64 --things 100 --views 0 --orbit 6 --first-seed 950000
    python -m generation.mini train all --minutes 60
    python -m generation.mini evaluate all
    python -m generation.mini export all
    python -m generation.mini compare --minutes 120

A training that is stopped (end of the time box, SIGTERM, Ctrl-C) goes on where it was at the next call.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from generation.checkpoints.cache import ModelCache
from generation.checkpoints.devices import choose_device
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import Places
from generation.exceptions import GenerationError
from generation.mini import comparing, estimating, evaluating, exporting, makers, perceivers
from generation.mini.classifier import read_judge
from generation.mini.makers import Limits, Room
from generation.mini.renders import read_renders
from generation.mini.training import Progress, train

HOME = Path("var/mini")
WEIGHTS = Path(__file__).parent / "weights"
SHEETS_AT = (20_000, 50_000, 100_000, 200_000, 300_000, 400_000, 600_000, 800_000, 1_000_000)
PARTS = (*makers.MAKERS, *perceivers.PARTS)


def main(arguments: Sequence[str]) -> int:
    """Does what is asked, prints one JSON line per part; 1 with a sentence where it cannot be done."""
    asked = _parser().parse_args(arguments)
    torch.set_num_threads(asked.threads)
    room = Room(
        tuple(asked.renders), asked.held_out, asked.work, asked.weights, tuple(asked.orbits), asked.held_out_orbits
    )
    parts = PARTS if asked.part == "all" else (asked.part,)
    try:
        if asked.act == "compare":
            for line in _compared(room, asked):
                print(line, flush=True)  # noqa: T201
            return 0
        for part in parts:
            for line in _ACTS[asked.act](room, part, asked):
                print(line, flush=True)  # noqa: T201 - the command's answer
    except GenerationError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _train(room: Room, part: str, asked: argparse.Namespace) -> list[str]:
    limits = Limits(asked.minutes, _stopped())
    if part == "text-to-image":
        visit = exporting.sheets_of(room)
        limits = Limits(asked.minutes, limits.stop, dict.fromkeys(SHEETS_AT, visit))
    make = makers.MAKERS.get(part) or partial(_train_perceiver, part)
    return [exporting.report(part, vars(make(room, limits)))]


def _train_perceiver(part: str, room: Room, limits: Limits) -> Progress:
    known = perceivers.PARTS[part]
    task = known.task(makers.renders_of(room, orbits=known.orbits))
    return train(task, known.plan, room.training(part), minutes=limits.minutes, stop=limits.stop)


def _evaluate(room: Room, part: str, _asked: argparse.Namespace) -> list[str]:
    if part in perceivers.PARTS:
        found = evaluating.evaluate(room.weights, read_renders(room.held_out), evaluating.of_part(part))
        return [evaluating.table(found)]
    if part not in exporting.EVALUATIONS:
        return []
    said = exporting.EVALUATIONS[part](room)
    evaluating.keep(room.weights, "base", {part: said})
    return [exporting.report(part, said)]


def _sheet(room: Room, part: str, _asked: argparse.Namespace) -> list[str]:
    if part != "text-to-image":
        return []
    return [exporting.report(part, {"sheet": str(exporting.draw_sheet(room))})]


def _export(room: Room, part: str, _asked: argparse.Namespace) -> list[str]:
    if part in perceivers.PARTS:
        said = perceivers.export(part, makers.renders_of(room), room.training(part), room.weights)
        return [exporting.report(part, {"progress": said["progress"]})]
    write = {"text-to-image": exporting.export_base, "novel-view": exporting.export_views}.get(part)
    return [exporting.report(part, {"folder": str(write(room))})] if write else []


def _compared(room: Room, asked: argparse.Namespace) -> Iterator[str]:
    """Compares the methods until all is done or the time is over; says what was done, then the table; draws a sheet."""
    trial = comparing.Trial(asked.products, steps_share=asked.steps_share, rate=asked.rate)
    chosen = read_set("mini", Places(room.work))
    models = ModelCache(chosen, choose_device(), 8 << 30)
    folder, judge = room.work / "compare", read_judge(room.weights / "judge")
    comparison = comparing.Comparison(trial, models, judge, folder, asked.methods)
    ends, stopped = time.monotonic() + asked.minutes * 60, _stopped()
    for done in comparison.go_on():
        yield done
        if time.monotonic() > ends or stopped():
            break
    yield estimating.table(comparing.read_rows(folder))
    if (page := comparing.sheet(comparison)).height:
        page.save(folder / "sheet.webp", quality=90)


_ACTS: dict[str, Callable[[Room, str, argparse.Namespace], list[str]]] = {
    "train": _train,
    "evaluate": _evaluate,
    "sheet": _sheet,
    "export": _export,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="generation.mini", description="Rebuild the model set mini.")
    parser.add_argument("act", choices=(*_ACTS, "compare"))
    parser.add_argument("part", choices=(*PARTS, "all"), nargs="?", default="all")
    parser.add_argument("--renders", type=Path, nargs="+", default=[HOME / "world-64"])
    parser.add_argument("--held-out", type=Path, default=HOME / "held-64")
    parser.add_argument("--orbits", type=Path, nargs="+", default=[HOME / "orbit-64"])
    parser.add_argument("--held-out-orbits", type=Path, default=HOME / "orbit-held-64")
    parser.add_argument("--work", type=Path, default=HOME)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="wall time of each part")
    parser.add_argument("--threads", type=int, default=1, help="one where cores are shared")
    parser.add_argument(
        "--methods", nargs="+", choices=estimating.METHODS, default=estimating.METHODS,
        help="compare: which, such as dreambooth-lora paper-2503.08729; all unless named",
    )  # fmt: skip
    parser.add_argument("--products", type=int, default=20, help="compare: that no training has seen")
    parser.add_argument("--steps-share", type=float, default=0.2, help="compare: of the methods' own steps")
    parser.add_argument("--rate", type=float, default=1e-3, help="compare: at which all methods learn")
    return parser


def _stopped() -> Callable[[], bool]:
    """Says whether this process was asked to end: it does after the step, with a checkpoint."""
    asked: list[int] = []

    def note(number: int, _frame: Any) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    return lambda: bool(asked)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
