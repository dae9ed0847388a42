"""All scenes that `python -m generation.studio` draws."""

from dataclasses import replace
from functools import partial

from generation.studio import surfaces
from generation.studio.scenes import (
    ASH,
    GREYED,
    LEAVES,
    OAK,
    WALNUT,
    WARM_LAMPS,
    Light,
    Paint,
    Scene,
    above,
    arch,
    bokeh,
    leafy,
    podium,
    room,
    striped,
    sweep,
    tabletop,
    wall,
    window,
)  # fmt: skip
from generation.studio.surfaces import View

_BOARDS = (100 * surfaces.TEXELS, 130 * surfaces.TEXELS)
_SLAB = (110 * surfaces.TEXELS, 110 * surfaces.TEXELS)
_ROOM = View(0, 0.40, 0.80, 260, 1.9)
_oak = partial(surfaces.wood, _BOARDS, OAK, 11, 16)
_walnut = partial(surfaces.wood, _BOARDS, WALNUT, 12, 18)
_ash = partial(surfaces.wood, _BOARDS, ASH, 13, 15)
_greyed = partial(surfaces.wood, _BOARDS, GREYED, 14, 12)
_white_marble = partial(surfaces.marble, _SLAB, (0.93, 0.93, 0.92), (0.50, 0.51, 0.54), 21)
_black_marble = partial(surfaces.marble, _SLAB, (0.07, 0.07, 0.08), (0.62, 0.60, 0.57), 22)
_concrete = partial(surfaces.stone, _SLAB, (0.62, 0.61, 0.60), 31, 0.11)
_linen = partial(surfaces.cloth, _SLAB, (0.86, 0.82, 0.75), 41)
_parquet = partial(surfaces.wood, (150 * surfaces.TEXELS, 150 * surfaces.TEXELS), OAK, 15, 9)
_pale_boards = partial(surfaces.wood, (150 * surfaces.TEXELS, 150 * surfaces.TEXELS), ASH, 16, 9)
_FRONT, _ANYWHERE = (0.74, 0.90), (0.0, 1.0)
_ANY, _BIG, _SMALL = (0.0, 400.0), (40.0, 400.0), (0, 45)


def _paper(name: str, colour: surfaces.Colour, light: Light, words: str, falloff: float = 0.55) -> Scene:
    """Seamless paper, brightest on the side that its light comes from."""
    spot = (0.5 - 0.18 * (1 if light.azimuth < 0 else -1), 0.40)
    paper = sweep(colour, len(_said(words)), spot, falloff)
    return Scene(f"paper-{name}", "studio", _said(words), _FRONT, light, 0.42, paper, fits=_ANY)


def _gloss(name: str, light: Light, words: str, paper: Paint) -> Scene:
    return Scene(f"gloss-{name}", "studio", _said(words), (0.74, 0.88), light, 0.5, paper, fits=_ANY)


def _table(name: str, context: str, light: Light, words: str, paint: Paint) -> Scene:
    return Scene(name, context, _said(words), _FRONT, light, 0.30, paint)


def _sunny(name: str, context: str, light: Light, words: str, paint: Paint) -> Scene:
    """A table before a wall on which the sun draws: it begins lower, so that the wall is seen."""
    return Scene(name, context, _said(words), (0.75, 0.90), light, 0.30, paint)


def _podium(name: str, light: Light, words: str, paint: Paint) -> Scene:
    floor = (0.685, 0.715)
    return Scene(f"podium-{name}", "studio", _said(words), floor, light, 0.45, paint, fits=_SMALL, widest=0.46)


def _room(name: str, light: Light, words: str, paint: Paint) -> Scene:
    return Scene(f"room-{name}", "living room", _said(words), (0.72, 0.90), light, 0.40, paint, fits=_BIG)


def _above(name: str, light: Light, words: str, paint: Paint) -> Scene:
    return Scene(f"above-{name}", "table", _said(words), _ANYWHERE, light, 0.0, paint, "above", fits=(0, 120))


def _wall(name: str, context: str, light: Light, words: str, paint: Paint) -> Scene:
    return Scene(f"wall-{name}", context, _said(words), _ANYWHERE, light, 0.5, paint, "wall", fits=_ANY)


def _said(words: str) -> str:
    return f"a {{product}} {words}"


def _shiny(gloss: float, scene: Scene) -> Scene:
    return replace(scene, gloss=gloss)


