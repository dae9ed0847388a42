"""Pictures as the perceivers see them in training: normalised, moved, cut out, put elsewhere, a little spoilt.

Normalised pictures have the mean and spread of ImageNet, so that the neutral ground of our cut-outs (`imaging.GROUND`)
is zero: what is masked away or lies beyond the border is ground by itself. All chance comes from the generator given.
"""

import torch
from torch import Generator, Tensor
from torch.nn import functional

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
MARGIN = 0.05  # of the longer side of a cut-out's box, on each side, as `imaging.cut_out` has it


def normalised(images: Tensor) -> Tensor:
    """(n, 3, h, w) of float32 from uint8 (n, h, w, 3)."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (images.permute(0, 3, 1, 2).float() / 255 - mean) / std


def shares(masks: Tensor) -> Tensor:
    """(n, 1, h, w) from 0 to 1 of uint8 masks (n, h, w)."""
    return masks[:, None].float() / 255


def uniform(count: int, low: float, high: float, generator: Generator) -> Tensor:
    """(count,) of float32."""
    return torch.rand(count, generator=generator) * (high - low) + low


def frames(count: int, generator: Generator, *, zoom: tuple[float, float] = (0.85, 1.1), aside: float = 0.08) -> Tensor:
    """(n, 4) of (x, y, half width, half height), where -1 to 1 is the picture: scaled, moved, half of them flipped."""
    half = 1 / uniform(count, *zoom, generator)
    flip = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    x, y = (uniform(count, -aside, aside, generator) for _ in range(2))
    return torch.stack([x, y, half * flip, half], dim=1)


def boxes(masks: Tensor) -> Tensor:
    """(n, 4) of (x, y, half width, half height) around what is more than half visible in (n, 1, h, w) shares.

    Where -1 to 1 is the picture; an empty mask gives the whole of it.
    """
    there = masks[:, 0] > 0.5
    height, width = there.shape[-2:]
    left, right = _ends(there.any(-2))
    top, bottom = _ends(there.any(-1))
    edges = torch.stack(
        [(left + right) / width - 1, (top + bottom) / height - 1, (right - left) / width, (bottom - top) / height], 1
    )
    whole = torch.tensor([0.0, 0.0, 1.0, 1.0])
    return torch.where(there.flatten(1).any(1)[:, None], edges, whole)


def squares(masks: Tensor) -> Tensor:
    """The boxes made square, with the margin of a cut-out."""
    found = boxes(masks)
    half = found[:, 2:].amax(1, keepdim=True) * (1 + 2 * MARGIN)
    return torch.cat([found[:, :2], half, half], dim=1)


def seen(images: Tensor, frame: Tensor, *, ground: bool = False) -> Tensor:
    """The pictures within their frames, at the same size; beyond the border is ground, or else its own colour."""
    theta = torch.zeros(len(images), 2, 3)
    theta[:, 0, 0], theta[:, 0, 2], theta[:, 1, 1], theta[:, 1, 2] = frame[:, 2], frame[:, 0], frame[:, 3], frame[:, 1]
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="zeros" if ground else "border", align_corners=False)


def cut_outs(images: Tensor, masks: Tensor) -> Tensor:
    """Each product alone on neutral ground, filling the picture, as the segmented metrics have it."""
    return seen(images * masks, squares(masks), ground=True)


def elsewhere(images: Tensor, masks: Tensor, order: Tensor) -> Tensor:
    """Each product, where it is, before the picture that `order` names; the product of that one peeps out behind."""
    return images * masks + images[order] * (1 - masks)


def spoilt(images: Tensor, generator: Generator, *, blurred: float = 0.5, noise: float = 0.08) -> Tensor:
    """A little brighter or darker, some softened as generated pictures are, with a little noise."""
    count = len(images)
    gain, lift = (uniform(count, low, high, generator).view(-1, 1, 1, 1) for low, high in ((0.9, 1.1), (-0.12, 0.12)))
    changed = images * gain + lift
    soft = functional.avg_pool2d(functional.pad(changed, (1, 1, 1, 1), mode="replicate"), 3, 1)
    share = (uniform(count, 0, 1, generator) * (torch.rand(count, generator=generator) < blurred)).view(-1, 1, 1, 1)
    grain = torch.randn(images.shape, generator=generator) * uniform(count, 0, noise, generator).view(-1, 1, 1, 1)
    return torch.lerp(changed, soft, share) + grain


def _ends(there: Tensor) -> tuple[Tensor, Tensor]:
    """First and one past the last true place of each row of (n, length)."""
    whole = there.to(torch.int8)
    return whole.argmax(-1), there.shape[-1] - whole.flip(-1).argmax(-1)
