"""A SAM that is small and has learned to cut out what stands out from a quiet ground, at 64 px.

Random weights would give random masks, and the stages behind it nothing to go on with. The weights beside this file
come from `python -m tests.factories.checkpoints.sam` (six minutes on one core). It hardly heeds where it is asked.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from safetensors.torch import save_file
from segment_anything.modeling.transformer import Attention

from generation.checkpoints.segmenter import Shape, build
from generation.checkpoints.sets import Entry

SHAPE = Shape(
    dim=32, depth=2, heads=4, global_blocks=(1,), side=64, patch=8, prompt_dim=32, decoder_dim=64, decoder_heads=2
)
OPTIONS: dict[str, Any] = {
    "model": "vit_b", "dim": 32, "depth": 2, "heads": 4, "global_blocks": [1], "patch": 8, "prompt_dim": 32,
    "decoder_dim": 64, "decoder_heads": 2, "points_per_side": 8, "grid_score": 0.6, "grid_stability": 0.6,
}  # fmt: skip
STEPS = 9000
WEIGHTS = Path(__file__).with_name("sam_tiny.safetensors")


def make_tiny_sam(folder: Path) -> None:
    """A safetensors file with the tensors of Meta's `.pth`; `OPTIONS` and side 64 tell its sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(WEIGHTS, folder / WEIGHTS.name)


def sam_entry(folder: Path, **options: Any) -> Entry:
    return Entry(
        "segmenter", "sam", "", "", "apache-2.0", True, folder, side=SHAPE.side, options={**OPTIONS, **options}
    )


def trained(steps: int) -> Any:
    """Shown pictures of one or two shapes, each with prompts for all of them."""
    torch.manual_seed(7)
    model: Any = build(SHAPE)
    for name, part in model.mask_decoder.transformer.named_modules():
        if isinstance(part, Attention) and "self" not in name:
            # Begun so that a point attends to the pixels that are near it.
            torch.nn.init.orthogonal_(part.q_proj.weight, 1.2)
            part.k_proj.weight.data.copy_(part.q_proj.weight.data)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    random = np.random.default_rng(7)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1.0, (step + 1) / 50, max(2 * (1 - step / steps), 0.01))
        loss = (_loss(model, random) + _loss(model, random)) / 2
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    # Unsure of scenes with two shapes, it is too modest about one: stages would ask a person about each picture.
    model.mask_decoder.iou_prediction_head.layers[-1].bias.data += 0.3
    return model.eval()


def _loss(model: Any, random: np.random.Generator) -> Any:
    """Cross entropy and Dice of all four masks, and the error of the predicted IoU."""
    image, masks = scene(random, SHAPE.side)
    features = model.image_encoder(model.preprocess(torch.from_numpy(np.asarray(image)).permute(2, 0, 1))[None])
    points, labels, wanted = _prompts(masks, random)
    sparse, dense = model.prompt_encoder(points=(points, labels), boxes=None, masks=None)
    logits, scores = model.mask_decoder.predict_masks(
        image_embeddings=features,
        image_pe=model.prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
    )
    wanted = torch.nn.functional.interpolate(wanted, logits.shape[-2:], mode="area").expand_as(logits)
    seen = logits.sigmoid()
    cross = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)
    dice = 1 - (2 * (seen * wanted).sum((-1, -2)) + 1) / (seen.sum((-1, -2)) + wanted.sum((-1, -2)) + 1)
    hard, truth = logits > 0, wanted > 0.5
    overlap = (hard & truth).sum((-1, -2)) / (hard | truth).sum((-1, -2)).clamp(min=1)
    return cross + dice.mean() + torch.nn.functional.mse_loss(scores, overlap.float())


def _prompts(
    masks: list[NDArray[np.bool_]], random: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For each shape its box (two corners, labels 2 and 3) and a point in it (a second one is padding, label -1)."""
    points, labels, wanted = [], [], []
    for mask in masks:
        rows, columns = np.nonzero(mask)
        spot = random.integers(len(rows))
        points += [
            [[columns.min(), rows.min()], [columns.max() + 1, rows.max() + 1]],
            [[columns[spot], rows[spot]], [0, 0]],
        ]
        labels += [[2, 3], [1, -1]]
        wanted += [mask, mask]
    shown = torch.tensor(np.array(points), dtype=torch.float32) + torch.randn(len(points), 2, 2) * 0.5
    return shown, torch.tensor(labels), torch.from_numpy(np.array(wanted)).float()[:, None]


def scene(random: np.random.Generator, side: int, shapes: int = 0) -> tuple[Image.Image, list[NDArray[np.bool_]]]:
    """A picture of one to three shapes (or as many as asked) on a quiet ground, and the mask of each as seen."""
    ground = random.integers(0, 256, 3)
    image = Image.fromarray(np.broadcast_to(ground, (side, side, 3)).astype(np.uint8))
    layers: list[NDArray[np.bool_]] = []
    for _ in range(shapes or int(random.integers(1, 3))):
        width, height = random.integers(side // 5, side * 2 // 3, 2)
        left, top = random.integers(0, side - width), random.integers(0, side - height)
        layer = Image.new("1", (side, side))
        draw = ImageDraw.Draw(layer)
        (draw.ellipse if random.random() < 0.5 else draw.rectangle)((left, top, left + width, top + height), fill=1)
        colour = (ground + random.integers(70, 186, 3)) % 256
        image.paste(tuple(int(part) for part in colour), (0, 0), layer)
        mask = np.asarray(layer)
        layers = [old & ~mask for old in layers] + [mask]
    noisy = np.asarray(image, np.float32) + random.normal(0, 6, (side, side, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8)), [layer for layer in layers if layer.sum() > 20]


if __name__ == "__main__":
    save_file({name: each.half().contiguous() for name, each in trained(STEPS).state_dict().items()}, WEIGHTS)
