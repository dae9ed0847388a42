"""The finished base: Stable Diffusion's folder in half precision, its figures beside it; sheets and gates of it."""

import json
import math
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from generation.checkpoints import dino
from generation.checkpoints.turntable import TurntablePipeline
from generation.mini import autoencoder, words
from generation.mini.classifier import agreement, read_judge
from generation.mini.diffusion import DiffusionTask, build_unet, scheduler
from generation.mini.drawing import asked_scenes, captions_of, draw, pipeline_of, save_sheet
from generation.mini.evaluating import CPU, entry_of, keep
from generation.mini.makers import Room, empty_diffusion_task, settle_autoencoder
from generation.mini.pictures import as_images, as_pixels, psnr
from generation.mini.renders import read_renders
from generation.mini.training import State, Task, Visit, load_averaged, swapped

SHEET = 48  # pictures: six families in eight contexts
_GUIDANCE = 3.0


def trained_pipeline(room: Room) -> tuple[Any, dict[str, Any]]:
    """The pipeline with the averaged weights of the room's training, and what its checkpoint says."""
    task = empty_diffusion_task(room)
    said = load_averaged(task.modules, room.training("text-to-image"))
    vae = autoencoder.load(settle_autoencoder(room))
    return pipeline_of(vae, task.text_encoder, task.tokenizer, task.unet), said


def export_base(room: Room) -> Path:
    """Writes `base`: a folder that StableDiffusionPipeline loads; how it was trained goes into `figures.json`."""
    pipeline, said = trained_pipeline(room)
    folder = room.weights / "base"
    pipeline.to(torch.float16).save_pretrained(folder, safe_serialization=True)
    words.save_tokenizer(pipeline.tokenizer, folder / "tokenizer")
    keep(room.weights, "base", {**said, "autoencoder": asdict(room.autoencoder_sizes), "commit": _commit()})
    return folder


def trained_turntable(room: Room) -> tuple[Any, dict[str, Any]]:
    """The pipeline of new views with the averaged weights, and what its checkpoint says."""
    unet = build_unet(room.diffusion_sizes, channels_in=2 * room.diffusion_sizes.latents)
    said = load_averaged({"unet": unet}, room.training("novel-view"))
    pipeline = TurntablePipeline(autoencoder.load(settle_autoencoder(room)), unet, scheduler())
    pipeline.set_progress_bar_config(disable=True)
    return pipeline, said


def export_views(room: Room) -> Path:
    """Writes `views`, for the video family `turntable`."""
    pipeline, said = trained_turntable(room)
    folder = room.weights / "views"
    pipeline.to(torch.float16).save_pretrained(folder, safe_serialization=True)
    keep(room.weights, "views", {**said, "commit": _commit()})
    return folder


def sheets_of(room: Room, count: int = SHEET) -> Visit:
    """To be called during a training: draws the same prompts from the same seeds with the averaged weights."""
    vae = autoencoder.load(settle_autoencoder(room))

    def visit(task: Task, state: State) -> None:
        if isinstance(task, DiffusionTask):
            with swapped(task.modules, state.averaged):
                pipeline = pipeline_of(vae, task.text_encoder, task.tokenizer, task.unet)
                images = draw(pipeline, captions_of(asked_scenes(count)), guidance=_GUIDANCE)
            save_sheet(images, room.sheets / f"text-to-image-{state.progress.samples:08d}.png")

    return visit


def draw_sheet(room: Room, count: int = SHEET) -> Path:
    """The same sheet of what the last checkpoint draws; returns its file."""
    pipeline, said = trained_pipeline(room)
    path = room.sheets / f"text-to-image-{said['progress']['samples']:08d}.png"
    save_sheet(draw(pipeline, captions_of(asked_scenes(count)), guidance=_GUIDANCE), path)
    return path


