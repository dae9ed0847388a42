"""The set's encoder by look: transformers' Dinov2Model at small size.

Its class is DINOv2's; its training is not. Two views of one product, in other places and from other sides, whole, cut
out or before another picture, have to be nearer than views of others (arXiv 2004.11362), and the same row has to tell
the product's words and proportions, which a few thousand renders teach far faster than self-distillation would. Each
patch has to tell how much of it is the product, and the words where it is: a transformer that is told so where
things are learns from far fewer pictures (arXiv 2104.10858).
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional
from transformers import Dinov2Config, Dinov2Model

from generation.mini import augmenting
from generation.mini.renders import Renders
from generation.mini.training import Numbers, Plan, batch_of
from generation.world.scenes import COLOURS, FAMILIES, GENES, PLAIN_PATTERNS, shown

SIZES: dict[str, Any] = {
    "image_size": 64, "patch_size": 8, "hidden_size": 128, "num_hidden_layers": 5, "num_attention_heads": 4,
    "mlp_ratio": 4,
}  # fmt: skip
PLAN = Plan(steps=11_000, batch=32, rate=1e-3, warmup=150, decay_from=0.5, weight_decay=0.04, average=0.995)
WARMTH = 0.07  # of the contrast
HEADS = {"family": len(FAMILIES), "colour": len(COLOURS), "second": len(COLOURS), "pattern": len(PLAIN_PATTERNS)}
# How a view is shown: shares of whole, cut out, before another picture. The rest stands on neutral ground in its place.
SHOWN = (0.85, 0.93, 0.98)


class DinoTask:
    """`plan.batch` products in each step, two views of each."""

    def __init__(self, data: Renders, sizes: Mapping[str, Any] | None = None) -> None:
        torch.manual_seed(0)
        self.sizes = {**SIZES, **(sizes or {})}
        self.model = build_dino(self.sizes)
        self.heads, self.patches = (
            _heads(self.sizes["hidden_size"], last) for last in ({"genes": GENES}, {"there": 1})
        )
        self.modules: Mapping[str, nn.Module] = {"dino": self.model, "heads": self.heads, "patches": self.patches}
        self.data, self.views = data, views_of(data)
        self.labels, self.genes = _labels(data)
        self.kin = [
            [number for number, places in enumerate(self.views) if data.scenes[places[0]].thing.family == family]
            for family in FAMILIES
        ]

    def loss(self, step: int, plan: Plan, generator: Generator) -> tuple[Tensor, Numbers]:
        places = self._views(self._things(step, plan, generator), generator)
        pictures, masks = self._pictures(places, generator)
        with torch.autocast("cpu", torch.bfloat16):
            tokens = self.model(pictures).last_hidden_state
        rows, patches = tokens[:, 0].float(), tokens[:, 1:].float()
        contrast, found = _contrast(functional.normalize(rows, dim=-1))
        told = _told(self.heads, rows, self.labels[places])
        genes = functional.mse_loss(self.heads["genes"](rows), self.genes[places])
        covered = functional.avg_pool2d(masks, self.sizes["patch_size"])[:, 0].flatten(1)
        there = functional.binary_cross_entropy_with_logits(self.patches["there"](patches)[..., 0], covered)
        inside = covered > 0.5
        seen = _told(self.patches, patches[inside], self.labels[places].repeat_interleave(inside.sum(1), 0))
        numbers = {"contrast": contrast, "told": told, "there": there, "seen": seen}
        return contrast + 0.3 * told + genes + there + 0.3 * seen, {
            **{name: float(value.detach()) for name, value in numbers.items()}, "found": found,
        }  # fmt: skip

    def settings(self) -> dict[str, Any]:
        return {"dino": self.sizes}

    def _things(self, step: int, plan: Plan, generator: Generator) -> list[int]:
        """Products of all families and, every other step, of one: those are harder to tell from each other."""
        kin = self.kin[step // 2 % len(self.kin)]
        if step % 2 == 0 or len(kin) < plan.batch:
            return batch_of(len(self.views), plan, step).tolist()
        return [kin[place] for place in torch.randperm(len(kin), generator=generator)[: plan.batch].tolist()]

    def _views(self, things: list[int], generator: Generator) -> Tensor:
        """(2 n,) places: a view of each product, then another of each in the same order."""
        pairs = []
        for thing in things:
            views = self.views[thing]
            pairs.append([views[place] for place in torch.randperm(len(views), generator=generator)[:2].tolist()])
        return torch.tensor(pairs).T.flatten()

    def _pictures(self, places: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """(n, 3, side, side) as the network sees them, and (n, 1, side, side) where the product is in each."""
        count = len(places)
        images = augmenting.normalised(self.data.images[places])
        masks = augmenting.shares(self.data.masks[places])
        kind = torch.rand(count, generator=generator).view(-1, 1, 1, 1)
        frame = augmenting.frames(count, generator, zoom=(0.8, 1.3), aside=0.1)
        both, cut = torch.cat([images, masks], dim=1), torch.cat([images * masks, masks], dim=1)
        moved, ground = augmenting.seen(both, frame), augmenting.seen(cut, frame, ground=True)
        alone = augmenting.seen(cut, augmenting.squares(masks), ground=True)
        other = augmenting.elsewhere(images, masks, torch.randperm(count, generator=generator))
        other = torch.cat([other, masks], dim=1)
        picked = torch.where(
            kind < SHOWN[0], moved, torch.where(kind < SHOWN[1], alone, torch.where(kind < SHOWN[2], other, ground))
        )
        return augmenting.spoilt(picked[:, :3], generator, blurred=0.4), picked[:, 3:]


def _heads(width: int, last: Mapping[str, int]) -> nn.ModuleDict:
    return nn.ModuleDict({name: nn.Linear(width, count) for name, count in {**HEADS, **last}.items()})


def _told(heads: nn.ModuleDict, rows: Tensor, labels: Tensor) -> Tensor:
    """The cross-entropy of all words together, of rows (n, width) with labels (n, words)."""
    words = [functional.cross_entropy(heads[name](rows), labels[:, number]) for number, name in enumerate(HEADS)]
    return torch.stack(words).sum()


def build_dino(sizes: Mapping[str, Any]) -> Dinov2Model:
    """Weights by chance, as wide as their layers ask, and places in sines, which are near each other where cells are.

    The class's own beginning is for widths of 384 and more: here its deviation of 0.02 nearly closes every branch.
    """
    model = Dinov2Model(Dinov2Config(**sizes))
    model.set_attn_implementation("eager")  # its way back is twice as fast on a CPU as the fused one's
    for linear in [part for part in model.modules() if isinstance(part, nn.Linear)]:
        nn.init.xavier_uniform_(linear.weight)
    width, side = sizes["hidden_size"], sizes["image_size"] // sizes["patch_size"]
    model.embeddings.position_embeddings.data[0, 1:] += 0.3 * _waves(side, width)
    return model


def _waves(side: int, width: int) -> Tensor:
    """(side * side, width): sines and cosines of each cell's row and column, as arXiv 1706.03762 counts places."""
    turns = torch.arange(side)[:, None] * torch.exp(-math.log(100) * torch.arange(0, 1, 4 / width))  # width / 4 speeds
    each = torch.cat([turns.sin(), turns.cos()], dim=1)
    return torch.cat([each.repeat_interleave(side, 0), each.repeat(side, 1)], dim=1)


