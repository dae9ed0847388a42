"""Every figure that needs a GPU, one after another, each within its time; a table of figures and bars at the end.

    python benchmarks/gpu.py --script train_dreambooth_lora.py        # nine minutes at most
    python benchmarks/gpu.py --only training,cutout --minutes 5
    python benchmarks/gpu.py --device cpu --tiny                      # whether it runs to its end

What fails or takes too long is said, and the rest goes on. The script is diffusers' (examples/dreambooth).
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.devices import device

HERE = Path(__file__).resolve().parent


class Part(NamedTuple):
    """A benchmark: the seconds it may take, what it is called with, on a card and to try it out, and its figures.

    A figure is what it is, the pattern that finds it in what is printed, and its bar, if it has one.
    """

    name: str
    seconds: int
    call: str
    tiny: str
    figures: tuple[tuple[str, str, str], ...]


PARTS = (
    Part(
        "generation", 150, "generation.py --shape sd15 --dtype bfloat16 --batch 16 --steps 20 --rounds 2 --threads 8",
        "generation.py --batch 2 --steps 2 --rounds 2",
        (
            ("images/s against a plain loop, SD1.5", r"ours over plain +([\d.]+) x", ">= 2"),
            ("adapter in and out, ms", r"adapter in and out,.* ([\d.]+) ms", "<= 10"),
            ("two products in a batch, x the time of none", r"in one batch, over none +([\d.]+) x", ""),
        ),
    ),
    Part(
        "equality", 60, "generation.py --batch 4 --steps 10 --rounds 2", "generation.py --batch 2 --steps 2 --rounds 2",
        (("a batch against single images, float32", r"against single images +([\d.e+-]+)", "<= 1e-5"),),
    ),
    Part(
        "training", 200, "training.py --shapes sd15,sdxl,klein --steps 8", "training.py --shapes tiny --steps 2",
        tuple(
            (f"{shape}, K = {count}: images/s", rf"^{shape} +{count} +[\d.]+ +([\d.]+)", "")
            for shape in ("tiny", "sd15", "sdxl", "klein")
            for count in (1, 4, 16)
        ),
    ),
    Part(
        "script", 200, "training.py --model sd15 --sides 512 --steps 16",
        "training.py --sides 128 --steps 6 --rank 4",
        (
            ("a step against diffusers' script, alone", r"^this trainer +\d+ +([\d.]+)", "<= 0.6"),
            ("the same, a product of four", r"^this trainer +\d+ +[\d.]+ +\d+ +([\d.]+)", "<= 0.45"),
            ("to the next product, ms", r"to the next product, ms +(\d+)", "<= 100"),
            ("gradients of a group, float32 on the CPU", r"grouped against alone: ([\d.e+-]+)", "<= 1e-5"),
        ),
    ),
    Part(
        "cutout", 60, "cutout.py --model vit_h --dtype bfloat16 --threads 8", "cutout.py --side 256 --clicks 2",
        (("a click on a photo, s at 95 %", r"median, ([\d.]+) s at", "<= 0.3"),),
    ),
    Part(
        "measure", 90, "measure.py --only speed --rounds 2", "measure.py --only speed --images 4 --rounds 1",
        (("six metrics, images/s against a plain loop", r"plain loop .* ([\d.]+)x +[\d.]+x", ">= 2"),),
    ),
)  # fmt: skip


def said(call: list[str], seconds: float) -> tuple[str, str]:
    """What a command printed, which is shown as well, and why it did not end well."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}  # who is stopped has said what it had
    with tempfile.TemporaryFile("w+") as out:
        ran = subprocess.Popen(call, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = ran.wait(seconds)
            wrong = f"ended with {code}" if code else ""
        except subprocess.TimeoutExpired:
            os.killpg(ran.pid, signal.SIGKILL)  # with those that it started
            wrong = f"stopped after {seconds:.0f} s"
        out.seek(0)
        text = out.read()
    print(text[-3000:], flush=True)
    return text, wrong


def row(what: str, value: float, bar: str) -> str:
    reached = {"": "", "<=": "NO", ">=": "NO"}[bar[:2]]
    if bar and (value <= float(bar[2:]) if bar.startswith("<=") else value >= float(bar[2:])):
        reached = "yes"
    return f"{what:<48}{value:>12g}{bar:>10}{reached:>9}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=device, default="cuda", help="cpu, cuda, mps or auto")
    parser.add_argument("--script", type=Path, help="diffusers' train_dreambooth_lora.py, the peer")
    parser.add_argument("--only", default=",".join(part.name for part in PARTS), help="parts, of %(default)s")
    parser.add_argument("--minutes", type=float, default=9.0, help="in all")
    parser.add_argument("--tiny", action="store_true", help="small shapes, few steps: the figures mean nothing")
    asked = parser.parse_args()
    ends, rows = time.monotonic() + 60 * asked.minutes, list[str]()
    for part in (part for part in PARTS if part.name in asked.only.split(",")):
        script, *options = (part.tiny if asked.tiny else part.call).split()
        options += ["--script", str(asked.script)] if asked.script and part.name == "script" else []
        print(f"== {part.name}: {script} {' '.join(options)}", flush=True)
        call = [sys.executable, str(HERE / script), *options, "--device", asked.device]
        text, wrong = said(call, max(min(part.seconds, ends - time.monotonic()), 1))
        found = [(what, re.search(pattern, text, re.MULTILINE), bar) for what, pattern, bar in part.figures]
        rows += [row(what, float(match[1]), bar) for what, match, bar in found if match]
        rows += [f"{part.name}: {wrong}"] if wrong else []
    print("\n".join([f"{'figure':<48}{'':>12}{'bar':>10}{'reached':>9}", *rows]))


if __name__ == "__main__":
    main()
