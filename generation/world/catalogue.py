"""The sample catalogue: 24 products as a shop would photograph them, on plain ground and in use, and their listing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from generation.world.render import render
from generation.world.scenes import GENES, Scene, Thing, View

LISTING = "products.jsonl"
SIDE = 768
QUALITY = 88
# Seeds whose studio has that paper, with light from the left.
STUDIOS = {"white": 20, "grey": 19, "cream": 36, "blue": 3, "blush": 14}
# How the product stands, and the camera: three quarters, front, side and a detail. "In use" has a place of its own.
SHOTS: dict[str, View] = {
    "quarter": View(azimuth=-0.55, elevation=0.30, distance=3.75, above=0.02),
    "front": View(azimuth=0.0, elevation=0.13, distance=3.65, above=0.02),
    "side": View(azimuth=-1.25, elevation=0.20, distance=3.75, above=0.02),
    "detail": View(azimuth=-0.35, elevation=0.36, distance=2.05, aside=0.05, above=0.14),
}


@dataclass(frozen=True)
class Article:
    """One product of the sample catalogue, and where it is shown in use."""

    external_id: str
    title: str
    type: str
    thing: Thing
    context: str
    seed: int
    light: str = "soft daylight"
    studio: str = "white"
    azimuth: float = -0.4

    def photos(self) -> Iterator[tuple[str, Scene]]:
        """The photos' names and scenes, the one that stands for the product first."""
        seed = STUDIOS[self.studio]
        for name, view in SHOTS.items():
            yield name, Scene(self.thing, "studio", "soft daylight", view, "", seed)
        small = self.thing.family in ("mug", "vase", "lamp")
        view = View(self.azimuth, 0.20 if small else 0.24, 4.3, aside=-0.08, above=0.14 if small else 0.12)
        yield "in-use", Scene(self.thing, self.context, self.light, view, "", self.seed)

    def row(self) -> dict[str, Any]:
        """The product's line in the listing, as the importer of manifests reads it."""
        thing = self.thing
        attributes = {"colour": thing.colour, "second colour": thing.second_colour, "material": thing.material}
        attributes |= {"pattern": thing.pattern} if thing.pattern != "plain" else {}
        attributes |= {"mark": f"{thing.mark_colour} {thing.mark}"} if thing.mark else {}
        return {
            "external_id": self.external_id,
            "title": self.title,
            "type": self.type,
            "photos": [f"photos/{self.external_id}-{name}.webp" for name, _ in self.photos()],
            "attributes": {**attributes, "sample": True, "rendered": True},
        }


def _genes(**changed: float) -> tuple[float, ...]:
    """Middling proportions but for those named g0 to g11."""
    return tuple(changed.get(f"g{index}", 0.5) for index in range(GENES))


def _thing(family: str, colours: str, material: str, genes: Mapping[str, float], *, looks: str = "") -> Thing:
    """`colours`: main, second and third, parted by commas; `looks`: a pattern, a mark, or both."""
    main, second, third = (name.strip() for name in colours.split(","))
    words = looks.split()
    marks = [word for word in words if word in ("circle", "square", "triangle", "ring", "cross", "star")]
    patterns = [word for word in words if word not in marks]
    return Thing(
        family=family,
        colour=main,
        second_colour=second,
        pattern=patterns[0] if patterns else "plain",
        material=material,
        mark=marks[0] if marks else "",
        mark_colour=third,
        genes=_genes(**genes),
    )