def views_of(data: Renders) -> list[list[int]]:
    """By product, the places of its pictures; products with less than two are left out."""
    found: dict[Any, list[int]] = {}
    for place, scene in enumerate(data.scenes):
        found.setdefault(scene.thing, []).append(place)
    return [places for places in found.values() if len(places) > 1]


def write_dino(model: Any, folder: Path) -> None:
    """A folder of the hub's layout, weights in half precision."""
    model.half().save_pretrained(folder)
    model.float()
    told = {
        "do_resize": True, "size": {"shortest_edge": 64}, "do_center_crop": True,
        "crop_size": {"height": 64, "width": 64}, "resample": 3, "do_rescale": True, "do_normalize": True,
        "image_mean": list(augmenting.MEAN), "image_std": list(augmenting.STD),
        "image_processor_type": "BitImageProcessor",
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(told, indent=2) + "\n")


def _contrast(rows: Tensor) -> tuple[Tensor, float]:
    """Cross-entropy of finding each view's partner among all others; and the share found at once."""
    count = len(rows) // 2
    logits = rows @ rows.T / WARMTH
    logits.fill_diagonal_(float("-inf"))
    partner = torch.arange(2 * count).roll(count)
    return functional.cross_entropy(logits, partner), float((logits.argmax(1) == partner).float().mean())


def _labels(data: Renders) -> tuple[Tensor, Tensor]:
    """(n, heads) of words, the second colour also where no pattern shows it; (n, genes)."""
    colours, rows = tuple(COLOURS), []
    for scene in data.scenes:
        thing = shown(scene)
        rows.append(
            [
                FAMILIES.index(thing.family),
                colours.index(thing.colour),
                colours.index(thing.second_colour),
                PLAIN_PATTERNS.index(thing.pattern),
            ]
        )
    return torch.tensor(rows), torch.tensor([scene.thing.genes for scene in data.scenes])
