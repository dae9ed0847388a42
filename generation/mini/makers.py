"""How the parts that make pictures are trained, one after the other: the autoencoder, its latents, text to image.

A `Room` names the folders. Each step takes what the one before left there, and makes it first where it is missing.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from generation.exceptions import NotPossible
from generation.mini import autoencoder, diffusion, novel_view
from generation.mini.files import load_state, save_state
from generation.mini.renders import Renders, read_renders
from generation.mini.training import Plan, Progress, Visit, averaged_weights, load_averaged, train

AUTOENCODER_PLAN = Plan(steps=4400, batch=16, rate=2e-3, warmup=100, decay_from=0.5, average=0.997)
NOVEL_VIEW_PLAN = Plan(steps=7_500, batch=32, rate=6e-4, warmup=100, decay_from=0.4, average=0.998)
STATE = "state.safetensors"
DIFFUSION_PLAN = Plan(steps=16_000, batch=64, rate=1e-3, warmup=400, decay_from=0.75, average=0.999)


@dataclass(frozen=True)
class Room:
    """Folders: renders to train on, held-out ones, trainings with their checkpoints and sheets, finished weights."""

    renders: tuple[Path, ...]
    held_out: Path
    work: Path
    weights: Path
    orbits: tuple[Path, ...] = ()
    held_out_orbits: Path = Path()
    autoencoder_sizes: autoencoder.Sizes = field(default_factory=autoencoder.Sizes)
    diffusion_sizes: diffusion.Sizes = field(default_factory=diffusion.Sizes)

    def training(self, part: str) -> Path:
        """Where a part's checkpoint and log are."""
        return self.work / "train" / part

    @property
    def sheets(self) -> Path:
        return self.work / "sheets"


@dataclass(frozen=True)
class Limits:
    """When a call ends before its plan does, and what it stops by on the way, by samples in all."""

    minutes: float = math.inf
    stop: Callable[[], bool] = lambda: False
    visits: Mapping[int, Visit] = field(default_factory=dict)


def renders_of(room: Room, *, orbits: bool = False) -> Renders:
    """All renders of the room's folders, one folder after the other; those of `orbits`, where there are any, last.

    Raises NotPossible where there is none.
    """
    return _read((*room.renders, *(room.orbits if orbits else ())))


def _read(folders: Sequence[Path]) -> Renders:
    parts = [read_renders(folder) for folder in folders if list(folder.glob("shard-*.safetensors"))]
    if not parts:
        raise NotPossible(f"There are no renders in {', '.join(map(str, folders))}; make some first.")
    scenes = [scene for part in parts for scene in part.scenes]
    images, masks = (torch.cat([getattr(part, name) for part in parts]) for name in ("images", "masks"))
    return Renders(images, masks, scenes, [part.said for part in parts])


def train_autoencoder(room: Room, limits: Limits, plan: Plan = AUTOENCODER_PLAN) -> Progress:
    """Trains the autoencoder, and settles it once its plan is done."""
    task = autoencoder.AutoencoderTask(renders_of(room).images, room.autoencoder_sizes)
    folder = room.training("autoencoder")
    progress = train(task, plan, folder, minutes=limits.minutes, stop=limits.stop, visits=limits.visits)
    if progress.step >= plan.steps:
        settle_autoencoder(room)
    return progress


