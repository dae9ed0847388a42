"""The eight places: floor, wall or sky, and props behind the product. "plain" has no pattern, grain or small props."""

from collections.abc import Callable
from dataclasses import replace

from generation.world import props
from generation.world.draws import Draws
from generation.world.room import Room
from generation.world.scenes import Scene
from generation.world.solids import Surface, Workshop, moved

BACKDROPS = (
    (0.93, 0.92, 0.90),
    (0.80, 0.81, 0.83),
    (0.62, 0.64, 0.67),
    (0.92, 0.86, 0.78),
    (0.80, 0.87, 0.90),
    (0.91, 0.82, 0.82),
)

# In "full" detail these stand on a table, and the place behind it is so much larger and its floor so much lower.
ON_TABLE = ("mug", "vase", "lamp")
ENLARGED, LOWERED = 3.0, -1.9
OAK_TOP, WHITE_TOP, GREY_TOP = (0.66, 0.47, 0.30), (0.88, 0.86, 0.82), (0.56, 0.50, 0.44)
TABLE_TOPS = {
    "living room": OAK_TOP,
    "kitchen": OAK_TOP,
    "garden": GREY_TOP,
    "beach": GREY_TOP,
    "office": WHITE_TOP,
    "bedroom": WHITE_TOP,
    "street": GREY_TOP,
}


def place(make: Workshop, scene: Scene) -> Room:
    """Build the scene's context into the workshop: its props as groups, its floor and wall as the room."""
    draws = Draws(f"place {scene.seed}")
    full = scene.detail == "full"
    first = len(make.surfaces)
    room = BUILDERS[scene.context](make, draws, full, scene.light == "dim lamplight")
    if full and scene.thing.family in ON_TABLE and scene.context != "studio":
        room = _behind_table(make, scene.context, room, first)
    if scene.occluder:
        props.occluder(make, draws, scene.occluder)
    if full:
        return room
    make.surfaces[first:] = [_smooth(surface) for surface in make.surfaces[first:]]
    return replace(room, floor=_smooth(room.floor), wall=_smooth(room.wall))


def _behind_table(make: Workshop, context: str, room: Room, first: int) -> Room:
    """Put a table top under the product, and the place, as large as it then is, behind and below."""
    make.groups = [moved(parts, ENLARGED, LOWERED) for parts in make.groups if parts]
    make.surfaces[first:] = [_enlarged(surface) for surface in make.surfaces[first:]]
    top = Surface(TABLE_TOPS[context], grain="wood", fine=1.8, roughness=0.4)
    make.group()
    make.box((0, -0.06, 1.1), (2.4, 0.06, 1.9), make.paint(top))
    return replace(
        room,
        floor=_enlarged(room.floor),
        wall=_enlarged(room.wall),
        wall_at=room.wall_at * ENLARGED,
        ground=LOWERED,
        water=None if room.water is None else room.water * ENLARGED,
    )


def _enlarged(surface: Surface) -> Surface:
    return replace(surface, scale=surface.scale / ENLARGED, fine=surface.fine / ENLARGED)


def _smooth(surface: Surface) -> Surface:
    return replace(surface, pattern="plain", grain="")


def _studio(_make: Workshop, draws: Draws, _full: bool, _night: bool) -> Room:
    tone = draws.pick("backdrop", BACKDROPS)
    paper = Surface(tone, roughness=0.8)
    return Room(floor=paper, wall=paper, wall_at=-1.9, sweep=1.0)


def _living_room(make: Workshop, draws: Draws, full: bool, _night: bool) -> Room:
    side = draws.side("side")
    props.sofa(make, draws, side * 0.62, -1.0)
    props.plant(make, draws, -side * 0.98, -1.0)
    if full:
        props.picture(make, draws, side * 0.2, 1.35, -1.46)
    wall = draws.pick("wall", ((0.90, 0.85, 0.74), (0.86, 0.82, 0.76), (0.88, 0.80, 0.68)))
    floor = Surface((0.60, 0.40, 0.24), second=(0.42, 0.26, 0.15), pattern="planks", scale=5.0, roughness=0.35)
    return Room(floor, Surface(wall, roughness=0.9))


def _kitchen(make: Workshop, draws: Draws, _full: bool, _night: bool) -> Room:
    props.cabinets(make, draws, -1.2)
    floor = Surface((0.84, 0.83, 0.80), second=(0.60, 0.63, 0.65), pattern="chequered", scale=2.2, roughness=0.25)
    return Room(
        floor, Surface((0.88, 0.92, 0.92), second=(0.70, 0.77, 0.78), pattern="tiles", scale=5.5, roughness=0.2)
    )


