"""What a picture of the world shows, as plain data: the product, the place, the light and the camera."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

FAMILIES = ("chair", "table", "lamp", "mug", "vase", "bag")
# sRGB, each far enough from its neighbours that the word stays right under every light.
COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.78, 0.13, 0.12),
    "orange": (0.93, 0.47, 0.10),
    "yellow": (0.95, 0.79, 0.20),
    "green": (0.20, 0.55, 0.25),
    "teal": (0.10, 0.56, 0.58),
    "blue": (0.15, 0.31, 0.72),
    "purple": (0.47, 0.24, 0.62),
    "pink": (0.94, 0.55, 0.66),
    "brown": (0.44, 0.27, 0.15),
    "white": (0.94, 0.93, 0.91),
    "grey": (0.52, 0.53, 0.55),
    "black": (0.10, 0.10, 0.11),
}
# Quieter ones for the sample catalogue; drawn things never have them.
MUTED: dict[str, tuple[float, float, float]] = {
    "oak": (0.74, 0.56, 0.37),
    "walnut": (0.43, 0.29, 0.19),
    "terracotta": (0.78, 0.45, 0.33),
    "rust": (0.66, 0.34, 0.20),
    "sage": (0.60, 0.68, 0.56),
    "forest green": (0.17, 0.35, 0.27),
    "navy": (0.15, 0.21, 0.37),
    "sky blue": (0.62, 0.76, 0.86),
    "mustard": (0.86, 0.66, 0.24),
    "cream": (0.94, 0.89, 0.80),
    "sand": (0.83, 0.74, 0.61),
    "blush": (0.91, 0.74, 0.70),
    "plum": (0.40, 0.21, 0.33),
    "charcoal": (0.22, 0.23, 0.25),
    "brass": (0.85, 0.67, 0.36),
    "steel": (0.76, 0.77, 0.79),
}
PALETTE = COLOURS | MUTED
PATTERNS = ("plain", "striped", "banded", "checked", "dotted", "speckled", "marbled")
MATERIALS = ("matte", "glossy", "metal", "wooden", "woven")
MARKS = ("", "circle", "square", "triangle", "ring", "cross", "star")
CONTEXTS = ("studio", "living room", "kitchen", "garden", "beach", "office", "bedroom", "street")
LIGHTS = ("soft daylight", "warm evening light", "cool morning light", "bright sunlight", "dim lamplight")
OCCLUDERS = ("", "plant", "ball", "box")
# What can be told at 64 px, and so all that the narrowed world shows.
PLAIN_PATTERNS = ("plain", "striped", "banded", "checked", "dotted")
GENES = 12
HELD_OUT = 900_000

Detail = Literal["full", "plain"]


@dataclass(frozen=True)
class Thing:
    """One product. Its genes (each in [0, 1)) are the proportions and parts of its shape; a mark of "" is none."""

    family: str
    colour: str
    second_colour: str
    pattern: str
    material: str
    mark: str
    mark_colour: str
    genes: tuple[float, ...]


@dataclass(frozen=True)
class View:
    """The camera. The product turns by `azimuth` on its spot (radians), the place stays behind it.

    The camera stands `elevation` radians above the level of the product's middle, `distance` away (a product's greatest
    extent is 1), and looks `aside` (to the right) and `above` past the middle.
    """

    azimuth: float
    elevation: float
    distance: float
    aside: float = 0.0
    above: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A product in a place under a light. The seed settles what has no field: props, their places, the sun's way."""

    thing: Thing
    context: str
    light: str
    view: View
    occluder: str
    seed: int
    detail: Detail = "full"

    def as_dict(self) -> dict[str, Any]:
        """The scene in plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Scene":
        """The scene that `as_dict` was made of."""
        thing = dict(values["thing"])
        thing["genes"] = tuple(thing["genes"])
        return cls(**{**values, "thing": Thing(**thing), "view": View(**values["view"])})


def shown(scene: Scene) -> Thing:
    """The product as its picture shows it: "plain" ones have no mark, and no pattern or material too fine for 64 px."""
    if scene.detail == "full":
        return scene.thing
    thing = scene.thing
    return replace(
        thing,
        pattern=thing.pattern if thing.pattern in PLAIN_PATTERNS else "plain",
        material="glossy" if thing.material in ("glossy", "metal") else "matte",
        mark="",
    )