def settle_autoencoder(room: Room) -> Path:
    """Writes the averaged autoencoder, its latents brought to mean zero and deviation one; returns its folder.

    Latents and all that is trained on them belong to this very net, so that one that is there stays: the room's own
    or, where nothing has been trained here, that of the finished weights.
    """
    folder, finished = room.work / "vae", room.weights / "base" / "vae"
    if (folder / "config.json").exists():
        return folder
    if not (room.training("autoencoder") / STATE).exists() and (finished / "config.json").exists():
        return finished
    weights, _ = averaged_weights(room.training("autoencoder"))
    net = autoencoder.from_weights(room.autoencoder_sizes, weights)
    images = renders_of(room).images
    autoencoder.settle(net, images[:: max(1, len(images) // 1000)])
    net.save_pretrained(folder)
    return folder


def latents_of(room: Room, renders: Renders, name: str = "latents") -> Tensor:
    """float16 (n, 4, side, side) of all renders; those encoded before are read, and the new ones are added.

    They belong to the scenes by their seeds and cameras, not by their place: folders grow between calls.
    """
    folder = settle_autoencoder(room)
    path, names = room.work / f"{name}.safetensors", [_name(scene) for scene in renders.scenes]
    known: dict[str, Tensor] = {}
    if path.exists():
        tensors, said = load_state(path)
        known = dict(zip(said["names"], tensors["latents"], strict=True))
    missing = [place for place, name in enumerate(names) if name not in known]
    if missing:
        made = autoencoder.encoded(autoencoder.load(folder), renders.images[torch.tensor(missing)]).half()
        known |= {names[place]: latent for place, latent in zip(missing, made, strict=True)}
        save_state(path, {"latents": torch.stack(list(known.values()))}, {"names": list(known)})
    return torch.stack([known[name] for name in names])


def diffusion_task(room: Room) -> diffusion.DiffusionTask:
    """Text to image with its lessons; what was trained is not in it yet."""
    renders = renders_of(room)
    return diffusion.DiffusionTask(diffusion.Lessons(latents_of(room, renders), renders.scenes), room.diffusion_sizes)


def empty_diffusion_task(room: Room) -> diffusion.DiffusionTask:
    """The same nets without lessons, to draw with."""
    sizes = room.diffusion_sizes
    return diffusion.DiffusionTask(
        diffusion.Lessons(torch.zeros(0, sizes.latents, sizes.side, sizes.side), []), room.diffusion_sizes
    )


def train_diffusion(room: Room, limits: Limits, plan: Plan = DIFFUSION_PLAN) -> Progress:
    """Trains text to image on the latents of all renders that there are.

    Without a checkpoint it goes on from the finished weights, where they are of these sizes: the optimizer's moments
    are lost then, which costs some hundred steps.
    """
    folder, task = room.training("text-to-image"), diffusion_task(room)
    begin = None if (folder / STATE).exists() else finished_weights(room, task)
    return train(task, plan, folder, minutes=limits.minutes, stop=limits.stop, visits=limits.visits, begin=begin)


def finished_weights(room: Room, task: diffusion.DiffusionTask) -> Progress | None:
    """Puts the finished base's weights into the task; returns how far they were trained, None where there are none."""
    base, path = room.weights / "base", room.weights / "figures.json"
    said = json.loads(path.read_text()).get("base", {}) if path.exists() else {}
    if said.get("settings") != json.loads(json.dumps(task.settings())):
        return None
    for name, file in (("unet", "diffusion_pytorch_model"), ("text_encoder", "model")):
        task.modules[name].load_state_dict(load_file(base / name / f"{file}.safetensors"))
    return Progress(**said["progress"])


def train_novel_view(room: Room, limits: Limits, plan: Plan = NOVEL_VIEW_PLAN) -> Progress:
    """Trains new views on the orbits, from the weights of text to image."""
    folder, start = room.training("novel-view"), None
    if not (folder / STATE).exists():
        told = empty_diffusion_task(room)
        if (room.training("text-to-image") / STATE).exists():
            load_averaged(told.modules, room.training("text-to-image"))
            start = told.unet.state_dict()
        elif finished_weights(room, told):
            start = told.unet.state_dict()
    task = novel_view.NovelViewTask(orbits_of(room, room.orbits), room.diffusion_sizes, start)
    return train(task, plan, folder, minutes=limits.minutes, stop=limits.stop, visits=limits.visits)


def orbits_of(room: Room, folders: Sequence[Path]) -> novel_view.Orbits:
    """The latents of all sides of scenes. Raises NotPossible for folders in which no scene is seen from two sides."""
    renders = _read(folders)
    group = next((place for place, scene in enumerate(renders.scenes) if scene.seed != renders.scenes[0].seed), 0)
    if group < 2:
        raise NotPossible(f"{', '.join(map(str, folders))} hold no orbits; render with --orbit 6 --views 0.")
    azimuths = torch.tensor([scene.view.azimuth for scene in renders.scenes])
    return novel_view.Orbits(latents_of(room, renders, "orbit-latents"), azimuths, group)


def _name(scene: Any) -> str:
    return json.dumps([scene.seed, scene.context, scene.light, scene.detail, scene.view.azimuth])


MAKERS: dict[str, Callable[[Room, Limits], Progress]] = {
    "autoencoder": train_autoencoder,
    "text-to-image": train_diffusion,
    "novel-view": train_novel_view,
}
