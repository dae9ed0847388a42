"""What stands about in a place: furniture, plants, windows, a parasol, a street lamp; and what hides the product."""

import math
from collections.abc import Callable

from generation.world.draws import Draws
from generation.world.scenes import COLOURS
from generation.world.solids import Surface, Triple, Workshop

LEAF = Surface((0.20, 0.46, 0.20), roughness=0.7)
WOOD = Surface((0.50, 0.34, 0.20), grain="wood", roughness=0.5)
DARK_WOOD = Surface((0.30, 0.19, 0.12), grain="wood", roughness=0.5)
WHITE = Surface((0.90, 0.89, 0.87), roughness=0.5)
IRON = Surface((0.17, 0.18, 0.20), roughness=0.4)
CALM = ((0.36, 0.47, 0.58), (0.55, 0.56, 0.52), (0.70, 0.45, 0.34), (0.33, 0.45, 0.38), (0.76, 0.68, 0.55))


def sofa(make: Workshop, draws: Draws, x: float, z: float) -> None:
    """A two-seater with arms."""
    cloth = make.paint(Surface(draws.pick("sofa", CALM), roughness=0.95, soft=0.2, grain="weave", fine=2.0))
    feet = make.paint(DARK_WOOD)
    make.group()
    make.box((x, 0.28, z), (0.78, 0.13, 0.34), cloth, rounding=0.07)
    make.box((x, 0.60, z - 0.26), (0.78, 0.30, 0.11), cloth, rounding=0.09)
    for side in (-1, 1):
        make.box((x + side * 0.80, 0.40, z), (0.10, 0.26, 0.36), cloth, rounding=0.08)
        make.box((x + side * 0.37, 0.45, z + 0.05), (0.35, 0.07, 0.28), cloth, rounding=0.06)
        make.tube((x + side * 0.74, 0.0, z + 0.26), (x + side * 0.74, 0.16, z + 0.26), 0.03, feet)


def plant(make: Workshop, draws: Draws, x: float, z: float) -> None:
    """A pot plant with long leaves."""
    pot = make.paint(
        Surface(draws.pick("pot", ((0.76, 0.44, 0.30), (0.86, 0.84, 0.80), (0.30, 0.32, 0.34))), roughness=0.7)
    )
    leaf = make.paint(LEAF)
    make.group()
    make.cone((x, 0.15, z), (0.15, 0.12, 0.17), pot)
    for index in range(6):
        angle = index * math.tau / 6 + draws.unit("leaf turn")
        lean = 0.35 + 0.12 * (index % 2)
        place = (x + 0.13 * math.cos(angle), 0.56 + 0.08 * (index % 3), z + 0.13 * math.sin(angle))
        make.ball(place, (0.075, 0.29, 0.035), leaf, turn=(lean * math.sin(angle), 0.0, -lean * math.cos(angle)))


def cabinets(make: Workshop, draws: Draws, z: float) -> None:
    """A row of kitchen cabinets with a worktop, and what stands on it."""
    doors = make.paint(
        Surface(draws.pick("doors", ((0.32, 0.55, 0.56), (0.36, 0.50, 0.42), (0.30, 0.42, 0.58))), roughness=0.4)
    )
    top, knob = make.paint(Surface((0.72, 0.54, 0.36), grain="wood", roughness=0.35)), make.paint(IRON)
    make.group()
    for index in range(4):
        x = (index - 1.5) * 0.82
        make.box((x, 0.41, z), (0.40, 0.37, 0.26), doors, rounding=0.02)
        make.ball((x + 0.28, 0.62, z + 0.28), (0.025, 0.025, 0.025), knob)
    make.box((0, 0.84, z + 0.02), (1.75, 0.035, 0.31), top, rounding=0.012)
    make.group()
    side = draws.side("kettle side")
    pot = make.paint(Surface(COLOURS[draws.pick("kettle", ("red", "yellow", "white", "teal"))], roughness=0.25))
    make.ball((side * 0.95, 1.0, z), (0.16, 0.14, 0.15), pot)
    make.tube((side * 0.95, 1.12, z), (side * 0.95, 1.17, z), 0.03, knob)
    jar = make.paint(Surface((0.84, 0.80, 0.72), roughness=0.4))
    for index in range(3):
        make.cone(
            (-side * (0.55 + 0.24 * index), 0.99 - 0.02 * index, z - 0.05),
            (0.12 - 0.02 * index, 0.085, 0.085),
            jar,
            rounding=0.02,
        )


