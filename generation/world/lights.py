"""The five lights: key light, sky, what comes back from the ground, softness of shadows and the sky's own colours."""

from dataclasses import dataclass

from generation.world.draws import Draws
from generation.world.solids import Triple


@dataclass(frozen=True)
class Light:
    """Linear colours. `sharpness`: how fast a shadow's edge narrows with nearness; `low`, `high`: the sun's height."""

    key: Triple
    sky: Triple
    sharpness: float
    horizon: Triple
    zenith: Triple
    low: float = 0.8
    high: float = 1.15


LIGHTS: dict[str, Light] = {
    "soft daylight": Light((1.15, 1.10, 1.04), (0.62, 0.64, 0.68), 5.0, (0.74, 0.83, 0.92), (0.33, 0.55, 0.85)),
    "warm evening light": Light(
        (1.48, 1.10, 0.74), (0.46, 0.43, 0.42), 7.0, (0.95, 0.62, 0.35), (0.42, 0.42, 0.62), 0.5, 0.8
    ),
    "cool morning light": Light((0.86, 1.00, 1.18), (0.50, 0.58, 0.70), 5.0, (0.72, 0.84, 0.95), (0.40, 0.60, 0.86)),
    "bright sunlight": Light(
        (2.10, 2.00, 1.82), (0.46, 0.52, 0.62), 14.0, (0.62, 0.80, 0.95), (0.16, 0.42, 0.82), 0.85, 1.25
    ),
    "dim lamplight": Light((0.80, 0.68, 0.52), (0.29, 0.28, 0.29), 6.0, (0.20, 0.20, 0.30), (0.06, 0.08, 0.18)),
}


def sun(light: Light, draws: Draws) -> Triple:
    """Where the key light comes from, as a direction of length 1: from the front left or right, and above."""
    aside, ahead = draws.side("sun side") * draws.between("sun aside", 0.35, 0.9), draws.between("sun ahead", 0.45, 0.9)
    up = draws.between("sun height", light.low, light.high)
    size = (aside * aside + up * up + ahead * ahead) ** 0.5
    return aside / size, up / size, ahead / size