def evaluate_autoencoder(room: Room) -> dict[str, Any]:
    """PSNR on held-out renders; a sheet of pictures above what comes back."""
    net = autoencoder.load(settle_autoencoder(room))
    images = read_renders(room.held_out).images
    before, after = autoencoder.side_by_side(net, images[:48])
    _stacked(room.sheets / "autoencoder.png", before, after)
    return asdict(autoencoder.evaluate(net, images))


def evaluate_base(room: Room, count: int = 192) -> dict[str, Any]:
    """What the judge reads in drawn pictures of held-out prompts, and in held-out renders for comparison."""
    pipeline, said = trained_pipeline(room)
    judge = read_judge(room.weights / "judge")
    scenes = asked_scenes(count)
    images = draw(pipeline, captions_of(scenes), guidance=_GUIDANCE)
    held_out = read_renders(room.held_out)
    return {
        "samples": said["progress"]["samples"],
        "drawn": agreement(judge, images, scenes),
        "renders": agreement(judge, held_out.images, held_out.scenes),
        "pictures": count,
        "guidance": _GUIDANCE,
    }


def evaluate_views(room: Room, scenes: int = 100) -> dict[str, Any]:
    """Of drawn views, the share whose product the encoder by look finds by another side, of so many; by the turn.

    The same of rendered views, where they stand, says what the encoder could reach. How near drawn views come to
    rendered ones, beside how near the given pictures do, says whether anything was turned at all.
    """
    pipeline, said = trained_turntable(room)
    data = read_renders(room.held_out_orbits)
    group = len(data) // len({scene.seed for scene in data.scenes})
    firsts = torch.arange(min(scenes, len(data) // group)) * group
    model = dino.load(entry_of("dino", room.weights / "dino"), CPU)
    given, found = data.images[firsts], {"samples": said["progress"]["samples"], "scenes": len(firsts)}
    for step in (1, 2, 3):
        degrees, truth = 360 * step // group, data.images[firsts + step]
        drawn = _turned(pipeline, given, 2 * math.pi * step / group, seed=step)
        others = data.images[firsts + (step + 1) % group]  # neither the side that is drawn nor the one that is given
        found |= {
            f"top1_at_{degrees}": _found_again(model, drawn, others),
            f"top1_of_renders_at_{degrees}": _found_again(model, truth, others),
            f"psnr_at_{degrees}": float(psnr(drawn, truth).mean()),
            f"psnr_of_given_at_{degrees}": float(psnr(given, truth).mean()),
        }
        _stacked(room.sheets / f"novel-view-{degrees}.png", given[:24], drawn[:24], truth[:24])
    return found


def _turned(pipeline: Any, given: Tensor, turn: float, *, seed: int) -> Tensor:
    """Each picture's product turned by so many radians."""
    generator = torch.Generator().manual_seed(seed)
    made = [
        as_images(pipeline.turned(as_pixels(some), torch.full((len(some),), turn), steps=20, generator=generator))
        for some in torch.split(given, 20)
    ]
    return torch.cat(made)


def _found_again(model: Any, drawn: Tensor, others: Tensor) -> float:
    rows, shown = (model.images([Image.fromarray(image) for image in some.numpy()]) for some in (drawn, others))
    return float(((rows @ shown.T).argmax(1) == np.arange(len(rows))).mean())


EVALUATIONS: dict[str, Callable[[Room], dict[str, Any]]] = {
    "autoencoder": evaluate_autoencoder,
    "text-to-image": evaluate_base,
    "novel-view": evaluate_views,
}


def _stacked(path: Path, *images: Tensor, columns: int = 12) -> None:
    """A sheet of rows of the first, below each the same row of the others."""
    columns = min(columns, len(images[0]))
    rows = zip(*(torch.split(some, columns) for some in images), strict=True)
    save_sheet(torch.cat([part for parts in rows for part in parts]), path, columns)


def _commit() -> str:
    """The code's commit; empty outside a checkout."""
    asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return asked.stdout.strip()


def report(part: str, said: dict[str, Any]) -> str:
    """One JSON line."""
    return json.dumps({"part": part, **said})
