"""Training and exporting of the parts that look at pictures: the judge, the segmenter, CLIP, the encoder by look."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generation.mini import classifier, clip, dino, sam
from generation.mini.renders import Renders
from generation.mini.training import Plan, Task, load_averaged


@dataclass(frozen=True)
class Part:
    """A part of the set: how it is trained, and how its weights are written for those who load it."""

    task: Callable[[Renders], Task]
    plan: Plan
    module: str  # of the task's modules, the one that is kept
    write: Callable[[Any, Path], None]
    orbits: bool = False  # whether products of orbits teach it, too


PARTS: dict[str, Part] = {
    "judge": Part(classifier.JudgeTask, classifier.PLAN, "judge", classifier.write_judge),
    "sam": Part(sam.SamTask, sam.PLAN, "sam", sam.write_sam),
    "clip": Part(clip.ClipTask, clip.PLAN, "clip", clip.write_clip),
    "dino": Part(dino.DinoTask, dino.PLAN, "dino", dino.write_dino, orbits=True),
}


def export(name: str, data: Renders, training: Path, weights: Path) -> dict[str, Any]:
    """Write a training's averaged weights as the set has them; returns what its checkpoint says of itself."""
    part = PARTS[name]
    task = part.task(data)
    said = load_averaged(task.modules, training)
    part.write(task.modules[part.module], weights / name)
    return said
