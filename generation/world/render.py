"""Scenes to pictures and masks. The same scene gives the same pixels; the mask is the share of a pixel that the product fills."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from generation.world.contexts import place
from generation.world.draws import Draws
from generation.world.families import product
from generation.world.lens import blurred_behind
from generation.world.lights import LIGHTS, sun
from generation.world.march import COARSE, FINE, Care, lit, normals, openness, trace, unit_length
from generation.world.primitives import DISTANCES
from generation.world.room import FLOOR, SKY, Room, meet
from generation.world.scenes import Scene, shown
from generation.world.shading import GAMMA, Lighting, Met, albedo, developed, lighting, shade, sky_colour
from generation.world.solids import Body, Surface, Workshop, pack, rotation

HALF_FIELD = 0.22  # Tangent of half the angle that the picture spans.
RAYS_AT_ONCE = 1 << 17
BLUR = 0.009  # Of the picture's side: the lens's softness behind a table.


@dataclass
class Renders:
    """Images uint8 [n, side, side, 3] and masks uint8 [n, side, side]: 255 where the product fills the whole pixel."""

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]


@dataclass
class Stage:
    """A scene made ready: bodies (the product first), room, light, the product's frame, and surfaces by number."""

    bodies: list[Body]
    room: Room
    surfaces: list[Surface]
    floor: int
    wall: int
    lights: Lighting
    sharpness: float
    care: Care
    sharp_to: float  # How far from the eye the lens is sharp; 0 is everywhere.
    eye: Tensor
    axes: Tensor
    own: Tensor


def render(scenes: Sequence[Scene], side: int, samples: int = 2, device: str = "cpu") -> Renders:
    """Pictures of scenes, `side` pixels square, from `samples` x `samples` rays a pixel."""
    if side < 1 or samples < 1:
        raise ValueError(f"A picture of {side} pixels with {samples} samples has no rays. Ask for 1 or more of both.")
    images = np.zeros((len(scenes), side, side, 3), np.uint8)
    masks = np.zeros((len(scenes), side, side), np.uint8)
    with torch.inference_mode():
        for number, scene in enumerate(scenes):
            images[number], masks[number] = picture(set_up(scene, device), side, samples)
    return Renders(images, masks)


def set_up(scene: Scene, device: str = "cpu", *, with_product: bool = True) -> Stage:
    """The scene's solids, light and camera. Without the product the place and the camera stay as they are."""
    body, surfaces, scale, height = product(shown(scene), scene.view.azimuth, device)
    make = Workshop(surfaces=list(surfaces))
    room = place(make, scene)
    floor, wall = make.paint(room.floor), make.paint(room.wall)
    light = LIGHTS[scene.light]
    props = [pack(parts, device=device) for parts in make.groups if parts]
    eye, axes = _camera(scene, height, device)
    turned = rotation((0.0, -scene.view.azimuth, 0.0)) / scale
    return Stage(
        bodies=[body, *props] if with_product else props,
        room=room,
        surfaces=make.surfaces,
        floor=floor,
        wall=wall,
        lights=lighting(light, sun(light, Draws(f"light {scene.seed}")), room),
        sharpness=light.sharpness,
        care=FINE if scene.detail == "full" else COARSE,
        sharp_to=scene.view.distance + 1.2 if room.ground < 0 else 0.0,
        eye=eye,
        axes=axes,
        own=torch.tensor(turned, dtype=torch.float32, device=device),
    )


def _camera(scene: Scene, height: float, device: str) -> tuple[Tensor, Tensor]:
    """The eye [3], and right, up and forward as the columns of a matrix."""
    view = scene.view
    middle = np.array([0.0, height / 2, 0.0])
    eye = middle + view.distance * np.array([0.0, np.sin(view.elevation), np.cos(view.elevation)])
    forward = middle + np.array([view.aside, view.above, 0.0]) - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    axes = np.column_stack([right, np.cross(right, forward), forward])
    return torch.tensor(eye, dtype=torch.float32, device=device), torch.tensor(axes, dtype=torch.float32, device=device)


