"""The resident trainer: adapters of one or many products on a warm base, with nothing loaded or started for any.

Products of one recipe share each pass of the base. Each has its own seed, step count, moments and checkpoints, so that
a product's adapter is the same alone and in a group, up to rounding.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from generation.context import StageContext
from generation.exceptions import NotEnoughImages, TrainingDiverged
from generation.files import Files
from generation.recipe import FinetuneConfig
from generation.training.aside import Aside, idle_in
from generation.training.caches import TensorCache, shared
from generation.training.denoisers import Denoiser
from generation.training.grouped import AdapterGroup
from generation.training.lessons import AT_ONCE, Encoding, Lesson, Sample, derived
from generation.training.passes import backward, draw, ready
from generation.training.state import Progress, load_state, save_state
from generation.training.updates import Updates, in_eight_bits

SETTLE_EVERY = 10  # steps between two looks at the losses: each is a wait for the GPU
CURVE_POINTS = 100  # of the loss curve, about
TRAINING = "training"


class Watch(Protocol):
    """Whoever looks at an adapter on the way: validation images, early stopping."""

    def due(self, step: int) -> bool:
        """Whether to look once that many steps are done."""

    def look(self, step: int, row: Tensor) -> bool:
        """Look at what would be shipped now; true to stop here. The base is without adapters meanwhile."""

    def notes(self) -> dict[str, Any]:
        """What it must know again after a crash, as JSON."""

    def recall(self, notes: dict[str, Any]) -> None:
        """Take back what `notes` gave."""


@dataclass(frozen=True)
class TrainingTask:
    """One adapter to train: `samples` with the words of each, and for prior preservation images of the class."""

    seed: int
    samples: tuple[Sample, ...]
    context: StageContext
    prior: tuple[Sample, ...] = ()
    watch: Watch | None = None
    name: str = TRAINING  # of its checkpoint in the context; by any other, it is a short run beside the training itself
    keep_end: bool = False  # a checkpoint at the end too, to go on from with more steps


@dataclass(frozen=True)
class Trained:
    """What came of a task: an adapter's row, and how it went."""

    row: Tensor
    steps: int
    losses: tuple[tuple[int, float], ...]
    stopped: bool = False  # by whoever watched, before the last step


@dataclass(frozen=True)
class Trainer:
    """The trainer of one warm base. `side` is in pixels.

    To save memory, with `spares` what is idle waits on the CPU meanwhile, a batch goes through in `passes`, and fewer
    images and captions are encoded `at_once`.
    """

    denoiser: Denoiser
    files: Files
    side: int
    cache: TensorCache = field(default_factory=shared)
    spares: bool = False
    passes: int = 1
    at_once: int = AT_ONCE

    def train(self, config: FinetuneConfig, tasks: Sequence[TrainingTask]) -> list[Trained | TrainingDiverged]:
        """Train the tasks side by side, each from its last checkpoint on; what came of each, in their order.

        A loss that is no number ends its own product only: the others go on. What a context's `check` raises ends
        all; they go on from their checkpoints. Raises NotEnoughImages for a task without samples.
        """
        group = resident(self.denoiser, config)
        pupils = [_Pupil(task, config, _key(config, task, group, self.side)) for task in tasks]
        for pupil in pupils:
            pupil.study(self)
        idle = Aside(idle_in(self.denoiser, config) if self.spares else (), self.denoiser.device)
        with idle.away():
            try:
                self._teach(config, group, pupils, idle)
            finally:
                group.release()
        return [pupil.outcome for pupil in pupils if pupil.outcome is not None]

    def _teach(self, config: FinetuneConfig, group: AdapterGroup, pupils: "Sequence[_Pupil]", idle: Aside) -> None:
        """In a frame of its own, which an error can let go of: moments and the last losses are held here."""
        lessons = _Class(self, config, group, pupils, idle)
        with ready(self.denoiser, group, config):
            lessons.run()


_RESIDENT: WeakKeyDictionary[nn.Module, tuple[tuple[Any, ...], AdapterGroup]] = WeakKeyDictionary()


