"""Training data of the world as shards on disk: a file of images and masks, and beside it a scene and caption a line.

A shard is written whole under another name and then renamed, so that a kill leaves no half one; the next run goes on
with the first shard that is missing and ends with the same bytes as a run that nobody stopped.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file

from generation.exceptions import GenerationError
from generation.world.captions import caption
from generation.world.render import render
from generation.world.sampling import orbit_of, scenes_of
from generation.world.scenes import Detail, Scene


class DatasetRefused(GenerationError):
    """A folder of shards that cannot be read or added to."""


@dataclass(frozen=True)
class Plan:
    """What a folder of shards holds: for each seed `views` scenes of its product, or `orbit` sides of one scene."""

    things: int
    views: int = 4
    orbit: int = 0
    side: int = 64
    samples: int = 2
    detail: Detail = "plain"
    first_seed: int = 0
    shard: int = 50  # Things in a shard.

    def __post_init__(self) -> None:
        for name in ("things", "side", "samples", "shard"):
            if getattr(self, name) < 1:
                raise DatasetRefused(f"{name} is {getattr(self, name)}. It must be 1 or more.")
        if (self.views > 0) == (self.orbit > 0):
            raise DatasetRefused(
                f"views is {self.views} and orbit is {self.orbit}. Ask for one of them, and set the other to 0."
            )

    def shards(self) -> int:
        """How many shards the plan comes to."""
        return -(-self.things // self.shard)

    def scenes(self, shard: int) -> list[Scene]:
        """The scenes of a shard, thing by thing."""
        first = self.first_seed + shard * self.shard
        last = min(first + self.shard, self.first_seed + self.things)
        seeds = range(first, last)
        if self.orbit:
            return [scene for seed in seeds for scene in orbit_of(seed, self.orbit, self.detail)]
        return [scene for seed in seeds for scene in scenes_of(seed, self.views, self.detail)]


def write(plan: Plan, folder: Path, *, minutes: float = 0.0) -> int:
    """Render the plan's missing shards, in order; stop before one that the time would not last for. Return how many.

    `minutes` of 0 is no limit. A folder that was begun by another plan is refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _agree(plan, folder / "plan.json")
    end = time.monotonic() + minutes * 60 if minutes else float("inf")
    longest, written = 0.0, 0
    for number in range(plan.shards()):
        if _path(folder, number).exists():
            continue
        begun = time.monotonic()
        if begun + longest > end:
            break
        _write_shard(plan, folder, number)
        longest, written = max(longest, time.monotonic() - begun), written + 1
    return written


def _agree(plan: Plan, path: Path) -> None:
    """A folder's plan may grow in things, and in nothing else: its shards stay as they are."""
    if path.exists():
        before = json.loads(path.read_text())
        asked = asdict(plan)
        other = [name for name in asked if name != "things" and before.get(name) != asked[name]]
        if other:
            raise DatasetRefused(
                f"{path.parent} was begun with {other[0]} = {before.get(other[0])}, not {asked[other[0]]}. "
                "Name another folder, or ask for the same."
            )
        if before["things"] >= plan.things:
            return
        if before["things"] % plan.shard:
            raise DatasetRefused(f"{path.parent} ends with a part of a shard, so it cannot grow. Name another folder.")
    _replace(path, json.dumps(asdict(plan), indent=1).encode())


def _write_shard(plan: Plan, folder: Path, number: int) -> None:
    scenes = plan.scenes(number)
    renders = render(scenes, plan.side, plan.samples)
    lines = [json.dumps({"scene": scene.as_dict(), "caption": caption(scene)}) for scene in scenes]
    path = _path(folder, number)
    _replace(path.with_suffix(".jsonl"), ("\n".join(lines) + "\n").encode())
    half = path.with_suffix(".part")
    save_file({"images": torch.from_numpy(renders.images), "masks": torch.from_numpy(renders.masks)}, half)
    half.replace(path)


def _replace(path: Path, content: bytes) -> None:
    half = path.with_suffix(".part")
    half.write_bytes(content)
    half.replace(path)


def _path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:05d}.safetensors"


class Shards:
    """A folder of shards as one sequence of pictures; images are read from the mapped files as they are asked for."""

    def __init__(self, folder: Path | str) -> None:
        """Open what is there now; shards that are written later are seen by a new reader.

        Raises `DatasetRefused` where the folder has no plan.
        """
        self.folder = Path(folder)
        plan = self.folder / "plan.json"
        if not plan.exists():
            raise DatasetRefused(
                f"{self.folder} has no plan.json. Render into it first: python -m generation.world render."
            )
        self.plan = Plan(**json.loads(plan.read_text()))
        self.paths = sorted(self.folder.glob("shard-*.safetensors"))
        # The handle of safetensors has no types.
        self._files: list[Any] = [safe_open(path, framework="np") for path in self.paths]
        counts = [file.get_slice("masks").get_shape()[0] for file in self._files]
        self._ends = np.cumsum(counts)
        self._lines: dict[int, list[dict[str, Any]]] = {}

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @property
    def group(self) -> int:
        """How many pictures in a row show one thing."""
        return self.plan.orbit or self.plan.views

    def _where(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"There is no picture {index}: {self.folder} holds {len(self)}.")
        shard = int(np.searchsorted(self._ends, index, side="right"))
        return shard, index - (int(self._ends[shard - 1]) if shard else 0)

    def images(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """Pictures [n, side, side, 3]."""
        return self._read("images", indices)

    def masks(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """Masks [n, side, side]."""
        return self._read("masks", indices)

    def _read(self, name: str, indices: Sequence[int]) -> NDArray[np.uint8]:
        found = []
        for index in indices:
            shard, at = self._where(index)
            found.append(self._files[shard].get_slice(name)[at : at + 1][0])
        return np.stack(found)

    def everything(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """All pictures and all masks, in memory: 200 MB for 16,000 of 64 px."""
        images = [file.get_tensor("images") for file in self._files]
        masks = [file.get_tensor("masks") for file in self._files]
        return np.concatenate(images), np.concatenate(masks)

    def _line(self, index: int) -> dict[str, Any]:
        shard, at = self._where(index)
        if shard not in self._lines:
            text = self.paths[shard].with_suffix(".jsonl").read_text()
            self._lines[shard] = [json.loads(line) for line in text.splitlines()]
        return self._lines[shard][at]

    def scene(self, index: int) -> Scene:
        """What a picture shows."""
        return Scene.from_dict(self._line(index)["scene"])

    def caption(self, index: int) -> str:
        """The picture in words."""
        return str(self._line(index)["caption"])

    def __iter__(self) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8], Scene]]:
        for index in range(len(self)):
            yield self.images([index])[0], self.masks([index])[0], self.scene(index)
