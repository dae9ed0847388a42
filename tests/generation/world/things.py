"""Products and scenes that several test files share: small, quick to trace, and easy to reason about."""

from dataclasses import replace
from typing import Any

from generation.world.scenes import GENES, Scene, Thing, View


def thing(**changes: Any) -> Thing:
    """A plain red mug of middling shape, but for the changes."""
    red_mug = Thing("mug", "red", "white", "plain", "matte", "", "blue", (0.5,) * GENES)
    return replace(red_mug, **changes)


def scene(**changes: Any) -> Scene:
    """The red mug in a studio, from a little above; changes may be the scene's or, as `thing_…`, the product's."""
    own = {name.removeprefix("thing_"): value for name, value in changes.items() if name.startswith("thing_")}
    rest = {name: value for name, value in changes.items() if not name.startswith("thing_")}
    plain = Scene(thing(**own), "studio", "soft daylight", View(0.0, 0.3, 4.0), "", 1, "plain")
    return replace(plain, **rest)