def window(make: Workshop, x: float, z: float, half: Triple, *, night: bool) -> None:
    """A window in the wall: bright panes by day, dark by night."""
    pane = make.paint(
        Surface((0.12, 0.15, 0.26) if night else (0.80, 0.90, 0.98), glow=0.1 if night else 0.85, roughness=0.2)
    )
    frame = make.paint(WHITE)
    make.group()
    make.box((x, half[2], z), (half[0], half[1], 0.01), pane, rounding=0.0)
    for side in (-1, 0, 1):
        make.box((x + side * half[0], half[2], z + 0.01), (0.03, half[1] + 0.03, 0.03), frame, rounding=0.008)
        make.box((x, half[2] + side * half[1], z + 0.01), (half[0] + 0.03, 0.03, 0.03), frame, rounding=0.008)


def picture(make: Workshop, draws: Draws, x: float, y: float, z: float) -> None:
    """A framed picture on the wall."""
    frame, art = (
        make.paint(DARK_WOOD),
        make.paint(Surface(draws.pick("art", CALM), pattern="marbled", second=(0.92, 0.89, 0.82), scale=2.0)),
    )
    make.group()
    make.box((x, y, z), (0.30, 0.24, 0.02), frame, rounding=0.01)
    make.box((x, y, z + 0.015), (0.255, 0.195, 0.02), art, rounding=0.005)


def shelf(make: Workshop, draws: Draws, x: float, z: float) -> None:
    """A dark bookcase with books."""
    wood = make.paint(Surface((0.24, 0.25, 0.28), roughness=0.5))
    make.group()
    for side in (-1, 1):
        make.box((x + side * 0.52, 0.75, z), (0.025, 0.75, 0.17), wood, rounding=0.008)
    for level in range(4):
        make.box((x, 0.03 + 0.48 * level, z), (0.52, 0.022, 0.17), wood, rounding=0.008)
    make.group()
    for index in range(9):
        level, at = index % 3, index // 3
        tone = draws.pick(
            f"book {index}", ((0.66, 0.30, 0.24), (0.86, 0.78, 0.58), (0.26, 0.40, 0.56), (0.88, 0.87, 0.84))
        )
        tall = draws.between(f"book tall {index}", 0.13, 0.19)
        book = make.paint(Surface(tone, roughness=0.8))
        make.box(
            (x - 0.36 + 0.16 * at + 0.09 * level, 0.055 + 0.48 * level + tall, z + 0.02),
            (0.055, tall, 0.12),
            book,
            rounding=0.008,
        )


def bed(make: Workshop, draws: Draws, x: float, z: float) -> None:
    """A bed seen from its foot, with a headboard, a cover and pillows."""
    cover = make.paint(
        Surface(
            draws.pick("cover", ((0.62, 0.50, 0.70), (0.82, 0.56, 0.60), (0.56, 0.58, 0.78))), roughness=0.95, soft=0.25
        )
    )
    linen, board = make.paint(Surface((0.93, 0.91, 0.89), roughness=0.95, soft=0.2)), make.paint(WOOD)
    make.group()
    make.box((x, 0.22, z), (0.86, 0.16, 0.50), linen, rounding=0.06)
    make.box((x, 0.30, z + 0.14), (0.89, 0.15, 0.40), cover, rounding=0.08)
    make.box((x, 0.62, z - 0.46), (0.92, 0.46, 0.05), board, rounding=0.04)
    for side in (-1, 1):
        make.ball((x + side * 0.42, 0.53, z - 0.28), (0.33, 0.13, 0.17), linen, turn=(0.35, 0, 0))


def bush(make: Workshop, draws: Draws, place: Triple, size: float, leaf: Surface) -> None:
    """A rounded bush of several balls."""
    leaves = make.paint(leaf)
    x, y, z = place
    for index in range(3):
        aside = draws.between(f"aside {index}", -0.4, 0.4) * size
        tall = draws.between(f"tall {index}", 0.75, 1.05) * size
        make.ball((x + aside, y + 0.25 * size, z), (0.7 * size, tall, 0.55 * size), leaves)


def tree(make: Workshop, x: float, z: float, leaf: Surface) -> None:
    """A trunk with a round crown."""
    trunk = make.paint(Surface((0.36, 0.25, 0.16), grain="wood", roughness=0.9))
    make.tube((x, 0, z), (x, 1.2, z), 0.10, trunk, tip=0.07)
    make.ball((x, 1.65, z), (0.75, 0.62, 0.6), make.paint(leaf))


