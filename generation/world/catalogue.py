"""The sample catalogue: 24 products as a shop would photograph them, on plain ground and in use, and their listing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from generation.records import PLACEHOLDER
from generation.world.captions import caption
from generation.world.render import render
from generation.world.scenes import GENES, MARKS, PATTERNS, Scene, Thing, View

LISTING = "products.jsonl"
CAPTIONS = "captions.json"
SIDE = 768
QUALITY = 88
TYPES = {"bag": "handbag"}  # Where the everyday word is not the family's.
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

    def photos(self) -> Iterator[tuple[str, Scene]]:
        """The photos' names and scenes, the one that stands for the product first."""
        seed = STUDIOS[self.studio]
        for name, view in SHOTS.items():
            yield name, Scene(self.thing, "studio", "soft daylight", view, "", seed)
        small = self.thing.family in ("mug", "vase", "lamp")
        view = View(-0.4, 0.20 if small else 0.24, 4.3, aside=-0.08, above=0.14 if small else 0.12)
        yield "in-use", Scene(self.thing, self.context, self.light, view, "", self.seed)

    def captions(self) -> dict[str, str]:
        """By file name what a shop notes of each photo: where it was taken and in which light, nothing of the look."""
        return {f"{self.external_id}-{name}.webp": caption(scene, PLACEHOLDER) for name, scene in self.photos()}

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


def _article(external_id: str, title: str, look: str, genes: str, use: str, **more: str) -> Article:
    """An article in words.

    `look`: family, material, three colours and, where there is one, a pattern or a mark; `genes`: those that are not
    middling, by number; `use`: the place in use and its seed; more: `light` and `studio`.
    """
    family, material, colours, *extra = look.split(", ")
    main, second, third = colours.split("/")
    changed = dict(pair.split("=") for pair in genes.split())
    context, seed = use.split(", ")
    thing = Thing(
        family=family,
        colour=main,
        second_colour=second,
        pattern=next((word for word in extra if word in PATTERNS), "plain"),
        material=material,
        mark=next((word for word in extra if word in MARKS), ""),
        mark_colour=third,
        genes=tuple(float(changed.get(str(number), 0.5)) for number in range(GENES)),
    )
    return Article(external_id, title, TYPES.get(family, family), thing, context, int(seed), **more)