# Greens of bush, crown and lawn. Plain ones are strong: a lawn is told by its colour alone at 64 px.
PLAIN_GREENS = (
    Surface((0.17, 0.42, 0.15), second=(0.30, 0.58, 0.22), pattern="grass", scale=1.6, roughness=0.9),
    Surface((0.20, 0.46, 0.17), second=(0.34, 0.60, 0.25), pattern="grass", scale=1.6, roughness=0.9),
    Surface((0.24, 0.47, 0.15), second=(0.42, 0.64, 0.24), pattern="grass", scale=2.6, roughness=1.0),
)
FULL_GREENS = (
    Surface((0.23, 0.37, 0.20), second=(0.37, 0.50, 0.28), pattern="grass", scale=2.6, roughness=0.9),
    Surface((0.27, 0.41, 0.22), second=(0.42, 0.54, 0.30), pattern="grass", scale=2.6, roughness=0.9),
    Surface((0.36, 0.47, 0.22), second=(0.52, 0.60, 0.33), pattern="grass", scale=2.6, roughness=1.0),
)


def _garden(make: Workshop, draws: Draws, full: bool, _night: bool) -> Room:
    side = draws.side("side")
    bush, crown, lawn = FULL_GREENS if full else PLAIN_GREENS
    make.group()
    for index, x in enumerate((-1.5, -0.3, 0.9, 1.8)):
        name, z = f"bush {index}", draws.between(f"bush z {index}", -2.3, -1.8)
        props.bush(make, draws.of(name), (x, 0.0, z), draws.between(name, 0.5, 0.8), bush)
    make.group()
    props.tree(make, side * draws.between("tree x", 1.1, 1.4), -1.75, crown)
    if full:
        make.group()
        for index in range(7):
            x, z = draws.between(f"flower x {index}", -1.5, 1.5), draws.between(f"flower z {index}", -1.5, -0.75)
            props.flower(make, draws, f"flower {index}", x, z)
    return Room(lawn, lawn, outdoors=True)


def _beach(make: Workshop, draws: Draws, _full: bool, _night: bool) -> Room:
    side = draws.side("side")
    props.parasol(make, draws, side * draws.between("parasol x", 1.0, 1.25), -1.3)
    props.beach_ball(make, draws, -side * draws.between("ball x", 0.8, 1.1), -1.0)
    sand = Surface((0.88, 0.77, 0.56), second=(0.78, 0.66, 0.45), pattern="sand", scale=1.3, roughness=1.0)
    return Room(sand, sand, outdoors=True, water=draws.between("shore", -3.2, -2.4))


def _office(make: Workshop, draws: Draws, full: bool, night: bool) -> Room:
    side = draws.side("side")
    props.shelf(make, draws, side * 0.85, -1.3)
    props.window(make, -side * 0.62, -1.48, (0.55, 0.42, 1.05), night=night)
    if full:
        props.plant(make, draws, -side * 1.15, -1.15)
    floor = Surface((0.40, 0.45, 0.54), second=(0.34, 0.38, 0.47), pattern="carpet", scale=2.0, roughness=1.0)
    return Room(floor, Surface((0.90, 0.91, 0.92), roughness=0.9))


def _bedroom(make: Workshop, draws: Draws, full: bool, _night: bool) -> Room:
    side = draws.side("side")
    props.bed(make, draws, side * 0.5, -1.05)
    table, top = make.paint(props.WOOD), make.paint(props.WHITE)
    make.group()
    make.box((-side * 0.85, 0.25, -1.25), (0.22, 0.25, 0.2), table)
    make.box((-side * 0.85, 0.30, -1.06), (0.17, 0.10, 0.02), top)
    if full:
        props.picture(make, draws, -side * 0.6, 1.25, -1.56)
    wall = Surface(
        draws.pick("wall", ((0.80, 0.70, 0.82), (0.86, 0.70, 0.74), (0.76, 0.70, 0.84))),
        second=(0.84, 0.76, 0.85),
        pattern="striped",
        scale=3.0,
        roughness=0.9,
    )
    floor = Surface((0.84, 0.74, 0.68), second=(0.76, 0.66, 0.60), pattern="carpet", scale=2.0, roughness=1.0)
    return Room(floor, wall, wall_at=-1.6)


def _street(make: Workshop, draws: Draws, _full: bool, _night: bool) -> Room:
    side = draws.side("side")
    props.door(make, draws, -side * 0.72, -1.46)
    props.street_lamp(make, side * draws.between("lamp x", 0.95, 1.15), -1.05)
    floor = Surface((0.55, 0.55, 0.55), second=(0.40, 0.40, 0.40), pattern="tiles", scale=1.8, roughness=0.9)
    wall = Surface((0.60, 0.27, 0.20), second=(0.72, 0.62, 0.55), pattern="bricks", scale=3.6, roughness=0.95)
    return Room(floor, wall)


BUILDERS: dict[str, Callable[[Workshop, Draws, bool, bool], Room]] = {
    "studio": _studio,
    "living room": _living_room,
    "kitchen": _kitchen,
    "garden": _garden,
    "beach": _beach,
    "office": _office,
    "bedroom": _bedroom,
    "street": _street,
}