def flower(make: Workshop, draws: Draws, name: str, x: float, z: float) -> None:
    """A small flower in the grass."""
    tones = ((0.92, 0.30, 0.34), (0.96, 0.80, 0.25), (0.92, 0.62, 0.80), (0.95, 0.94, 0.92))
    petal = make.paint(Surface(draws.pick(name, tones)))
    make.tube((x, 0, z), (x, 0.11, z), 0.008, make.paint(LEAF))
    make.ball((x, 0.13, z), (0.045, 0.03, 0.045), petal)


def parasol(make: Workshop, draws: Draws, x: float, z: float) -> None:
    """A striped parasol on a white pole."""
    cloth = make.paint(Surface(COLOURS[draws.pick("parasol", ("red", "yellow", "teal", "blue"))], roughness=0.9))
    pole = make.paint(WHITE)
    make.group()
    make.tube((x, 0, z), (x, 1.35, z), 0.03, pole)
    make.cone((x, 1.30, z), (0.16, 0.78, 0.04), cloth, rounding=0.02)


def beach_ball(make: Workshop, draws: Draws, x: float, z: float) -> None:
    """A ball on the sand."""
    skin = make.paint(
        Surface(
            COLOURS[draws.pick("ball", ("red", "orange", "blue"))],
            second=(0.95, 0.94, 0.92),
            pattern="striped",
            scale=4.0,
            roughness=0.3,
        )
    )
    make.group()
    make.ball((x, 0.17, z), (0.17, 0.17, 0.17), skin)


def street_lamp(make: Workshop, x: float, z: float) -> None:
    """A post with a globe."""
    iron, globe = make.paint(IRON), make.paint(Surface((0.99, 0.93, 0.74), glow=0.7))
    make.group()
    make.tube((x, 0, z), (x, 1.5, z), 0.04, iron)
    make.cone((x, 0.08, z), (0.08, 0.10, 0.06), iron)
    make.ball((x, 1.62, z), (0.15, 0.17, 0.15), globe)


def door(make: Workshop, draws: Draws, x: float, z: float) -> None:
    """A painted door with a step and a knob."""
    paint = make.paint(
        Surface(draws.pick("door", ((0.16, 0.32, 0.30), (0.20, 0.26, 0.40), (0.30, 0.20, 0.16))), roughness=0.35)
    )
    stone, knob = (
        make.paint(Surface((0.74, 0.72, 0.68))),
        make.paint(Surface((0.85, 0.70, 0.35), metal=1.0, roughness=0.3)),
    )
    make.group()
    make.box((x, 0.75, z), (0.45, 0.85, 0.03), stone, rounding=0.01)
    make.box((x, 0.72, z + 0.02), (0.37, 0.78, 0.03), paint, rounding=0.01)
    make.box((x, 0.05, z + 0.12), (0.50, 0.05, 0.16), stone, rounding=0.02)
    make.ball((x + 0.27, 0.70, z + 0.08), (0.035, 0.035, 0.035), knob)


def _potted(make: Workshop, _draws: Draws, x: float, z: float) -> None:
    pot, leaf = make.paint(Surface((0.76, 0.44, 0.30), roughness=0.7)), make.paint(LEAF)
    make.cone((x, 0.07, z), (0.07, 0.06, 0.08), pot)
    make.ball((x, 0.27, z), (0.13, 0.17, 0.12), leaf)


def _ball(make: Workshop, draws: Draws, x: float, z: float) -> None:
    skin = make.paint(
        Surface(COLOURS[draws.pick("occluder", ("red", "orange", "yellow", "blue", "white"))], roughness=0.35)
    )
    make.ball((x, 0.15, z), (0.15, 0.15, 0.15), skin)


def _box(make: Workshop, draws: Draws, x: float, z: float) -> None:
    card = make.paint(Surface((0.70, 0.54, 0.36), roughness=0.9))
    make.box((x, 0.13, z), (0.14, 0.13, 0.12), card, rounding=0.01, turn=(0, draws.between("box turn", 0.1, 1.4), 0))


OCCLUDERS: dict[str, Callable[[Workshop, Draws, float, float], None]] = {"plant": _potted, "ball": _ball, "box": _box}


def occluder(make: Workshop, draws: Draws, kind: str) -> None:
    """Something small before the product that hides a part of it."""
    make.group()
    x = draws.side("occluder side") * draws.between("occluder x", 0.16, 0.36)
    OCCLUDERS[kind](make, draws, x, draws.between("occluder z", 0.62, 0.78))
