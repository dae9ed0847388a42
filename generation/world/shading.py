"""From what rays met to colour: albedo with patterns, grains and marks, then key light, sky, bounce and reflections."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generation.world.lights import Light
from generation.world.march import unit_length
from generation.world.room import Room
from generation.world.solids import Surface, Triple
from generation.world.textures import GRAIN_SHARES, PATTERN_SHARES, flat_place, mark_share, wrapped_place

GAMMA = 2.2


@dataclass
class Met:
    """What rays met: points and normals [3, r], both in the product's frame, too; surfaces [r], product or not [r]."""

    points: Tensor
    normal: Tensor
    own_points: Tensor
    own_normal: Tensor
    surface: Tensor
    product: Tensor


@dataclass(frozen=True)
class Lighting:
    """The light, where it comes from, and the mean colours of floor and surroundings that come back from them."""

    light: Light
    sun: Triple
    ground: Triple
    around: Triple


def linear(colour: Triple) -> Triple:
    """sRGB to linear light, by a plain power."""
    red, green, blue = (max(value, 0.0) ** GAMMA for value in colour)
    return red, green, blue


def lighting(light: Light, sun: Triple, room: Room) -> Lighting:
    """The light as a room gives it back."""
    around = light.horizon if room.outdoors else linear(room.wall.colour)
    return Lighting(light, sun, linear(room.floor.colour), around)


def albedo(surfaces: Sequence[Surface], met: Met) -> Tensor:
    """The colour [3, r] of each met point, before light."""
    device = met.points.device
    table = torch.tensor([linear(surface.colour) for surface in surfaces], dtype=torch.float32, device=device)
    colour = table[met.surface].T.contiguous()
    for number, surface in enumerate(surfaces):
        if surface.pattern == "plain" and not surface.grain and not surface.mark:
            continue
        at = (met.surface == number).nonzero()[:, 0]
        if at.numel():
            colour[:, at] = _decorate(surface, colour[:, at], met.own_points[:, at], met.own_normal[:, at])
    return colour


def _decorate(surface: Surface, colour: Tensor, points: Tensor, normal: Tensor) -> Tensor:
    level = normal[1].abs() > 0.9
    if surface.wrapped:
        u, v = wrapped_place(points, surface.scale)
    else:
        u, v = flat_place(points, normal)
    if surface.pattern != "plain":
        share = PATTERN_SHARES[surface.pattern](u * surface.scale, v * surface.scale)
        share = share * ~level if surface.wrapped else share
        colour = colour + (_column(linear(surface.second), colour) - colour) * share
    if surface.grain:
        depth = 0.42 if surface.grain == "wood" else 0.5
        colour = colour * (1.12 - depth * GRAIN_SHARES[surface.grain](u * surface.fine, v * surface.fine))
    if surface.mark:
        x, y, half = surface.mark_place
        share = mark_share(surface.mark, (points[0] - x) / half, (points[1] - y) / half)
        share = share * (normal[2] > surface.facing) * (points[2] > -0.35)
        colour = colour + (_column(linear(surface.mark_colour), colour) - colour) * share
    return colour


def _column(values: Triple, like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None]


@dataclass
class Reach:
    """The light, and how much of it reaches points: the share of the key light and of the sky, each [r]."""

    lights: Lighting
    key: Tensor
    sky: Tensor


def shade(surfaces: Sequence[Surface], met: Met, colour: Tensor, directions: Tensor, reach: Reach) -> Tensor:
    """The light [3, r] that leaves each point towards the eye: diffuse, highlight, reflected surroundings and glow.

    The highlight is Blinn and Phong's with Schlick's Fresnel term; surroundings are a gradient with two soft boxes.
    """
    looks = [(surface.roughness, surface.metal, surface.glow, surface.soft) for surface in surfaces]
    lights = reach.lights
    roughness, metal, glow, soft = torch.tensor(looks, device=colour.device)[met.surface].T.unbind()
    normal = met.normal
    sun, key, sky = (_column(value, colour) for value in (lights.sun, lights.light.key, lights.light.sky))
    facing = (normal * sun).sum(0).relu() * reach.key
    seen = -(normal * directions).sum(0)
    up = 0.5 + 0.5 * normal[1]
    bounce = _column(lights.ground, colour) * (0.35 * key + sky) * 0.55
    ambient = (sky * up + bounce * (1 - up)) * reach.sky + 0.10 * key * (0.5 + 0.5 * normal[2]) * reach.sky
    diffuse = colour * (1 - 0.92 * metal) * (ambient + key * facing * 0.78)
    edge = (1 - seen.clamp(0, 1)) ** 5
    base = 0.04 + (colour - 0.04) * metal
    fresnel = base + (1 - base) * edge * (1 - 0.85 * roughness)
    half = sun - directions
    half = half / unit_length(half)
    power = 2 / (roughness**4).clamp(min=1e-3)
    highlight = (normal * half).sum(0).clamp(0, 1) ** power * (power + 2).clamp(max=160) / 40
    mirrored = directions + 2 * seen * normal
    around = _surroundings(mirrored, roughness, lights) * reach.sky
    gloss = (1 - roughness).clamp(0, 1) ** 1.5 + metal * 0.5
    result = diffuse + fresnel * (highlight * reach.key * key * 0.5 + around * gloss.clamp(max=1))
    rim = soft * (1 - seen.clamp(0, 1)) ** 3 * 0.5
    return result + colour * (glow * (0.4 + 0.6 * sky.mean() / 0.5) + rim * (ambient + 0.3 * key))


def _surroundings(way: Tensor, roughness: Tensor, lights: Lighting) -> Tensor:
    """What a mirrored ray sees: floor, walls, sky, a soft box at the light and a strip of light across from it."""
    sun, key, sky = (_column(value, way) for value in (lights.sun, lights.light.key, lights.light.sky))
    below = _column(lights.ground, way) * (0.5 * key + sky) * 0.8
    level = _column(lights.around, way) * (0.4 * key + sky) * 0.7
    above = sky * 1.1
    blur = 0.08 + 0.45 * roughness
    rise = (way[1] / blur * 0.5 + 0.5).clamp(0, 1)
    high = ((way[1] - 0.35) / (blur + 0.25) + 0.5).clamp(0, 1)
    colour = below + (level - below) * rise
    colour = colour + (above - colour) * high
    box = (((way * sun).sum(0) - 0.86) / blur + 0.5).clamp(0, 1)
    strip = ((0.16 + 0.2 * roughness - (way[0] + sun[0].sign() * 0.72).abs()) / blur + 0.5).clamp(0, 1)
    strip = strip * ((way[1] + 0.1) / blur).clamp(0, 1) * (way[2] > -0.2)
    return colour + key * (1.5 * box + 0.9 * strip) * (1 - 0.6 * roughness)


def sky_colour(directions: Tensor, light: Light) -> Tensor:
    """The sky [3, r]: from the horizon's colour to the zenith's."""
    rise = (directions[1] * 2.2).clamp(0, 1) ** 0.7
    low, high = _column(light.horizon, directions), _column(light.zenith, directions)
    return low + (high - low) * rise


def developed(light: Tensor) -> Tensor:
    """Linear light to a display's, 0 to 1, as film gives way in the lights: K. Narkowicz's fit of ACES (2016)."""
    exposed = light * 0.72
    return (exposed * (2.51 * exposed + 0.03) / (exposed * (2.43 * exposed + 0.59) + 0.14)).clamp(0, 1)
