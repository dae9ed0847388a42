"""Renders with their masks in memory: what the perceivers' trainers draw their batches from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generation.exceptions import NotPossible
from generation.world.dataset import Shards
from generation.world.scenes import Scene


@dataclass(frozen=True)
class Renders:
    """Images uint8 (n, side, side, 3), masks uint8 (n, side, side), the scene of each; `said` is what data they are."""

    images: Tensor
    masks: Tensor
    scenes: Sequence[Scene]
    said: Any = ""

    def __len__(self) -> int:
        return len(self.scenes)


def read_renders(folder: Path) -> Renders:
    """All whole shards of a folder. Raises NotPossible where there is none, DatasetRefused for one without a plan.

    `said` leaves their number out: a training may go on when more have been rendered.
    """
    shards = Shards(folder)
    if not len(shards):
        raise NotPossible(
            f"There are no renders in {folder}; make some: python -m generation.world render --out {folder}"
        )
    images, masks = shards.everything()
    plan = shards.plan
    said = {"side": plan.side, "detail": plan.detail, "first_seed": plan.first_seed, "views": plan.views}
    scenes = [shards.scene(place) for place in range(len(shards))]
    return Renders(torch.from_numpy(images), torch.from_numpy(masks), scenes, said)