def picture(stage: Stage, side: int, samples: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """One picture and its mask, in bands of rows so that a large one fits the memory."""
    across = side * samples
    band = max(RAYS_AT_ONCE // across // samples, 1)
    parts = []
    for top in range(0, side, band):
        rows = min(band, side - top)
        channels = _trace_band(stage, across, top * samples, rows * samples)
        parts.append(functional.avg_pool2d(channels.view(1, -1, rows * samples, across), samples)[0])
    shares = torch.cat(parts, dim=1)
    colour = shares[:3]
    if stage.sharp_to:
        colour = blurred_behind(shares[4:7], shares[7:10], shares[10], BLUR * side)
    image = (colour.clamp(0, 1) ** (1 / GAMMA) * 255 + 0.5).to(torch.uint8).permute(1, 2, 0)
    return image.cpu().numpy(), (shares[3] * 255 + 0.5).to(torch.uint8).cpu().numpy()


def _rays(stage: Stage, across: int, top: int, rows: int) -> tuple[Tensor, Tensor]:
    """Origins and directions [3, rows * across] of the rays of some rows of the picture."""
    device = stage.eye.device
    x = (torch.arange(across, device=device) + 0.5) / across * 2 - 1
    y = 1 - (torch.arange(top, top + rows, device=device) + 0.5) / across * 2
    down, right = torch.meshgrid(y, x, indexing="ij")
    flat = torch.stack([right.flatten() * HALF_FIELD, down.flatten() * HALF_FIELD, torch.ones_like(right).flatten()])
    directions = stage.axes @ flat
    directions = directions / unit_length(directions)
    return stage.eye[:, None].expand_as(directions).contiguous(), directions


def _trace_band(stage: Stage, across: int, top: int, rows: int) -> Tensor:
    """Developed colour and product share of some rows: [4, r], and for the lens near colour, far colour, far share."""
    origins, directions = _rays(stage, across, top, rows)
    backdrop = meet(stage.room, origins, directions)
    way = backdrop.way.clone()
    owner = torch.full_like(backdrop.part, -1)
    for number, body in enumerate(stage.bodies):
        hit = trace(body, origins, directions, way, stage.care)
        nearer = hit < way
        way = torch.where(nearer, hit, way)
        owner = torch.where(nearer, torch.full_like(owner, number), owner)
    normal = backdrop.normal
    surface = torch.where(backdrop.part == FLOOR, stage.floor, stage.wall)
    met = _met(stage, origins + directions * way, normal, surface, owner)
    solid = ((owner >= 0) | (backdrop.part != SKY)).nonzero()[:, 0]
    colour = sky_colour(directions, stage.lights.light)
    colour[:, solid] = _lit_colour(stage, _at(met, solid), directions[:, solid], way[solid])
    colour = developed(colour)
    channels = [colour, met.product.float()[None]]
    if stage.sharp_to:
        far = (way > stage.sharp_to).float()
        channels += [colour * (1 - far), colour * far, far[None]]
    return torch.cat(channels)


def _met(stage: Stage, points: Tensor, normal: Tensor, surface: Tensor, owner: Tensor) -> Met:
    own_points, own_normal = points.clone(), normal.clone()
    product = torch.zeros_like(owner, dtype=torch.bool)
    for number, body in enumerate(stage.bodies):
        at = (owner == number).nonzero()[:, 0]
        if not at.numel():
            continue
        here = points[:, at]
        normal[:, at] = normals(body, here)
        gaps = torch.cat([DISTANCES[kind](rows, here) for kind, rows in body.rows.items()])
        surface[at] = body.surfaces[gaps.argmin(0)]
        if body.product:
            product[at] = True
            own_points[:, at] = stage.own @ here
            turned = stage.own @ normal[:, at]
            own_normal[:, at] = turned / unit_length(turned)
        else:
            own_normal[:, at] = normal[:, at]
    return Met(points, normal, own_points, own_normal, surface, product)


def _at(met: Met, rays: Tensor) -> Met:
    return Met(
        met.points[:, rays],
        met.normal[:, rays],
        met.own_points[:, rays],
        met.own_normal[:, rays],
        met.surface[rays],
        met.product[rays],
    )


def _lit_colour(stage: Stage, met: Met, directions: Tensor, way: Tensor) -> Tensor:
    """The light of met points [3, r]."""
    colour = albedo(stage.surfaces, met)
    colour = _water(stage.room, met, colour, way)
    lights = stage.lights
    towards = torch.tensor(lights.sun, dtype=torch.float32, device=colour.device)[:, None].expand_as(met.points)
    raised = met.points + met.normal * 0.008
    facing = ((met.normal * towards).sum(0) > 0).nonzero()[:, 0]
    share = torch.zeros_like(way)
    share[facing] = lit(stage.bodies, raised[:, facing], towards[:, facing].contiguous(), stage.sharpness, stage.care)
    on_floor = met.surface == stage.floor
    ground = stage.room.ground - on_floor.float() * 9.0
    open_ = openness(stage.bodies, met.points, met.normal, ground)
    result = shade(stage.surfaces, met, colour, directions, lights=lights, lit=share, open_=open_)
    if stage.room.outdoors:
        clear = 6.0 if stage.room.ground == 0 else 18.0
        haze = 1 - torch.exp(-((way - clear).relu()) / 26)
        result = result + (sky_colour(directions * 0, lights.light) - result) * haze
    return result


def _water(room: Room, met: Met, colour: Tensor, way: Tensor) -> Tensor:
    """The floor beyond the shore as water, with a line of foam."""
    if room.water is None:
        return colour
    deep = torch.tensor((0.03, 0.22, 0.33), dtype=colour.dtype, device=colour.device)[:, None]
    foam = torch.full_like(deep, 0.8)
    low = met.points[1] < room.ground + 0.001
    edge = met.points[2] - room.water + 0.12 * torch.sin(met.points[0] * 1.7)
    colour = torch.where((low & (edge < 0))[None], deep + 0.06 * (way / 20).clamp(0, 1), colour)
    return torch.where((low & (edge < 0) & (edge > -0.16))[None], foam, colour)
