"""Sphere tracing of bodies: hits, normals, soft shadow and ambient occlusion.

Every body is traced only for the rays that enter its box, and rays that have hit or left are dropped as they go: a
picture costs what its solids cover, not all pixels times all solids. Points and directions are [3, r].
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generation.world.primitives import DISTANCES
from generation.world.solids import Body

HIT = 0.0006  # Of the way gone: less than half a pixel at 1024 px.
AO_REACH = 0.42
AO_SAMPLES = ((0.03, 0.6), (0.09, 0.55), (0.2, 0.45), (AO_REACH, 0.3))


@dataclass(frozen=True)
class Care:
    """How many steps a ray and a shadow's ray may take, and a shadow's shortest step."""

    steps: int
    shadow_steps: int
    shadow_step: float


FINE = Care(96, 40, 0.012)
# Enough for 64 px, where a pixel is as wide as 0.03 at the product; the steps of the last few rays are the costly ones.
COARSE = Care(40, 16, 0.035)


def distance(body: Body, points: Tensor) -> Tensor:
    """The distance from each point to the body's surface, below 0 inside: points [3, r], result [r]."""
    result: Tensor | None = None
    for kind, rows in body.rows.items():
        found = DISTANCES[kind](rows, points)
        found = found.amin(0) if len(rows) > 1 else found[0]
        result = found if result is None else torch.minimum(result, found)
    if result is None:
        raise ValueError("A body without parts has no surface. Add a part before it is traced.")
    return result


def enter_box(body: Body, origins: Tensor, directions: Tensor, margin: float = 0.0) -> tuple[Tensor, Tensor]:
    """Where each ray enters and leaves the body's box, in lengths of its direction; entered after left means never."""
    steep = torch.where(directions.abs() < 1e-7, torch.full_like(directions, 1e-7), directions)
    first = (body.low[:, None] - margin - origins) / steep
    second = (body.high[:, None] + margin - origins) / steep
    return torch.minimum(first, second).amax(0).clamp(min=0), torch.maximum(first, second).amin(0)


def trace(body: Body, origins: Tensor, directions: Tensor, limit: Tensor, care: Care = FINE) -> Tensor:
    """How far each ray goes until it hits the body: [r], infinite where it does not before its limit."""
    found = torch.full_like(limit, torch.inf)
    near, far = enter_box(body, origins, directions)
    far = torch.minimum(far, limit)
    rays = (near < far).nonzero()[:, 0]
    gone, end = near[rays], far[rays]
    start, way = origins[:, rays], directions[:, rays]
    for step in range(care.steps):
        if rays.numel() == 0:
            break
        ahead = distance(body, start + way * gone)
        hit = ahead < HIT * (1 + gone)
        gone = torch.where(hit, gone, gone + ahead * 0.92)
        if step % 3 == 2 or step == care.steps - 1:
            found[rays[hit]] = gone[hit]
            left = (~hit & (gone < end)).nonzero()[:, 0]
            rays, gone, end = rays[left], gone[left], end[left]
            start, way = start[:, left], way[:, left]
    return found


def unit_length(vectors: Tensor) -> Tensor:
    """The lengths [r] of vectors [3, r], never 0. Far faster than torch's own norm along the first axis."""
    return vectors.square().sum(0).sqrt_().clamp_(min=1e-9)


def normals(body: Body, points: Tensor) -> Tensor:
    """The surface's direction at points on the body, from four distances at the corners of a tetrahedron."""
    reach = 0.0012
    corners = torch.tensor(((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)), dtype=points.dtype, device=points.device)
    around = (points[:, None] + corners.T[:, :, None] * reach).reshape(3, -1)
    total = corners.T @ distance(body, around).view(4, -1)
    return total / unit_length(total)


@dataclass
class Beams:
    """Rays on a stretch of their way: origins and directions [3, r], and where the stretch begins and ends [r]."""

    start: Tensor
    way: Tensor
    near: Tensor
    far: Tensor


def lit(bodies: Sequence[Body], points: Tensor, towards: Tensor, sharpness: float, care: Care = FINE) -> Tensor:
    """The share of a broad light that reaches each point: the narrowest gap on the way, relative to how far it is."""
    share = torch.ones_like(points[0])
    for body in bodies:
        near, far = enter_box(body, points, towards, margin=0.12)
        rays = ((near < far) & (share > 0.01)).nonzero()[:, 0]
        if rays.numel():
            beams = Beams(points[:, rays], towards[:, rays], near[rays], far[rays])
            share[rays] = torch.minimum(share[rays], _gap(body, beams, sharpness, care))
    return share * share * (3 - 2 * share)


def _gap(body: Body, beams: Beams, sharpness: float, care: Care) -> Tensor:
    """The narrowest gap between each beam and the body, as a share of the light."""
    start, way, far = beams.start, beams.way, beams.far
    result = torch.ones_like(far)
    rays = torch.arange(far.numel(), device=far.device)
    gone = beams.near.clamp(min=0.012)
    share = torch.ones_like(far)
    for step in range(care.shadow_steps):
        ahead = distance(body, start + way * gone)
        share = torch.minimum(share, (0.5 + 0.5 * sharpness * ahead / gone).clamp(0, 1))
        gone = gone + ahead.clamp(care.shadow_step, 0.25)
        if step % 4 == 3 or step == care.shadow_steps - 1:
            result[rays] = share
            left = ((gone < far) & (share > 0.01)).nonzero()[:, 0]
            if left.numel() == 0:
                break
            rays, gone, far, share = rays[left], gone[left], far[left], share[left]
            start, way = start[:, left], way[:, left]
    return result


def openness(bodies: Sequence[Body], points: Tensor, towards: Tensor, ground: Tensor) -> Tensor:
    """How much of the sky each point sees, 0 to 1, by how far from anything it is along its normal.

    `ground` [r] is the height of the floor below each point; far below for points of the floor itself.
    """
    reaches = torch.tensor([reach for reach, _ in AO_SAMPLES], dtype=points.dtype, device=points.device)[:, None]
    weights = torch.tensor([weight for _, weight in AO_SAMPLES], dtype=points.dtype, device=points.device)
    gaps = points[1] + towards[1] * reaches - ground
    for body in bodies:
        outside = torch.maximum(body.low[:, None] - points, points - body.high[:, None]).clamp(min=0)
        close = (outside.square().sum(0) < (2 * AO_REACH) ** 2).nonzero()[:, 0]
        if close.numel():
            above = (points[:, None, close] + towards[:, None, close] * reaches).reshape(3, -1)
            gaps[:, close] = torch.minimum(gaps[:, close], distance(body, above).view(len(AO_SAMPLES), -1))
    hidden = weights @ ((reaches - gaps).relu() / reaches).clamp(max=1.0)
    return (1 - 0.52 * hidden).clamp(0.12, 1)