def resident(denoiser: Denoiser, config: FinetuneConfig) -> AdapterGroup:
    """The group of a denoiser for such adapters: the same layers each time, so nothing is compiled anew."""
    alpha = config.alpha if config.alpha is not None else float(config.rank)
    scale = alpha / math.sqrt(config.rank) if config.rank_stabilised else alpha / config.rank
    names = denoiser.targets(config.text_encoder)
    wanted = (config.rank, scale, tuple(names), denoiser.device)
    model = next(iter(denoiser.roots.values()))
    kept = _RESIDENT.get(model)
    if kept is None or kept[0] != wanted:
        kept = (wanted, AdapterGroup(denoiser.roots, names, rank=config.rank, scale=scale))
        _RESIDENT[model] = kept
    return kept[1]


class _Pupil:
    """One task on its way."""

    def __init__(self, task: TrainingTask, config: FinetuneConfig, key: str) -> None:
        if not task.samples:
            raise NotEnoughImages("There is no image to train on; add photos, or lower the thresholds of the filter.")
        self.task, self.key = task, key
        self.outcome: Trained | TrainingDiverged | None = None
        self.lesson: Lesson
        self.prior: Lesson | None = None
        self._point_every = max(1, config.steps // CURVE_POINTS)
        found = load_state(key, task.context.checkpoint(task.name))
        self.progress, self.state = found if found is not None else (Progress(), {})
        self.kept_at = self.progress.step
        self._config = config
        if task.watch is not None and self.progress.notes:
            task.watch.recall(self.progress.notes)

    @property
    def step(self) -> int:
        return self.progress.step

    def study(self, trainer: Trainer) -> None:
        """Encode what it learns from, or find it in the cache."""
        encoding = Encoding(
            trainer.denoiser,
            trainer.files,
            trainer.cache,
            trainer.side,
            unmasked_weight=self._config.unmasked_weight if self._config.masked_loss else None,
            keep_words=not self._config.text_encoder,
            at_once=trainer.at_once,
            check=self.task.context.check,
        )
        self.task.context.progress(self.step, self._config.steps, "images and captions are read")
        self.lesson = encoding.lesson(self.task.samples)
        if self.task.prior:
            self.prior = replace(encoding, unmasked_weight=None).lesson(self.task.prior)

    def first_row(self, group: AdapterGroup) -> Tensor:
        return self.state["row"] if self.state else group.initial_row(derived(self.task.seed, "adapter"))

    def passed(self) -> None:
        """One more step is done; its loss comes later."""
        self.progress = replace(self.progress, step=self.step + 1)

    def told(self, step: int, loss: float) -> None:
        """The loss of the step that made `step` of them."""
        total, count = self.progress.unsaid[0] + loss, self.progress.unsaid[1] + 1
        points = self.progress.losses
        if step % self._point_every == 0 or step == self._config.steps:
            points, total, count = (*points, (step, total / count)), 0.0, 0
        self.progress = replace(self.progress, losses=points, unsaid=(total, count))

    def diverged(self, step: int, what: str = "loss") -> None:
        kept = f"the last good checkpoint is of step {self.kept_at}" if self.kept_at else "there is no checkpoint yet"
        self.outcome = TrainingDiverged(
            f"The {what} is no number at step {step}; {kept}. Lower finetune.learning_rate (it is"
            f" {self._config.learning_rate:g}), or use a base in float32 or bfloat16."
        )

    def due(self) -> bool:
        """Whether something is to be done with its state now."""
        watch = self.task.watch
        return self.finished() or self.to_keep() or (watch is not None and watch.due(self.step))

    def finished(self) -> bool:
        return self.step >= self._config.steps

    def to_keep(self) -> bool:
        return self.step > self.kept_at and (
            self.step % self._config.checkpoint_every == 0 or (self.finished() and self.task.keep_end)
        )

    def keep(self, state: dict[str, Tensor]) -> None:
        notes = self.task.watch.notes() if self.task.watch is not None else {}
        data = save_state(self.key, replace(self.progress, notes=notes), state)
        self.task.context.keep_checkpoint(self.task.name, data)
        self.kept_at = self.step


class _Class:
    """Pupils who share each pass. Who is done leaves, and the others go on with fewer rows."""

    def __init__(
        self, trainer: Trainer, config: FinetuneConfig, group: AdapterGroup, pupils: Sequence[_Pupil], idle: Aside
    ) -> None:
        self._denoiser, self._passes = trainer.denoiser, trainer.passes
        self._config, self._group, self._idle = config, group, idle
        self._here = list(pupils)
        self._unseen: list[tuple[list[tuple[_Pupil, int]], Tensor]] = []  # losses still on the device
        self._sit([pupil.first_row(group) for pupil in self._here], [pupil.state for pupil in self._here])

    def run(self) -> None:
        self._dismiss()
        while self._here:
            for pupil in self._here:
                pupil.task.context.check()
            self._step()
            if len(self._unseen) >= SETTLE_EVERY or any(pupil.due() for pupil in self._here):
                self._settle()
                self._attend()
                self._dismiss()

    def _step(self) -> None:
        draws = [
            draw(self._denoiser, self._config, pupil.lesson, pupil.prior, (pupil.task.seed, pupil.step))
            for pupil in self._here
        ]
        each = backward(self._denoiser, self._group, draws, self._passes)
        self._updates.apply([pupil.step for pupil in self._here])
        for pupil in self._here:
            pupil.passed()
        self._unseen.append(([(pupil, pupil.step) for pupil in self._here], each))

    def _settle(self) -> None:
        """Bring the losses over from the device, at once, and tell each pupil its own."""
        for who, each in zip(
            (who for who, _ in self._unseen), torch.stack([each for _, each in self._unseen]).tolist(), strict=True
        ):
            for (pupil, step), loss in zip(who, each, strict=True):
                if pupil.outcome is None:
                    pupil.told(step, loss) if math.isfinite(loss) else pupil.diverged(step)
        self._unseen = []
        for pupil in self._here:
            if pupil.outcome is None:
                loss = pupil.progress.losses[-1][1] if pupil.progress.losses else math.nan
                message = f"loss {loss:.4f}" if math.isfinite(loss) else ""
                pupil.task.context.progress(pupil.step, self._config.steps, message)
                if pupil.task.name == TRAINING:
                    pupil.task.context.curve(pupil.progress.losses)

    def _attend(self) -> None:
        """Looks, endings and checkpoints that are due, in this order: a checkpoint knows of the look before it."""
        for place, pupil in enumerate(self._here):
            if pupil.outcome is not None or not pupil.due():
                continue
            # A gradient may overflow under a loss that is a number: that adapter must not become the good checkpoint.
            if not self._group.rows[place].isfinite().all():
                pupil.diverged(pupil.step, "adapter")
                continue
            stop = self._look(place, pupil)
            if pupil.to_keep():
                pupil.keep(self._updates.state(place))
            if stop or pupil.finished():
                self._ship(place, pupil, stopped=stop)

    def _look(self, place: int, pupil: _Pupil) -> bool:
        watch = pupil.task.watch
        if watch is None or not watch.due(pupil.step):
            return False
        with self._group.detached(), self._idle.called_back():
            return watch.look(pupil.step, self._updates.shipped(place))

    def _ship(self, place: int, pupil: _Pupil, *, stopped: bool) -> None:
        row = self._updates.shipped(place)
        pupil.outcome = Trained(row, pupil.step, pupil.progress.losses, stopped and not pupil.finished())

    def _dismiss(self) -> None:
        """Let those go who are done; rows and moments of the others are carried over."""
        for place, pupil in enumerate(self._here):
            if pupil.outcome is None and pupil.finished():
                self._ship(place, pupil, stopped=False)
        staying = [place for place, pupil in enumerate(self._here) if pupil.outcome is None]
        if len(staying) == len(self._here):
            return
        states = [self._updates.state(place) for place in staying]
        self._here = [self._here[place] for place in staying]
        if self._here:
            self._sit([state["row"] for state in states], states)

    def _sit(self, rows: list[Tensor], states: list[dict[str, Tensor]]) -> None:
        self._group.fill(rows)
        self._updates = Updates(self._group, self._config)
        for place, state in enumerate(states):
            self._updates.restore(place, state)


# Parameters that an adapter does not depend on, or only through its samples.
_NO_MATTER = (
    "checkpoint_every", "validate_every", "early_stop", "sweep", "token", "class_images", "gradient_checkpointing",
)  # fmt: skip


def _key(config: FinetuneConfig, task: TrainingTask, group: AdapterGroup, side: int) -> str:
    """What a checkpoint must agree on to be gone on from: everything but how far to go and when to look."""
    plain = asdict(config)
    for name in _NO_MATTER:
        plain.pop(name)
    if config.schedule == "constant":
        plain.pop("steps")
    plain["eight_bit"] = in_eight_bits(config, group.device)  # moments of one kind mean nothing to the other
    told = [[sample.picture.sha256, sample.prompt] for sample in (*task.samples, *task.prior)]
    text = json.dumps([plain, told, task.seed, side, group.layout], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