SCENES: tuple[Scene, ...] = (
    _paper(
        "white", (0.95, 0.95, 0.945), Light(-40, 55, 0.8), "on seamless white paper in a photo studio, soft light", 0.8
    ),
    _paper(
        "grey",
        (0.74, 0.745, 0.75),
        Light(-55, 45, 0.6),
        "on a light grey studio backdrop, soft light from the left",
        0.55,
    ),
    _paper(
        "sand",
        (0.86, 0.77, 0.65),
        Light(50, 45, 0.55, "#fff3e2"),
        "on a sand coloured paper backdrop, soft light from the right",
    ),
    _paper("sage", (0.66, 0.73, 0.63), Light(-50, 45, 0.6), "on a sage green paper backdrop, soft light from the left"),
    _paper(
        "blush",
        (0.9, 0.74, 0.71),
        Light(45, 50, 0.6, "#fff4ee"),
        "on a blush pink paper backdrop, soft light from the right",
    ),
    _paper("sky", (0.66, 0.78, 0.87), Light(-45, 50, 0.6), "on a pale blue paper backdrop, soft light from the left"),
    _paper(
        "charcoal",
        (0.3, 0.31, 0.33),
        Light(-60, 40, 0.5),
        "on a charcoal studio backdrop, low light from the left",
        0.3,
    ),
    _paper(
        "ochre",
        (0.84, 0.62, 0.28),
        Light(55, 42, 0.5, "#ffedd2"),
        "on an ochre paper backdrop, warm light from the right",
        0.5,
    ),
    _shiny(
        0.55,
        _gloss(
            "black",
            Light(-40, 55, 0.6),
            "on a glossy black table with its reflection, in a dark studio",
            sweep((0.16, 0.17, 0.19), 9, (0.5, 0.36), 0.14),
        ),
    ),
    _shiny(
        0.4,
        _gloss(
            "white",
            Light(35, 60, 0.8),
            "on a glossy white table with its reflection, in a bright studio",
            sweep((0.9, 0.91, 0.92), 10, (0.5, 0.35), 0.72),
        ),
    ),
    _table(
        "oak-window",
        "kitchen",
        Light(-70, 40, 0.55, "#fff8ee"),
        "on an oak table by a bright window, soft daylight",
        tabletop(_oak, window((0.7, 0.67, 0.62), 51), edge=0.6),
    ),
    _shiny(
        0.16,
        _table(
            "walnut-evening",
            "living room",
            Light(60, 40, 0.45, "#ffdcb0"),
            "on a dark walnut table in the evening, warm lamps out of focus",
            tabletop(
                _walnut,
                bokeh(((0.1, 0.07, 0.06), (0.24, 0.15, 0.1)), WARM_LAMPS, 52, 46, (0.05, 0.55)),
                edge=0.6,
                from_left=False,
            ),
        ),
    ),
    _shiny(
        0.22,
        _table(
            "marble-kitchen",
            "kitchen",
            Light(-55, 50, 0.65),
            "on a white marble counter in a bright kitchen",
            tabletop(
                _white_marble,
                window((0.86, 0.86, 0.85), 53, (0.56, 0.04, 0.96, 0.46)),
                edge=0.61,
                lit=0.8,
                from_left=False,
            ),
        ),
    ),
    _shiny(
        0.3,
        _table(
            "black-marble",
            "hotel",
            Light(-50, 45, 0.5, "#ffeacc"),
            "on a black marble table before a warm dark wall",
            tabletop(_black_marble, wall((0.36, 0.26, 0.2), 54, 0.05, (0.35, 0.25, 0.25), 0.012), edge=0.6),
        ),
    ),
    _table(
        "concrete-plaster",
        "loft",
        Light(-65, 40, 0.4),
        "on a concrete table before a plaster wall, light from the left",
        tabletop(_concrete, wall((0.78, 0.75, 0.71), 55, 0.06, (0.2, 0.2, 0.5), 0.006), edge=0.62),
    ),
    _table(
        "linen-window",
        "bedroom",
        Light(65, 42, 0.6, "#fff6e8"),
        "on a linen cloth by a window in the morning",
        tabletop(_linen, window((0.8, 0.77, 0.73), 56, (0.58, 0.05, 0.94, 0.5)), edge=0.62, lit=0.72, from_left=False),
    ),
    _table(
        "garden-table",
        "garden",
        Light(-60, 50, 0.3, "#fff3d6"),
        "on a weathered wooden table in a garden in the sun",
        tabletop(_greyed, bokeh(((0.55, 0.68, 0.4), (0.26, 0.4, 0.2)), LEAVES, 57, 90, (0.0, 0.5)), edge=0.6),
    ),
    _sunny(
        "blinds",
        "living room",
        Light(-55, 40, 0.3, "#ffefd0"),
        "on a pale wooden table, sunlight through blinds on the wall behind",
        tabletop(_ash, striped(wall((0.86, 0.81, 0.74), 58, 0.03, (0.3, 0.3, 0.75), 0.002)), edge=0.64),
    ),
    _sunny(
        "leaf-shade",
        "terrace",
        Light(60, 50, 0.3, "#fff0d4"),
        "on a stone ledge, the shadow of leaves on a sunlit wall behind",
        tabletop(
            partial(surfaces.stone, _SLAB, (0.84, 0.79, 0.72), 32, 0.06),
            leafy(wall((0.89, 0.83, 0.75), 59, 0.03, (0.6, 0.3, 0.75), 0.002), 59),
            edge=0.64,
            from_left=False,
        ),
    ),
    _podium(
        "clay",
        Light(-45, 50, 0.5, "#fff1e4"),
        "on a round clay coloured podium before a clay coloured wall",
        podium((0.8, 0.58, 0.46), sweep((0.86, 0.68, 0.57), 60, (0.4, 0.4), 0.6)),
    ),
    _podium(
        "cream",
        Light(45, 55, 0.65),
        "on a round cream podium in a bright studio",
        podium((0.93, 0.9, 0.84), sweep((0.84, 0.83, 0.8), 61, (0.6, 0.4), 0.65)),
    ),
    Scene(
        "arch",
        "studio",
        _said("before an arched niche in a plaster wall, light from the left"),
        _FRONT,
        Light(-50, 48, 0.5),
        0.45,
        arch((0.87, 0.8, 0.72), (0.8, 0.66, 0.55), 62),
        fits=_ANY,
    ),
    _shiny(
        0.06,
        _room(
            "oak",
            Light(-60, 45, 0.55, "#fff8ee"),
            "on an oak floor before a white wall in a living room",
            room(_parquet, wall((0.88, 0.87, 0.84), 63, 0.02, (0.2, 0.25, 0.62)), (0.92, 0.91, 0.89), _ROOM, True),
        ),
    ),
    _room(
        "green",
        Light(55, 45, 0.55),
        "on a pale wooden floor before a green wall",
        room(_pale_boards, wall((0.45, 0.53, 0.45), 64, 0.02, (0.75, 0.25, 0.55)), (0.5, 0.58, 0.5), _ROOM, True),
    ),
    _above(
        "linen",
        Light(-50, 55, 0.6),
        "laid on linen, seen from above, daylight",
        above(partial(surfaces.cloth, _SLAB, (0.88, 0.85, 0.8), 42)),
    ),
    _above(
        "marble",
        Light(-45, 55, 0.6),
        "laid on white marble, seen from above, daylight",
        above(partial(surfaces.marble, _SLAB, (0.93, 0.93, 0.92), (0.52, 0.53, 0.56), 23), least=0.75),
    ),
    _above(
        "oak",
        Light(-60, 50, 0.5, "#fff8ee"),
        "laid on oak boards, seen from above, daylight from the left",
        above(partial(surfaces.wood, _SLAB, OAK, 17, 15)),
    ),
    _above(
        "rose",
        Light(45, 55, 0.6),
        "laid on pale pink paper, seen from above, soft light",
        above(partial(surfaces.stone, _SLAB, (0.92, 0.79, 0.77), 33, 0.012), (0.75, 0.2), 0.8),
    ),
    _wall(
        "plaster",
        "living room",
        Light(-60, 45, 0.5, "#fff8ee"),
        "hanging on a white plaster wall, daylight from the left",
        wall((0.9, 0.88, 0.85), 65, 0.035, (0.2, 0.2, 0.6)),
    ),
    _wall(
        "blue",
        "hall",
        Light(55, 45, 0.5),
        "hanging on a blue grey wall, light from the right",
        wall((0.5, 0.58, 0.64), 66, 0.03, (0.75, 0.2, 0.55)),
    ),
)
