"""The frame of all trainers of the set: seeded steps, a time box, averaged weights, a log, resumable checkpoints.

A `Task` says what is trained and what a step's loss is; `train` runs it until its last step, the end of the time box
or a call to stop. All that is random in a step comes from the seed and the step's number, so that a run that was
killed and resumed gives, bit for bit, what an uninterrupted one gives. Nothing is pickled.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from generation.exceptions import NotPossible
from generation.mini.files import load_state, save_state

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # what AdamW keeps of a parameter
_MIX = 1_000_003  # a prime: seeds and steps of two runs do not meet
Numbers = dict[str, float]
Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Plan:
    """How a task is trained. `steps` is where the whole training ends, over all calls; `minutes` boxes one call."""

    steps: int
    batch: int
    rate: float = 1e-3
    warmup: int = 200  # steps from 0 to the full rate
    decay_from: float = 1.0  # share of the steps after which the rate falls in a line to `last_rate`
    last_rate: float = 0.02  # share of the rate
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0  # greatest norm of all gradients together
    average: float = 0.999  # of the weights: share that stays at each step
    seed: int = 0
    log_every: int = 50
    save_minutes: float = 4.0

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if step < self.warmup:
            return self.rate * (step + 1) / self.warmup
        start = self.decay_from * self.steps
        if step < start:
            return self.rate
        left = max(0.0, (self.steps - step) / max(1.0, self.steps - start))
        return self.rate * (self.last_rate + (1 - self.last_rate) * left)

    def generator(self, step: int) -> torch.Generator:
        """All that is random in a step comes from here."""
        return torch.Generator().manual_seed((self.seed + 1) * _MIX + step)


class Task(Protocol):
    """What is trained."""

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """By the name under which checkpoints keep them."""

    def loss(self, step: int, plan: Plan, generator: torch.Generator) -> tuple[Tensor, Numbers]:
        """The loss of one batch of `plan.batch` samples, and figures for the log."""

    def settings(self) -> dict[str, Any]:
        """What another checkpoint must agree with, as JSON: sizes of the models, and data."""


@dataclass
class Progress:
    """How far a training is, over all calls."""

    step: int = 0
    samples: int = 0
    core_seconds: float = 0.0  # process time, loading left out


@dataclass
class State:
    """All that a resumed training needs: weights and optimizer are in the task and in `optimizer`."""

    optimizer: torch.optim.AdamW
    averaged: Weights
    progress: Progress = field(default_factory=Progress)


def parameters(modules: Mapping[str, nn.Module]) -> dict[str, nn.Parameter]:
    """Those that are trained, by the module's name and their own."""
    return {
        f"{name}.{key}": value
        for name, module in modules.items()
        for key, value in module.named_parameters()
        if value.requires_grad
    }


@contextmanager
def swapped(modules: Mapping[str, nn.Module], averaged: Mapping[str, Tensor]) -> Iterator[None]:
    """Within, the modules have the averaged weights and are in eval mode."""
    trained = parameters(modules)
    kept = {key: value.detach().clone() for key, value in trained.items()}
    modes = {name: module.training for name, module in modules.items()}
    _fill(trained, averaged)
    for module in modules.values():
        module.eval()
    try:
        yield
    finally:
        _fill(trained, kept)
        for name, module in modules.items():
            module.train(modes[name])


Visit = Callable[[Task, State], None]


