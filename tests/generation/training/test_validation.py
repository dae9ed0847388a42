"""The loss on images kept aside, and looks: drawn, shown, measured, and the end when quality no longer grows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from generation.checkpoints.roles import Embeddings
from generation.context import LocalContext
from generation.recipe import EarlyStop
from generation.records import QualityLook
from generation.training import validation
from generation.training.adapters import export
from generation.training.lessons import Sample
from generation.training.loop import Trained, resident
from generation.training.validation import BEST, Looks, Scene, diversity, held_out_loss
from tests.factories.checkpoints.makers import warm
from tests.factories.training import (
    make_config,
    make_files,
    make_picture,
    make_samples,
    make_task,
    make_trainer,
    trained,
)

PROMPTS = ("a photo of sks mug on grass", "a photo of sks mug on a shelf")


class Rows:
    """DINO and CLIP whose embeddings are given; pictures themselves are drawn by the real pipeline."""

    def __init__(self, rows: Sequence[Sequence[float]]) -> None:
        self.rows = np.array(rows, dtype=np.float32)

    def images(self, images: Sequence[Image.Image]) -> Embeddings:
        return self.rows[: len(images)]

    def texts(self, texts: Sequence[str]) -> Embeddings:
        return self.rows[: len(texts)]


class Perceivers:
    """The models that a look asks for."""

    def __init__(self, rows: Sequence[Sequence[float]] = ((1, 0), (0, 1))) -> None:
        self._rows = Rows(rows)

    @contextmanager
    def dino(self) -> Iterator[Rows]:
        yield self._rows

    @contextmanager
    def clip(self) -> Iterator[Rows]:
        yield self._rows


def make_looks(context: LocalContext, early: EarlyStop | None = None, every: int = 2) -> Looks:
    files = make_files()
    backbone = warm("sd")
    photos = (make_picture(files, 1), make_picture(files, 2))
    scene = Scene(backbone, Perceivers(), files, context, PROMPTS, photos, 5, 64)  # type: ignore[arg-type]
    trainer, config = make_trainer(), make_config()
    return Looks(scene, lambda row: export(resident(trainer.denoiser, config), row, {}), every, early)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "STEPS", 2)


def fresh_row(seed: int = 0) -> Tensor:
    group = resident(make_trainer().denoiser, make_config())
    return torch.randn(group.size, generator=torch.Generator().manual_seed(seed)) * 0.2


def test_a_look_draws_each_prompt_with_the_adapter_and_shows_it() -> None:
    context = LocalContext()
    looks = make_looks(context)
    assert looks.look(2, fresh_row(0)) is False
    assert looks.look(4, fresh_row(1)) is False
    assert [(image.step, image.prompt) for image in looks.images] == [(s, p) for s in (2, 4) for p in PROMPTS]
    assert len({image.picture.sha256 for image in looks.images}) == 4
    assert [title for title, _ in context.shown][:1] == [f"step 2: {PROMPTS[0]}"]
    assert looks.looks == []


def test_a_look_done_before_a_crash_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    context = LocalContext()
    first = make_looks(context)
    first.look(2, fresh_row())
    again = make_looks(context)
    monkeypatch.setattr(Looks, "_draw", lambda *_: pytest.fail("drawn again"))
    again.look(2, fresh_row())
    assert again.images == first.images


@pytest.mark.parametrize(
    ("every", "early", "due"),
    [(0, None, []), (3, None, [3, 6]), (0, 2, [2, 4, 6]), (3, 2, [2, 3, 4, 6])],
    ids=["never", "images", "measured", "both"],
)
def test_when_looks_are_due(every: int, early: int | None, due: list[int]) -> None:
    looks = make_looks(LocalContext(), EarlyStop(every=early) if early else None, every)
    assert [step for step in range(7) if looks.due(step)] == due


def scored(scores: Sequence[float], patience: int = 2) -> tuple[Looks, list[bool]]:
    """Looks whose fidelity is given, and what each said."""
    looks = make_looks(LocalContext(), EarlyStop(every=1, patience=patience))
    said = []
    for step, score in enumerate(scores, 1):
        quality = QualityLook(step, score, 0.2, 0.1)
        looks.scene.context.step(f"look at step {step}", lambda q=quality: {"images": [], "quality": vars(q)})
        said.append(looks.look(step, fresh_row(step)))
    return looks, said


@pytest.mark.parametrize(
    ("scores", "patience", "stops", "best"),
    [
        ([0.1, 0.2, 0.3, 0.4], 2, [False] * 4, 4),
        ([0.1, 0.4, 0.3, 0.3], 2, [False, False, False, True], 2),
        ([0.4, 0.3], 1, [False, True], 1),
        ([0.4, 0.3, 0.5, 0.4], 2, [False] * 4, 3),
    ],
    ids=["grows", "no longer", "impatient", "recovers"],
)
def test_it_stops_after_that_many_looks_without_a_better_one(
    scores: list[float], patience: int, stops: list[bool], best: int
) -> None:
    looks, said = scored(scores, patience)
    assert said == stops
    assert looks.best_step == best
    assert looks.best() == looks.export(fresh_row(best))


def test_what_was_seen_comes_back_from_notes() -> None:
    looks, _ = scored([0.1, 0.4, 0.3])
    again = make_looks(LocalContext(), EarlyStop(every=1))
    again.recall(looks.notes())
    assert (again.looks, again.best_step) == (looks.looks, 2)


def test_quality_is_measured_as_it_is_defined() -> None:
    context = LocalContext()
    looks = make_looks(context, EarlyStop(every=2, diversity_weight=0.5))
    looks.scene.models._rows.rows = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)  # type: ignore[attr-defined]
    looks.look(2, fresh_row())
    seen = looks.looks[0]
    assert seen.fidelity == pytest.approx((1 + 0.6 + 0.6 + 1) / 4)  # all images with all photos
    assert seen.text_alignment == pytest.approx(1)  # each image with its own prompt
    assert seen.diversity == pytest.approx(0.4)
    assert looks.score(seen) == pytest.approx(0.8 + 1 + 0.5 * 0.4)
    assert BEST in context.checkpoints


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [([[1, 0]], 0.0), ([[1, 0], [1, 0]], 0.0), ([[1, 0], [0, 1]], 1.0), ([[1, 0], [0, 1], [1, 0]], 2 / 3)],
    ids=["one", "the same", "nothing in common", "two of three alike"],
)
def test_diversity(rows: list[list[float]], wanted: float) -> None:
    assert diversity(np.array(rows, dtype=np.float32)) == pytest.approx(wanted, abs=1e-6)


def test_the_loss_kept_aside_is_lower_for_who_learnt_the_picture() -> None:
    trainer, config = make_trainer(), make_config(steps=60, learning_rate=3e-2, rank=8)
    samples = (Sample(make_picture(trainer.files), "a photo of sks mug"),)
    learnt = trained(trainer, config, make_task(trainer.files, samples=samples))[0]
    group = resident(trainer.denoiser, config)
    fresh = Trained(group.initial_row(1), 0, ())
    good, bad = held_out_loss(trainer, config, [learnt, fresh], [samples, samples])
    assert good < bad


@pytest.mark.parametrize("changes", [{}, {"prior_weight": 1.0, "class_images": 2}, {"text_encoder": True}], ids=str)
def test_the_loss_kept_aside_is_the_same_in_a_group_and_alone(changes: dict[str, Any]) -> None:
    trainer, config = make_trainer(), make_config(**changes)
    group = resident(trainer.denoiser, config)
    outcomes = [Trained(torch.randn(group.size) * 0.1, 0, ()) for _ in range(2)]
    held = [make_samples(trainer.files, "sks"), make_samples(trainer.files, "zkb")]
    together = held_out_loss(trainer, config, outcomes, held)
    alone = [held_out_loss(trainer, config, [o], [h])[0] for o, h in zip(outcomes, held, strict=True)]
    assert together == pytest.approx(alone, rel=1e-5)
