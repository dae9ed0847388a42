"""The judge of the gates: a small network that reads the attributes of a picture, trained on renders alone.

It is no part of the set: the pipeline never asks it. It tells, of images that a text-to-image model drew, how many show
the family, the colour and the place of their caption; its own accuracy on held-out renders stands beside each figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor, nn
from torch.nn import functional

from generation.mini import augmenting
from generation.mini.attributes import UNSAID, WORDS, labels_of
from generation.mini.renders import Renders
from generation.mini.training import Numbers, Plan, batch_of
from generation.world.scenes import Scene

PLAN = Plan(steps=1900, batch=64, rate=3e-3, warmup=100, decay_from=0.3, weight_decay=0.02, average=0.99)
AT_ONCE = 256
Image = Tensor  # uint8 (n, h, w, 3)


@dataclass(frozen=True)
class Sizes:
    """Channels after the first convolution and after each halving."""

    channels: tuple[int, ...] = (32, 48, 96, 160)


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, at half the side."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inside, outside, 3, 2, 1, bias=False),
            nn.BatchNorm2d(outside),
            nn.ReLU(),
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outside),
        )
        self.beside = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.body(x) + self.beside(x))


class Judge(nn.Module):
    """(n, 3, side, side), normalised, to logits by attribute."""

    def __init__(self, sizes: Sizes = Sizes()) -> None:
        super().__init__()
        first, last = sizes.channels[0], sizes.channels[-1]
        stem = [nn.Conv2d(3, first, 5, 2, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU()]
        blocks = [_Block(*pair) for pair in zip(sizes.channels, sizes.channels[1:], strict=False)]
        self.sizes = sizes
        self.trunk = nn.Sequential(*stem, *blocks)
        # Means alone lose a thin chair in a wide garden; the greatest values keep it.
        self.heads = nn.ModuleDict({name: nn.Linear(2 * last, len(words)) for name, words in WORDS.items()})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps = self.trunk(x)
        pooled = torch.cat([maps.mean((-1, -2)), maps.amax((-1, -2))], dim=1)
        return {name: head(pooled) for name, head in self.heads.items()}

    @torch.inference_mode()
    def read(self, images: Tensor) -> dict[str, Tensor]:
        """By attribute (n, words): the chance of each word, of uint8 pictures (n, h, w, 3) of any size."""
        self.eval()
        parts: list[dict[str, Tensor]] = []
        for some in torch.split(images, AT_ONCE):
            pixels = augmenting.normalised(some)
            if pixels.shape[-1] != 64:
                pixels = functional.interpolate(pixels, (64, 64), mode="bilinear", antialias=True, align_corners=False)
            parts.append({name: logits.softmax(-1) for name, logits in self(pixels).items()})
        return {name: torch.cat([part[name] for part in parts]) for name in WORDS}


class JudgeTask:
    """Every attribute by cross-entropy, on pictures that are moved and spoilt as generated ones may be."""

    def __init__(self, data: Renders, sizes: Sizes = Sizes()) -> None:
        torch.manual_seed(0)
        self.model = Judge(sizes)
        self.modules: Mapping[str, nn.Module] = {"judge": self.model}
        self.data, self.labels = data, labels_of(data.scenes)

    def loss(self, step: int, plan: Plan, generator: Generator) -> tuple[Tensor, Numbers]:
        places = batch_of(len(self.data), plan, step)
        images = augmenting.normalised(self.data.images[places])
        images = augmenting.seen(images, augmenting.frames(len(places), generator))
        images = augmenting.spoilt(images, generator)
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model(images)
        labels = self.labels[places]
        losses = {
            name: functional.cross_entropy(logits[name].float(), labels[:, place], ignore_index=UNSAID)
            for place, name in enumerate(WORDS)
            if (labels[:, place] != UNSAID).any()
        }
        right = {name: _right(logits[name], labels[:, place]) for place, name in enumerate(WORDS)}
        return torch.stack(list(losses.values())).sum(), right

    def settings(self) -> dict[str, Any]:
        return {"judge": asdict(self.model.sizes)}


def agreement(judge: Judge, images: Tensor, scenes: Sequence[Scene]) -> dict[str, float]:
    """By attribute: the share of pictures (uint8, (n, h, w, 3)) in which the judge reads what the scene says.

    Renders whose scene says nothing of an attribute are not counted; NaN where none says anything.
    """
    chances, labels = judge.read(images), labels_of(scenes)
    return {name: _right(chances[name], labels[:, place]) for place, name in enumerate(WORDS)}


def write_judge(judge: Judge, folder: Path) -> None:
    """Half precision, as all weights of the set."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.half() if value.is_floating_point() else value for key, value in judge.state_dict().items()}
    save_file(tensors, folder / "model.safetensors")


def read_judge(folder: Path) -> Judge:
    """The judge that `write_judge` wrote, for pictures."""
    tensors = load_file(folder / "model.safetensors")
    channels = [tensors["trunk.0.weight"].shape[0]]
    while (key := f"trunk.{len(channels) + 2}.body.0.weight") in tensors:
        channels.append(tensors[key].shape[0])
    judge = Judge(Sizes(tuple(channels)))
    judge.load_state_dict(tensors)
    return judge.eval()


def _right(scores: Tensor, labels: Tensor) -> float:
    said = labels != UNSAID
    return float((scores.argmax(-1) == labels)[said].float().mean()) if said.any() else float("nan")
