"""A scene made ready to be traced: its solids packed, its light and its camera."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generation.world.contexts import place
from generation.world.draws import Draws
from generation.world.families import product
from generation.world.lights import LIGHTS, sun
from generation.world.march import COARSE, FINE, Care
from generation.world.room import Room
from generation.world.scenes import Scene, shown
from generation.world.shading import Lighting, lighting
from generation.world.solids import Body, Surface, Workshop, pack, rotation

HALF_FIELD = 0.22  # Tangent of half the angle that the picture spans.


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