ARTICLES: tuple[Article, ...] = (
    _article(
        "mug-speckled",
        "Speckled stoneware mug",
        "mug, matte, cream/rust/walnut, speckled",
        "1=0.3 2=0.75 3=0.7",
        "kitchen, 12",
    ),
    _article(
        "mug-star",
        "Navy mug with a star",
        "mug, glossy, navy/cream/mustard, star",
        "0=0.4 1=0.6 2=0.9 3=0.35",
        "office, 21",
        studio="grey",
    ),
    _article(
        "mug-striped",
        "Striped breakfast mug",
        "mug, matte, cream/terracotta/walnut, striped",
        "0=0.75 1=0.2 2=0.3 9=0.5",
        "living room, 33",
        light="warm evening light",
        studio="blue",  # on white its pale stripes were the paper's colour, and no outline could be told
    ),
    _article(
        "mug-forest",
        "Tall mug, forest green glaze",
        "mug, glossy, forest green/forest green/charcoal",
        "0=0.25 1=0.95 2=0.55 3=0.55",
        "garden, 41",
        light="bright sunlight",
        studio="cream",
    ),
    _article(
        "vase-terracotta",
        "Terracotta vase",
        "vase, matte, terracotta/forest green/mustard",
        "1=0.6 2=0.8 3=0.7 5=0.2 8=0.9",
        "living room, 52",
    ),
    _article(
        "vase-marbled",
        "Marbled vase, cream and charcoal",
        "vase, glossy, cream/charcoal/rust, marbled",
        "2=0.35 3=0.9 4=0.7 5=0.1 6=0.3",
        "bedroom, 63",
        studio="blush",
    ),
    _article(
        "vase-amphora",
        "Sage amphora with handles",
        "vase, matte, sage/sage/cream",
        "0=0.8 2=0.5 3=0.8 4=0.6 8=0.2 10=0.9",
        "garden, 74",
    ),
    _article(
        "vase-banded",
        "Banded vase, navy and cream",
        "vase, glossy, navy/cream/navy, banded",
        "1=0.8 2=0.9 3=0.3 4=0.4 8=0.3 9=0.7",
        "beach, 85",
        light="bright sunlight",
        studio="blue",  # paler bands on grey could not be told from their shadow
    ),
    _article(
        "lamp-bedside",
        "Bedside lamp with a linen shade",
        "lamp, woven, cream/terracotta/mustard",
        "0=0.3 1=0.7 2=0.6 4=0.5 5=0.7",
        "bedroom, 94",
        light="warm evening light",
    ),
    _article(
        "lamp-tripod",
        "Tripod lamp, mustard shade",
        "lamp, matte, mustard/oak/cream",
        "1=0.8 2=0.75 4=0.9 10=0.2",
        "living room, 104",
        studio="cream",
    ),
    _article(
        "lamp-brass",
        "Brass table lamp",
        "lamp, metal, brass/brass/cream",
        "0=0.2 1=0.7 2=0.1 3=0.3 4=0.1 10=0.9",
        "office, 113",
        studio="grey",
    ),
    _article(
        "lamp-dotted",
        "Nursery lamp with dots",
        "lamp, matte, sky blue/cream/mustard, dotted",
        "0=0.2 1=0.6 2=0.3 4=0.5 5=0.5",
        "bedroom, 126",
        studio="blush",
    ),
    _article(
        "chair-oak",
        "Oak dining chair",
        "chair, wooden, oak/walnut/cream",
        "0=0.6 2=0.6 4=0.5 6=0.7 7=0.2 8=0.3",
        "kitchen, 131",
    ),
    _article(
        "chair-sage",
        "Upholstered armchair, sage",
        "chair, woven, sage/oak/cream",
        "0=0.9 1=0.2 3=0.95 4=0.1 5=0.95 6=0.8 7=0.9 8=0.3",
        "living room, 142",
    ),
    _article(
        "chair-swivel",
        "Swivel chair, charcoal",
        "chair, glossy, charcoal/rust/mustard",
        "0=0.6 1=0.9 3=0.95 4=0.1 5=0.8 7=0.2 8=0.9",
        "office, 151",
        studio="grey",
    ),
    _article(
        "chair-mustard",
        "Garden chair, mustard",
        "chair, matte, mustard/cream/navy",
        "0=0.7 2=0.4 4=0.9 6=0.8 7=0.8 8=0.3",
        "garden, 162",
        light="bright sunlight",
    ),
    _article(
        "table-walnut",
        "Walnut coffee table",
        "table, wooden, walnut/charcoal/cream",
        "0=0.9 1=0.2 2=0.7 3=0.6 4=0.2 5=0.8 6=0.9 8=0.2",
        "living room, 171",
    ),
    _article(
        "table-pedestal",
        "Round oak table on a pedestal",
        "table, wooden, oak/cream/cream",
        "1=0.9 4=0.8 5=0.1 6=0.5 7=0.2",
        "kitchen, 183",
        studio="blue",  # on cream its foot was the paper's colour
    ),
    _article(
        "table-marble",
        "Marble side table, brass legs",
        "table, glossy, cream/brass/charcoal, marbled",
        "0=0.3 1=0.9 4=0.8 5=0.8 6=0.3 7=0.2 8=0.1",
        "bedroom, 192",
        studio="blush",
    ),
    _article(
        "table-shelf",
        "Garden table with a shelf, blue",
        "table, matte, sky blue/cream/cream",
        "0=0.6 1=0.7 4=0.2 5=0.8 6=0.7 8=0.9",
        "garden, 201",
    ),
    _article(
        "bag-tote",
        "Canvas tote, leather handles",
        "bag, woven, sand/rust/walnut",
        "0=0.35 1=1.0 2=0.1 3=0.3 4=0.6 6=0.2 7=0.2",
        "street, 212",
    ),
    _article(
        "bag-satchel",
        "Leather satchel, walnut",
        "bag, glossy, walnut/rust/cream",
        "0=0.8 1=0.4 2=0.4 3=0.5 4=0.5 6=0.9",
        "street, 223",
        studio="cream",
    ),
    _article(
        "bag-striped",
        "Beach bag, navy stripes",
        "bag, matte, cream/navy/rust, striped",
        "0=0.9 1=0.5 2=0.7 3=0.7 4=0.7 6=0.1 7=0.1 9=0.9",
        "beach, 231",
        light="bright sunlight",
        studio="blue",
    ),
    _article(
        "bag-plum",
        "Plum handbag with a ring",
        "bag, glossy, plum/plum/brass, ring",
        "0=0.4 1=0.5 2=0.7 3=0.9 4=0.4 6=0.2 7=0.2",
        "bedroom, 242",
        studio="blush",
    ),
)


def write_catalogue(folder: Path, *, side: int = SIDE, samples: int = 2) -> int:
    """Render the photos that the folder lacks, write listing and captions; return how many photos were rendered."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    new = 0
    for article in ARTICLES:
        for name, scene in article.photos():
            path = folder / "photos" / f"{article.external_id}-{name}.webp"
            if path.exists():
                continue
            encoded = BytesIO()
            Image.fromarray(render([scene], side, samples, quick=True).images[0]).save(
                encoded, "WEBP", quality=QUALITY, method=6
            )
            path.write_bytes(encoded.getvalue())
            new += 1
    lines = [json.dumps(article.row(), ensure_ascii=False) for article in ARTICLES]
    (folder / LISTING).write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = {name: text for article in ARTICLES for name, text in article.captions().items()}
    (folder / CAPTIONS).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return new
