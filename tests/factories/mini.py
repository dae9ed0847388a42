"""A world of twelve tiny renders, and a room in which the makers of pictures train on it in no time."""

from pathlib import Path

from generation.mini import autoencoder, diffusion
from generation.mini.makers import Room
from generation.world.dataset import Plan, write

AUTOENCODER = autoencoder.Sizes(channels=(8, 8, 16), side=16, linear_steps=2)
DIFFUSION = diffusion.Sizes(channels=(32, 32, 32), heads=2, side=4, text_width=32, text_layers=1)


def tiny_renders(folder: Path, first_seed: int = 0) -> Path:
    """Four scenes of each of three products at 16 px."""
    write(Plan(things=3, views=4, side=16, samples=1, first_seed=first_seed), folder)
    return folder


def tiny_room(folder: Path, renders: Path) -> Room:
    """The renders are the held-out ones, too."""
    return Room(
        (renders,), renders, folder / "work", folder / "weights",
        autoencoder_sizes=AUTOENCODER, diffusion_sizes=DIFFUSION,
    )  # fmt: skip