def train(  # noqa: PLR0913 - what ends a call, and what happens on the way
    task: Task,
    plan: Plan,
    folder: Path,
    *,
    minutes: float = math.inf,
    visits: Mapping[int, Visit] | None = None,
    stop: Callable[[], bool] = lambda: False,
    begin: Progress | None = None,
) -> Progress:
    """Trains from `folder`'s checkpoint, or from the start, and returns how far it came.

    Ends at the plan's last step, after `minutes` (wall time), or after the step in which `stop` turns true; a
    checkpoint is written then and every `plan.save_minutes`. `visits` are called after so many samples in all, each
    once. `begin` is how far the task's modules have come where there is no checkpoint: they were trained before.
    Raises NotPossible for a checkpoint of other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = resume(task, plan, folder, begin)
    log = _Log(folder / "log.jsonl", state.progress)
    ends = time.monotonic() + minutes * 60
    saves = time.monotonic() + plan.save_minutes * 60
    for module in task.modules.values():
        module.train()
    while state.progress.step < plan.steps and time.monotonic() < ends and not stop():
        before = state.progress.samples
        numbers = _step(task, plan, state)
        log.add(numbers, state.progress, plan)
        for samples, visit in (visits or {}).items():
            if before < samples <= state.progress.samples:
                visit(task, state)
        if time.monotonic() >= saves:
            save(task, plan, folder, state)
            saves = time.monotonic() + plan.save_minutes * 60
    save(task, plan, folder, state)
    return state.progress


def resume(task: Task, plan: Plan, folder: Path, begin: Progress | None = None) -> State:
    """The state that `folder` keeps, put into the modules; where it keeps none a fresh one, as far as `begin`."""
    trained = parameters(task.modules)
    decayed = [value for value in trained.values() if value.ndim > 1]
    plain = [value for value in trained.values() if value.ndim <= 1]
    groups: list[dict[str, Any]] = [{"params": decayed}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, plan.rate, betas=plan.betas, weight_decay=plan.weight_decay, fused=True)
    averaged = {key: value.detach().clone() for key, value in trained.items()}
    state = State(optimizer, averaged, replace(begin) if begin else Progress())
    path = folder / "state.safetensors"
    if not path.exists():
        return state
    tensors, said = load_state(path)
    if said["settings"] != _plain(task.settings()):
        raise NotPossible(
            f"The checkpoint in {folder} is of other settings: {said['settings']}, now {task.settings()}."
            " Train into another folder, or remove that one."
        )
    _put(task, state, tensors)
    state.progress = Progress(**said["progress"])
    return state


def save(task: Task, plan: Plan, folder: Path, state: State) -> None:
    """Writes `state.safetensors`, whole or not at all."""
    tensors: Weights = {}
    for name, module in task.modules.items():
        tensors |= {f"weights.{name}.{key}": value for key, value in module.state_dict().items()}
    for key, value in parameters(task.modules).items():
        tensors[f"averaged.{key}"] = state.averaged[key]
        if value in state.optimizer.state:
            held = state.optimizer.state[value]
            tensors |= {f"{moment}.{key}": held[moment] for moment in _MOMENTS}
    said = {"settings": task.settings(), "progress": asdict(state.progress), "plan": asdict(plan)}
    save_state(folder / "state.safetensors", tensors, said)


def averaged_weights(folder: Path) -> tuple[Weights, dict[str, Any]]:
    """The averaged weights of a training (buffers as they are), by module and name; and what its checkpoint says."""
    tensors, said = load_state(folder / "state.safetensors")
    weights = {key.removeprefix("weights."): value for key, value in tensors.items() if key.startswith("weights.")}
    averaged = {key.removeprefix("averaged."): value for key, value in tensors.items() if key.startswith("averaged.")}
    return weights | averaged, said


def load_averaged(modules: Mapping[str, nn.Module], folder: Path) -> dict[str, Any]:
    """Puts a training's averaged weights into modules, in eval mode; returns what its checkpoint says."""
    weights, said = averaged_weights(folder)
    for name, module in modules.items():
        own = {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
        module.load_state_dict(own)
        module.eval()
    return said


def batch_of(count: int, plan: Plan, step: int) -> Tensor:
    """(batch,) places in a data set of `count`: each once in a round, in an order that the seed and the round say."""
    first = step * plan.batch
    places: list[Tensor] = []
    while first < (step + 1) * plan.batch:
        part, start = divmod(first, count)
        order = torch.randperm(count, generator=torch.Generator().manual_seed((plan.seed + 7) * _MIX + part))
        places.append(order[start : start + (step + 1) * plan.batch - first])
        first += len(places[-1])
    return torch.cat(places)


def _step(task: Task, plan: Plan, state: State) -> Numbers:
    began, step = time.process_time(), state.progress.step
    generator = plan.generator(step)
    torch.manual_seed((plan.seed + 1) * _MIX + step)  # what a module draws for itself
    rate = plan.rate_at(step)
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    loss, numbers = task.loss(step, plan, generator)
    loss.backward()  # type: ignore[no-untyped-call]
    trained = parameters(task.modules)
    norm = nn.utils.clip_grad_norm_(list(trained.values()), plan.clip)
    state.optimizer.step()
    state.optimizer.zero_grad()
    _average(state.averaged, trained, min(plan.average, (1 + step) / (10 + step)))
    progress = state.progress
    progress.step, progress.samples = step + 1, progress.samples + plan.batch
    progress.core_seconds += time.process_time() - began
    return {"loss": float(loss.detach()), "norm": float(norm), **numbers}


@torch.no_grad()
def _average(averaged: Weights, trained: Mapping[str, Tensor], stays: float) -> None:
    keys: Sequence[str] = list(averaged)
    # One fused call: hundreds of small ones cost more than the arithmetic.
    torch._foreach_lerp_([averaged[key] for key in keys], [trained[key] for key in keys], 1 - stays)


@torch.no_grad()
def _fill(trained: Mapping[str, nn.Parameter], weights: Mapping[str, Tensor]) -> None:
    for key, value in trained.items():
        value.copy_(weights[key])


def _put(task: Task, state: State, tensors: Weights) -> None:
    for name, module in task.modules.items():
        start = f"weights.{name}."
        module.load_state_dict(
            {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}
        )
    for key, value in parameters(task.modules).items():
        state.averaged[key].copy_(tensors[f"averaged.{key}"])
        if f"step.{key}" in tensors:
            # In the parameter's own memory format: the fused optimizer walks through both as they lie.
            held = {moment: torch.empty_like(value).copy_(tensors[f"{moment}.{key}"]) for moment in _MOMENTS[1:]}
            state.optimizer.state[value] = {"step": tensors[f"step.{key}"], **held}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


class _Log:
    """One JSON line per `plan.log_every` steps: means since the line before, samples, core-seconds, the rate."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self._path = path
        self._numbers: list[Numbers] = []
        if path.exists():  # lines of steps that a kill undid are written again
            lines = [line for line in path.read_text().splitlines() if json.loads(line)["step"] <= progress.step]
            path.write_text("".join(f"{line}\n" for line in lines))

    def add(self, numbers: Numbers, progress: Progress, plan: Plan) -> None:
        self._numbers.append(numbers)
        if progress.step % plan.log_every and progress.step < plan.steps:
            return
        means = {key: sum(line[key] for line in self._numbers) / len(self._numbers) for key in numbers}
        said = {**asdict(progress), "rate": plan.rate_at(progress.step - 1), **means}
        line = {key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in said.items()}
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        self._numbers = []
