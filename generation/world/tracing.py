"""From rays to colours: what each ray meets first, what that is made of, and the light that it sends back."""

import torch
from torch import Tensor

from generation.world.march import lit, normals, openness, trace, unit_length
from generation.world.primitives import DISTANCES
from generation.world.room import FLOOR, SKY, Room, meet
from generation.world.shading import Met, Reach, albedo, developed, shade, sky_colour
from generation.world.stage import HALF_FIELD, Stage


def rays(stage: Stage, right: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    """Origins and directions [3, r] of the rays through places of the picture, each [r] and from -1 to 1."""
    flat = torch.stack([right * HALF_FIELD, up * HALF_FIELD, torch.ones_like(right)])
    directions = stage.axes @ flat
    directions = directions / unit_length(directions)
    return stage.eye[:, None].expand_as(directions).contiguous(), directions


def traced(stage: Stage, right: Tensor, up: Tensor) -> Tensor:
    """Developed colour and product share at places of the picture: [4, r]; for a lens, near and far parts as well.

    Those are, from channel 4: the colour where it is near, the colour where it is far, and 1 where it is far.
    """
    origins, directions = rays(stage, right, up)
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
    result = shade(stage.surfaces, met, colour, directions, Reach(lights, share, open_))
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
