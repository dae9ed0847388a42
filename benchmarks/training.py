"""What a training step costs: our trainer, alone and grouped, beside diffusers' own DreamBooth LoRA script.

    python benchmarks/training.py --script train_dreambooth_lora.py          # the table of the targets, on a CPU
    python benchmarks/training.py --script … --device cuda --model sd15 --sides 512     # both on a GPU, in bf16
    python benchmarks/training.py --device cuda --shapes sd15,sdxl,klein     # full-size denoisers, K = 1 … 16, bf16

The script is taken from a checkout of huggingface/diffusers (examples/dreambooth); it runs unmodified. It, the trainer
and the group are a process of one thread each, and take steps in turns, so that a neighbour's load meets them alike.
Times are CPU time (on a GPU of the wall, once it is done), medians over the steps; a ratio is the median of those of
each turn, which is steady where milliseconds are not.

Targets: a step with caches at most 0.60 x of the script's, grouped at K = 4 at most 0.45 x per product; gradients of a
group equal to separate ones within 1e-5; from one product to the next in at most 100 ms of CPU, with nothing loaded.
"""

import argparse
import json
import os
import runpy
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.devices import device

BATCH = {512: 1, 256: 1, 128: 4}  # by pixels a side
WARM_UP = 3  # steps not counted
PHOTOS = 12
AT_A_STEP = "STEP"  # what a process says when it waits for its turn
PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L40": 181e12, "4090": 165e12}  # dense bf16 FLOP/s


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--script", type=Path, help="diffusers' train_dreambooth_lora.py, the peer")
    parser.add_argument("--steps", type=int, default=24, help=f"of each, the first {WARM_UP} not counted")
    parser.add_argument("--group", type=int, default=4, help="products that share a pass")
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--sides", default="256,128", help="pixels: 512 and 256 at batch 1, 128 at batch 4")
    parser.add_argument("--device", type=device, default="cpu", help="cpu, cuda, mps or auto")
    parser.add_argument("--model", default="small", choices=("small", "sd15"), help="random weights; sd15 is full-size")
    parser.add_argument("--shapes", default="", help="of full-size denoisers: sd15, sdxl, klein; tiny to try it out")
    parser.add_argument("--most", type=int, default=16, help="products at once, with --shapes")
    parser.add_argument("--dtype", default="", help="of --shapes' base; bfloat16 on a GPU, float32 on a CPU")
    parser.add_argument("--worker", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


# ------------------------------------------------------------------------------------------------ one process each
def stock(told: dict[str, Any]) -> dict[str, Any]:
    """Run the script, and take the time between its optimizer's steps."""
    import torch  # noqa: PLC0415 - the parent measures nothing and needs no torch

    from benchmarks.training_runs import clock_in_turns  # noqa: PLC0415

    torch.set_num_threads(1)
    now = clock_in_turns(told["device"], AT_A_STEP)
    stamps: list[float] = []
    plain = torch.optim.AdamW.step

    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = plain(self, *args, **kwargs)
        stamps.append(now())
        return result

    torch.optim.AdamW.step = step  # type: ignore[method-assign]
    sys.argv = [
        told["script"], f"--pretrained_model_name_or_path={told['model']}", f"--instance_data_dir={told['photos']}",
        "--instance_prompt=a photo of sks box", f"--output_dir={told['out']}", f"--resolution={told['side']}",
        f"--train_batch_size={told['batch']}", f"--rank={told['rank']}", f"--max_train_steps={told['steps']}",
        "--learning_rate=1e-4", "--checkpointing_steps=100000", "--seed=0",
        f"--mixed_precision={'no' if told['device'] == 'cpu' else 'bf16'}",
    ]  # fmt: skip
    runpy.run_path(told["script"], run_name="__main__")
    return {"gaps": _gaps(stamps)}


def ours(told: dict[str, Any]) -> dict[str, Any]:
    """Train one group, then another, with all images cached, as a warm worker does."""
    import torch  # noqa: PLC0415

    from benchmarks.training_runs import Timed, clock, clock_in_turns, load  # noqa: PLC0415
    from generation.exceptions import TrainingDiverged  # noqa: PLC0415
    from generation.recipe import FinetuneConfig  # noqa: PLC0415
    from generation.training.adapters import export  # noqa: PLC0415
    from generation.training.loop import resident  # noqa: PLC0415

    torch.set_num_threads(1)
    now = clock(told["device"])
    trainer, samples = load(Path(told["model"]), Path(told["photos"]), told["side"], told["device"])
    config = FinetuneConfig(
        rank=told["rank"], batch=told["batch"], steps=told["steps"], learning_rate=1e-4, checkpoint_every=100_000
    )
    trainer.train(replace(config, steps=1), Timed(now).tasks(samples, told["group"], 0))  # fills the caches
    first, second = Timed(clock_in_turns(told["device"], AT_A_STEP)), Timed(now)
    outcomes = trainer.train(config, first.tasks(samples, told["group"], 0))
    files, sockets = Timed.audit()
    ended = now()
    first_outcome = outcomes[0]
    if isinstance(first_outcome, TrainingDiverged):
        raise first_outcome
    data = export(resident(trainer.denoiser, config), first_outcome.row, {})
    trainer.train(replace(config, steps=2), second.tasks(samples, told["group"], 100))
    return {
        "gaps": _gaps(first.stamps),
        "switch_ms": 1e3 * (second.stamps[0] - ended),
        "loaded": len(files) + len(sockets),
        "adapter_bytes": len(data),
    }


def check(told: dict[str, Any]) -> dict[str, Any]:
    """The largest relative difference between gradients of a group and of each product alone."""
    from benchmarks.training_runs import gradient_difference, load  # noqa: PLC0415

    trainer, samples = load(Path(told["model"]), Path(told["photos"]), told["side"])
    return {"difference": gradient_difference(trainer, samples, told["rank"])}


def _gaps(stamps: list[float]) -> list[float]:
    """Milliseconds of each step after the first few."""
    return [1e3 * (after - before) for before, after in zip(stamps[WARM_UP:], stamps[WARM_UP + 1 :], strict=False)]


# --------------------------------------------------------------------------------------------------- the CPU table
class Worker:
    """One of the functions above in a process of its own."""

    def __init__(self, work: str, told: dict[str, Any]) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        call = [sys.executable, __file__, "--worker", json.dumps({"work": work, **told})]
        self.result: dict[str, Any] | None = None
        self._work, self._errors = work, tempfile.TemporaryFile("w+")  # noqa: SIM115 - the process outlives this call
        self._process = subprocess.Popen(
            call, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self._wait()

    def turn(self) -> None:
        """Let it go on to its next step, or to its end."""
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        with suppress(BrokenPipeError):  # it was killed while it waited: what it said is told below
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        self._wait()

    def _wait(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        for line in self._process.stdout:
            if line.startswith("RESULT "):
                self.result = json.loads(line.removeprefix("RESULT "))
            elif line.strip() == AT_A_STEP:
                return
        if self._process.wait() or self.result is None:
            self._errors.seek(0)
            raise SystemExit(f"{self._work} failed:\n{self._errors.read()[-3000:]}")


def in_turns(workers: list[Worker]) -> list[dict[str, Any]]:
    """What each came to, a step of the one after a step of the other."""
    while any(worker.result is None for worker in workers):
        for worker in workers:
            if worker.result is None:
                worker.turn()
    return [worker.result for worker in workers if worker.result is not None]


def table(asked: argparse.Namespace, work: Path) -> None:
    from benchmarks.training_models import full_sd15, photos, small_sd  # noqa: PLC0415

    {"small": small_sd, "sd15": full_sd15}[asked.model](work / "model")
    photos(work / "photos", PHOTOS)
    told = {"model": str(work / "model"), "photos": str(work / "photos"), "rank": asked.rank, "steps": asked.steps}
    told |= {"device": asked.device}
    clock = "CPU-ms per step, one thread" if asked.device == "cpu" else "ms per step"
    print(f"{clock:<34}{'alone':>9}{'ratio':>8}{f'x{asked.group}, each':>12}{'ratio':>8}")
    for side in map(int, asked.sides.split(",")):
        batch = BATCH[side]
        told |= {"side": side, "batch": batch}
        workers = [Worker("ours", told | {"group": count}) for count in (1, asked.group)]
        if asked.script:
            peer = {"script": str(asked.script.resolve()), "out": str(work / f"out-{side}")}
            workers.append(Worker("stock", told | peer))
        row(f"{side} px, batch {batch}", in_turns(workers), asked.group)
    difference = in_turns([Worker("check", told | {"side": 128})])[0]["difference"]
    print(f"gradients, grouped against alone: {difference:.1e} at most, relative")


def row(name: str, told: list[dict[str, Any]], group: int) -> None:
    alone, grouped, *peer = (run["gaps"] for run in told)
    each = [gap / group for gap in grouped]
    if peer:
        print(f"{'diffusers script, ' + name:<34}{median(peer[0]):>9.0f}{1:>8.2f}")
        print(
            f"{'this trainer':<34}{median(alone):>9.0f}{ratio(alone, peer[0]):>8.2f}"
            f"{median(each):>12.0f}{ratio(each, peer[0]):>8.2f}"
        )
    else:
        print(f"{'this trainer, ' + name:<34}{median(alone):>9.0f}{'':>8}{median(each):>12.0f}")
    loaded = max(run["loaded"] for run in told[:2])
    print(
        f"{'  to the next product, ms':<34}{told[0]['switch_ms']:>9.0f}   model files or sockets opened: {loaded:.0f}"
    )


def ratio(ours: list[float], theirs: list[float]) -> float:
    return median(own / their for own, their in zip(ours, theirs, strict=False))


# --------------------------------------------------------------------------------------------------- the GPU table
def shapes(asked: argparse.Namespace) -> None:
    from benchmarks.training_runs import Stepper, peak_of  # noqa: PLC0415

    peak = peak_of(asked.device, PEAKS)
    dtype = asked.dtype or ("bfloat16" if asked.device.startswith("cuda") else "float32")
    print(
        f"{'shape':<8}{'K':>4}{'step ms':>10}{'images/s':>10}{'of peak':>9}{'GiB':>7}{'one product, against K = 1':>28}"
    )
    for name in asked.shapes.split(","):
        alone = 0.0
        count = 1
        while count <= asked.most:
            measured = Stepper(name, asked.device, dtype, count, asked.rank).measure(asked.steps)
            if measured is None:
                print(f"{name:<8}{count:>4}   does not fit into memory")
                break
            seconds, flops, memory = measured
            alone = alone or seconds
            share = f"{flops / seconds / peak:.0%}" if peak else "?"
            print(
                f"{name:<8}{count:>4}{1e3 * seconds:>10.1f}{count / seconds:>10.1f}{share:>9}{memory / 2**30:>7.1f}"
                f"{seconds / count / alone:>16.2f}"
            )
            count *= 2


def main() -> None:
    asked = arguments()
    if asked.worker:
        told = json.loads(asked.worker)
        work = {"stock": stock, "ours": ours, "check": check}[told.pop("work")]
        print("RESULT " + json.dumps(work(told)))
    elif asked.shapes:
        shapes(asked)
    else:
        with tempfile.TemporaryDirectory() as folder:
            table(asked, Path(folder))


if __name__ == "__main__":
    main()