ARTICLES: tuple[Article, ...] = (
    Article(
        "mug-speckled", "Speckled stoneware mug", "mug",
        _thing("mug", "cream, rust, walnut", "matte", {"g1": 0.3, "g2": 0.75, "g3": 0.7}, looks="speckled"),
        "kitchen", 12,
    ),
    Article(
        "mug-star", "Navy mug with a star", "mug",
        _thing("mug", "navy, cream, mustard", "glossy", {"g0": 0.4, "g1": 0.6, "g2": 0.9, "g3": 0.35}, looks="star"),
        "office", 21, studio="grey",
    ),
    Article(
        "mug-striped", "Striped breakfast mug", "mug",
        _thing("mug", "cream, terracotta, walnut", "matte", {"g0": 0.75, "g1": 0.2, "g2": 0.3, "g9": 0.5}, looks="striped"),
        "living room", 33, "warm evening light",
    ),
    Article(
        "mug-forest", "Tall mug, forest green glaze", "mug",
        _thing("mug", "forest green, forest green, charcoal", "glossy", {"g0": 0.25, "g1": 0.95, "g2": 0.55, "g3": 0.55}),
        "garden", 41, "bright sunlight", studio="cream",
    ),
    Article(
        "vase-terracotta", "Terracotta vase", "vase",
        _thing("vase", "terracotta, forest green, mustard", "matte", {"g1": 0.6, "g2": 0.8, "g3": 0.7, "g5": 0.2, "g8": 0.9}),
        "living room", 52,
    ),
    Article(
        "vase-marbled", "Marbled vase, cream and charcoal", "vase",
        _thing("vase", "cream, charcoal, rust", "glossy", {"g2": 0.35, "g3": 0.9, "g4": 0.7, "g5": 0.1, "g6": 0.3}, looks="marbled"),
        "bedroom", 63, studio="blush",
    ),
    Article(
        "vase-amphora", "Sage amphora with handles", "vase",
        _thing("vase", "sage, sage, cream", "matte", {"g0": 0.8, "g2": 0.5, "g3": 0.8, "g4": 0.6, "g8": 0.2, "g10": 0.9}),
        "garden", 74,
    ),
    Article(
        "vase-banded", "Banded vase, blue and cream", "vase",
        _thing("vase", "sky blue, cream, navy", "glossy", {"g1": 0.8, "g2": 0.9, "g3": 0.3, "g4": 0.4, "g8": 0.3, "g9": 0.7}, looks="banded"),
        "beach", 85, "bright sunlight", studio="grey",
    ),
    Article(
        "lamp-bedside", "Bedside lamp with a linen shade", "lamp",
        _thing("lamp", "cream, terracotta, mustard", "woven", {"g0": 0.3, "g1": 0.7, "g2": 0.6, "g4": 0.5, "g5": 0.7}),
        "bedroom", 94, "warm evening light",
    ),
    Article(
        "lamp-tripod", "Tripod lamp, mustard shade", "lamp",
        _thing("lamp", "mustard, oak, cream", "matte", {"g1": 0.8, "g2": 0.75, "g4": 0.9, "g10": 0.2}),
        "living room", 104, studio="cream",
    ),
    Article(
        "lamp-brass", "Brass table lamp", "lamp",
        _thing("lamp", "brass, brass, cream", "metal", {"g0": 0.2, "g1": 0.7, "g2": 0.1, "g3": 0.3, "g4": 0.1, "g10": 0.9}),
        "office", 113, studio="grey",
    ),
    Article(
        "lamp-dotted", "Nursery lamp with dots", "lamp",
        _thing("lamp", "sky blue, cream, mustard", "matte", {"g0": 0.2, "g1": 0.6, "g2": 0.3, "g4": 0.5, "g5": 0.5}, looks="dotted"),
        "bedroom", 126, studio="blush",
    ),
    Article(
        "chair-oak", "Oak dining chair", "chair",
        _thing("chair", "oak, walnut, cream", "wooden", {"g0": 0.6, "g2": 0.6, "g4": 0.5, "g6": 0.7, "g7": 0.2, "g8": 0.3}),
        "kitchen", 131,
    ),
    Article(
        "chair-sage", "Upholstered armchair, sage", "chair",
        _thing("chair", "sage, oak, cream", "woven", {"g0": 0.9, "g1": 0.2, "g3": 0.95, "g4": 0.1, "g5": 0.95, "g6": 0.8, "g7": 0.9, "g8": 0.3}),
        "living room", 142,
    ),
    Article(
        "chair-swivel", "Swivel chair, charcoal", "chair",
        _thing("chair", "charcoal, steel, mustard", "glossy", {"g0": 0.6, "g1": 0.9, "g3": 0.95, "g4": 0.1, "g5": 0.8, "g7": 0.2, "g8": 0.9}),
        "office", 151, studio="grey",
    ),
    Article(
        "chair-mustard", "Garden chair, mustard", "chair",
        _thing("chair", "mustard, cream, navy", "matte", {"g0": 0.7, "g2": 0.4, "g4": 0.9, "g6": 0.8, "g7": 0.8, "g8": 0.3}),
        "garden", 162, "bright sunlight",
    ),
    Article(
        "table-walnut", "Walnut coffee table", "table",
        _thing("table", "walnut, charcoal, cream", "wooden", {"g0": 0.9, "g1": 0.2, "g2": 0.7, "g3": 0.6, "g4": 0.2, "g5": 0.8, "g6": 0.9, "g8": 0.2}),
        "living room", 171,
    ),
    Article(
        "table-pedestal", "Round oak table on a pedestal", "table",
        _thing("table", "oak, cream, cream", "wooden", {"g1": 0.9, "g4": 0.8, "g5": 0.1, "g6": 0.5, "g7": 0.2}),
        "kitchen", 183, studio="cream",
    ),
    Article(
        "table-marble", "Marble side table, brass legs", "table",
        _thing("table", "cream, brass, charcoal", "glossy", {"g0": 0.3, "g1": 0.9, "g4": 0.8, "g5": 0.8, "g6": 0.3, "g7": 0.2, "g8": 0.1}, looks="marbled"),
        "bedroom", 192, studio="blush",
    ),
    Article(
        "table-shelf", "Garden table with a shelf, blue", "table",
        _thing("table", "sky blue, cream, cream", "matte", {"g0": 0.6, "g1": 0.7, "g4": 0.2, "g5": 0.8, "g6": 0.7, "g8": 0.9}),
        "garden", 201,
    ),
    Article(
        "bag-tote", "Canvas tote, leather handles", "handbag",
        _thing("bag", "sand, rust, walnut", "woven", {"g0": 0.35, "g1": 1.0, "g2": 0.1, "g3": 0.3, "g4": 0.6, "g6": 0.2, "g7": 0.2}),
        "street", 212,
    ),
    Article(
        "bag-satchel", "Leather satchel, walnut", "handbag",
        _thing("bag", "walnut, rust, cream", "glossy", {"g0": 0.8, "g1": 0.4, "g2": 0.4, "g3": 0.5, "g4": 0.5, "g6": 0.9}),
        "street", 223, studio="cream",
    ),
    Article(
        "bag-striped", "Beach bag, navy stripes", "handbag",
        _thing("bag", "cream, navy, rust", "matte", {"g0": 0.9, "g1": 0.5, "g2": 0.7, "g3": 0.7, "g4": 0.7, "g6": 0.1, "g7": 0.1, "g9": 0.9}, looks="striped"),
        "beach", 231, "bright sunlight", studio="blue",
    ),
    Article(
        "bag-plum", "Plum handbag with a ring", "handbag",
        _thing("bag", "plum, plum, brass", "glossy", {"g0": 0.4, "g1": 0.5, "g2": 0.7, "g3": 0.9, "g4": 0.4, "g6": 0.2, "g7": 0.2}, looks="ring"),
        "bedroom", 242, studio="blush",
    ),
)  # fmt: skip


def write_catalogue(folder: Path, *, side: int = SIDE, samples: int = 2) -> int:
    """Render the photos that the folder lacks and write the listing; return how many photos were rendered."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    new = 0
    for article in ARTICLES:
        for name, scene in article.photos():
            path = folder / "photos" / f"{article.external_id}-{name}.webp"
            if path.exists():
                continue
            encoded = BytesIO()
            Image.fromarray(render([scene], side, samples).images[0]).save(encoded, "WEBP", quality=QUALITY, method=6)
            path.write_bytes(encoded.getvalue())
            new += 1
    lines = [json.dumps(article.row(), ensure_ascii=False) for article in ARTICLES]
    (folder / LISTING).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return new
