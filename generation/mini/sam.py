"""The set's segmenter: segment_anything's own classes at small size, trained on the visible part of rendered products.

As in the paper (arXiv 2304.02643, section 3 and appendix A) prompts are boxes and points drawn from the mask; a single
point may mean several things, so that the best of its three masks counts; a head learns how good a mask is. A point on
the ground means all that is not the product.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from segment_anything.modeling import Sam
from segment_anything.modeling.transformer import Attention
from torch import Generator, Tensor, nn
from torch.nn import functional

from generation.checkpoints.segmenter import Shape, build
from generation.mini import augmenting
from generation.mini.renders import Renders
from generation.mini.training import Numbers, Plan, batch_of

SHAPE = Shape(
    dim=64, depth=4, heads=2, global_blocks=(1, 3), side=64, patch=4, window=8, prompt_dim=64, decoder_dim=128,
    decoder_heads=4,
)  # fmt: skip
PLAN = Plan(steps=2600, batch=16, rate=1.5e-3, warmup=150, decay_from=0.35, weight_decay=0.01, average=0.995)
ON_GROUND = 0.15  # share of single points that lie beside the product
Kind = Literal["box", "point", "points", "both"]


@dataclass(frozen=True)
class Prompts:
    """One a picture, in pixels: boxes (n, 4), points (n, k, 2) with labels (n, k), or both; `single` is one point."""

    boxes: Tensor | None
    points: tuple[Tensor, Tensor] | None
    single: bool


class SamTask:
    """Each step shows every picture of the batch to one kind of prompt by box and to one by points."""

    def __init__(self, data: Renders, shape: Shape = SHAPE) -> None:
        torch.manual_seed(0)
        self.shape, self.data = shape, data
        self.model = build(shape)
        _heeding(self.model)
        self.modules: Mapping[str, nn.Module] = {"sam": self.model}
        self.encode: Callable[[Tensor], Tensor] = self.model.image_encoder

    def hasten(self) -> None:
        """Compile what takes longest: it pays after some 5,000 pictures."""
        self.encode = torch.compile(self.model.image_encoder)

    def loss(self, step: int, plan: Plan, generator: Generator) -> tuple[Tensor, Numbers]:
        places = batch_of(len(self.data), plan, step)
        frame = augmenting.frames(len(places), generator, zoom=(0.8, 1.25), aside=0.15)
        images = augmenting.seen(augmenting.normalised(self.data.images[places]), frame)
        truth = augmenting.seen(augmenting.shares(self.data.masks[places]), frame, ground=True)
        images = augmenting.spoilt(images, generator, blurred=0.25, noise=0.04)
        with torch.autocast("cpu", torch.bfloat16):
            features = self.encode(images).float()
        kinds: list[Kind] = ["box" if step % 4 else "both", ("point", "points")[step % 2]]
        losses, numbers = [], {}
        for kind in kinds:
            prompts, wanted = draw_prompts(kind, truth, generator)
            logits, scores = decode(self.model, features, prompts)
            lost, overlap = _loss(logits, scores, wanted)
            losses.append(lost)
            numbers["iou_box" if kind in ("box", "both") else "iou_point"] = overlap
        return torch.stack(losses).sum(), numbers

    def settings(self) -> dict[str, Any]:
        return {"shape": asdict(self.shape)}


def draw_prompts(kind: Kind, truth: Tensor, generator: Generator) -> tuple[Prompts, Tensor]:
    """Prompts of one kind for masks (n, 1, side, side), and what is to be found: the mask, or for a point on the ground
    all that is not in it."""
    count, side = len(truth), truth.shape[-1]
    if kind == "box":
        return Prompts(_loose(truth, generator), None, False), truth
    if kind == "point":
        beside = (torch.rand(count, generator=generator) < ON_GROUND).view(-1, 1, 1, 1)
        wanted = torch.where(beside, 1 - truth, truth)
        return Prompts(None, (_within(wanted, 1, generator), torch.ones(count, 1, dtype=torch.int)), True), wanted
    inside, outside = _within(truth, 2, generator), _near(truth, generator)
    labels = torch.tensor([[1, 1, 0]], dtype=torch.int).expand(count, 3)
    points = (torch.cat([inside, outside], dim=1).clamp(0, side), labels)
    return Prompts(_loose(truth, generator) if kind == "both" else None, points, False), truth


def decode(model: Sam, features: Tensor, prompts: Prompts) -> tuple[Tensor, Tensor]:
    """Logits (n, k, side, side) and predicted IoU (n, k) of a prompt each for n pictures: k is 3 for a single point.

    The decoder's own `predict_masks` takes several prompts of one picture; this takes one of each of several.
    """
    decoder = model.mask_decoder
    sparse, dense = model.prompt_encoder(points=prompts.points, boxes=prompts.boxes, masks=None)
    count = len(features)
    own = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight]).expand(count, -1, -1)
    grid = model.prompt_encoder.get_dense_pe().expand(count, -1, -1, -1)
    told, maps = decoder.transformer(features + dense, grid, torch.cat([own, sparse], dim=1))
    maps = decoder.output_upscaling(maps.transpose(1, 2).reshape(features.shape))
    picked = slice(1, None) if prompts.single else slice(0, 1)
    mixers = [mlp(told[:, 1 + place]) for place, mlp in list(enumerate(decoder.output_hypernetworks_mlps))[picked]]
    logits = torch.einsum("nkc,nchw->nkhw", torch.stack(mixers, dim=1), maps)
    return logits, decoder.iou_prediction_head(told[:, 0])[:, picked]


def write_sam(model: Sam, folder: Path) -> None:
    """`model.safetensors`, half precision, with the tensors of Meta's files; sizes are the set's options."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {key: value.half().contiguous() for key, value in model.state_dict().items()}, folder / "model.safetensors"
    )


def overlaps(masks: Tensor, truth: Tensor) -> Tensor:
    """IoU of bool masks (..., h, w) with others of that shape; 1 where both are empty."""
    both, either = (masks & truth).sum((-1, -2)), (masks | truth).sum((-1, -2))
    return torch.where(either > 0, both / either.clamp(min=1), 1.0)


def _heeding(model: Sam) -> None:
    """Begin so that a prompt attends to the pixels near it, which small networks take long to find out."""
    for name, part in model.mask_decoder.transformer.named_modules():
        if isinstance(part, Attention) and "self" not in name:
            nn.init.orthogonal_(part.q_proj.weight, 1.2)
            part.k_proj.weight.data.copy_(part.q_proj.weight.data)


def _loss(logits: Tensor, scores: Tensor, wanted: Tensor) -> tuple[Tensor, float]:
    """Cross-entropy and dice of the best mask, and the error of the predicted IoU; and the best one's true IoU."""
    targets = functional.interpolate(wanted, logits.shape[-2:], mode="area").expand_as(logits)
    sharp = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean((-1, -2))
    shown = logits.sigmoid()
    dice = 1 - (2 * (shown * targets).sum((-1, -2)) + 1) / ((shown + targets).sum((-1, -2)) + 1)
    each = 5 * sharp + dice
    true = overlaps(logits.detach() > 0, targets > 0.5)
    # The lesser masks learn a little too: else one of the three takes all.
    best = each.min(dim=1)
    error = functional.mse_loss(scores, true)
    return best.values.mean() + 0.1 * each.mean() + error, float(true.gather(1, best.indices[:, None]).mean())


def _loose(truth: Tensor, generator: Generator) -> Tensor:
    """(n, 4) of left, top, right, bottom in pixels: boxes around the masks, each edge off by up to a tenth."""
    side = truth.shape[-1]
    found = augmenting.boxes(truth)
    edges = torch.cat([found[:, :2] - found[:, 2:], found[:, :2] + found[:, 2:]], dim=1)
    off = (torch.rand(len(truth), 4, generator=generator) - 0.4) * 0.2 * found[:, 2:].repeat(1, 2)
    exact = (torch.rand(len(truth), 1, generator=generator) < 0.4).float()
    moved = edges + off * torch.tensor([-1.0, -1.0, 1.0, 1.0]) * (1 - exact)
    return ((moved + 1) / 2 * side).clamp(0, side)


def _within(masks: Tensor, count: int, generator: Generator) -> Tensor:
    """(n, count, 2) of x, y in pixels, at the middle of cells that the masks hold; anywhere in an empty one."""
    flat = (masks[:, 0] > 0.5).flatten(1).float() + 1e-6
    chosen = torch.multinomial(flat, count, replacement=True, generator=generator)
    side = masks.shape[-1]
    return torch.stack([chosen % side, chosen // side], dim=-1).float() + 0.5


def _near(masks: Tensor, generator: Generator) -> Tensor:
    """(n, 1, 2): a point outside of each mask, near it."""
    around = functional.max_pool2d(masks, 13, 1, 6)
    return _within((around > 0.5).float() * (masks < 0.25).float(), 1, generator)
