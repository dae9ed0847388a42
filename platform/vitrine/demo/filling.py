"""What `make demo` puts into an empty installation: people to sign in as, methods, and products to look at."""

import json
import os
import secrets
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction

import catalog
from accounts.models import User
from catalog.importing.layouts import Wish, reader_for
from catalog.importing.opening import opened
from catalog.importing.records import Record
from catalog.models import ImportRun, Photo, Product, ProductType
from catalog.services.photos import add_photo
from catalog.services.products import ProductRow, upsert_products
from generation.models import PhotoCaption
from generation.services import marking, methods
from vitrine.access import Role

SOURCE = "samples"
RECIPES = Path(__file__).parent / "methods"
CATALOGUE = Path(catalog.__file__).parent / "data" / "sample_catalogue"
LISTING, CAPTIONS = "products.jsonl", "captions.json"
EMAIL_DOMAIN = "@demo.invalid"
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


class Sample(NamedTuple):
    """A product of the sample catalogue; `photos` are files beside its listing, the one that stands for it first."""

    row: ProductRow
    photos: tuple[Path, ...]


# Easily cut out, and of looks that the small set can draw, for what is shown before all others.
_SHOWN_FIRST = ("mug-star", "vase-terracotta", "lamp-bedside", "table-walnut", "vase-banded", "bag-plum")


def samples() -> list[Sample]:
    """The sample catalogue that comes with Vitrine, in the order of its listing (docs/world.md)."""
    found = []
    for line in (CATALOGUE / LISTING).read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        row = ProductRow(told["external_id"], told["title"], told["type"], told["attributes"])
        found.append(Sample(row, tuple(CATALOGUE / name for name in told["photos"])))
    return found


def in_order() -> list[Sample]:
    """The samples in the order in which they are shown: those first that show best what comes of them."""
    places = {name: place for place, name in enumerate(_SHOWN_FIRST)}
    return sorted(samples(), key=lambda sample: places.get(sample.row.external_id, len(places)))


def password() -> tuple[str, bool]:
    """The demo's password, made once for this installation and kept readable by its owner only; True when it is new."""
    file = password_file()
    if file.exists():
        return file.read_text().strip(), False
    syllables = [secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(9)]
    made = "-".join("".join(syllables[start : start + 3]) for start in (0, 3, 6))
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(made + "\n")
    return made, True


def make_people(word: str, *, renew: bool) -> list[str]:
    """One user for each role, named after it; with `renew`, those that are there get this password. Returns the names.

    A user of that name whom the demo did not make is left alone.
    """
    present = {user.username: user for user in User.objects.filter(username__in=list(Role))}
    ours = [user for user in present.values() if user.email == user.username + EMAIL_DOMAIN]
    absent = [role for role in Role if role.value not in present]
    if absent or (renew and ours):
        # Hashing is slow on purpose, a second each: the demo's people share one password, so they share its hash.
        hashed = make_password(word)
        with transaction.atomic():
            for role in absent:
                user = User.objects.create(username=role.value, email=role.value + EMAIL_DOMAIN, password=hashed)
                user.groups.set([Group.objects.get_or_create(name=role.value)[0]])
            if renew:
                User.objects.filter(pk__in=[user.pk for user in ours]).update(password=hashed)
    return [role.value for role in Role]


def add_methods() -> None:
    """Load the methods that come with Vitrine, and the small ones of the demonstration."""
    for folder in (methods.SHIPPED, RECIPES):
        methods.load_shipped(folder)


def add_samples() -> bool:
    """Put the sample products into the catalogue; True when some of them still lack photos."""
    shown, kept = samples(), Product.objects.filter(source=SOURCE, photo_count__gt=0)
    # A title tells of its photos, and those of a former catalogue are of other looks.
    before = set(kept.values_list("external_id", flat=True))
    upsert_products([sample.row for sample in shown if sample.row.external_id not in before], source=SOURCE)
    have = dict(Product.objects.filter(source=SOURCE).values_list("external_id", "photo_count"))
    return any(have[sample.row.external_id] < len(sample.photos) for sample in shown)


def add_photos_of(sample: Sample) -> int:
    """Keep those of a sample product's photos that it lacks; how many were new.

    Each gets the caption that the catalogue has of it, where nobody has written one.
    """
    product = Product.objects.get(source=SOURCE, external_id=sample.row.external_id)
    new = 0
    for path in sample.photos:
        with path.open("rb") as file:
            new += add_photo(product, file, name=path.name)[1]
    add_captions([product.pk])
    return new


def add_captions(products: Sequence[int]) -> None:
    """Give those photos of the samples among these products that have no caption the one that the catalogue has."""
    told = captions()
    photos = Photo.objects.filter(product__in=products, product__source=SOURCE, captions=None)
    names = dict(photos.values_list("pk", "original_name"))
    marking.bring_captions({pk: told[name] for pk, name in names.items() if name in told})


def claim_captions(products: Sequence[int]) -> None:
    """Have captions of these products that a former version kept in the operator's name as what they are, ours."""
    told = captions()
    kept = PhotoCaption.objects.filter(photo__product__in=products, photo__product__source=SOURCE, came_along=False)
    rows = kept.values_list("pk", "template", "photo__original_name")
    ours = [pk for pk, template, name in rows if told.get(name) == template]
    PhotoCaption.objects.filter(pk__in=ours).update(came_along=True, made_by=None)


@cache
def captions() -> dict[str, str]:
    """By file name what the sample catalogue notes of its photos: place and light, and nothing of the product's look.

    So the token of a method that learns stands for all of the look; what mini's captioner says of photos with more
    detail than it knows is mostly wrong.
    """
    told: dict[str, str] = json.loads((CATALOGUE / CAPTIONS).read_text(encoding="utf-8"))
    return told


def products_in(run: ImportRun) -> list[int]:
    """The products that an import of a folder has seen, new or not: the folder is read again, its photos are not."""
    with opened(run) as files:
        wish = Wish(known_types=list(ProductType.objects.values_list("name", flat=True)))
        reader = reader_for(ImportRun.Layout(run.layout), files.tree, wish, manifest=files.manifest)
        seen = {item.row.external_id for item in reader if isinstance(item, Record)}
    rows = Product.objects.filter(source=run.source).order_by("pk").values_list("pk", "external_id")
    return [pk for pk, external_id in rows.iterator() if external_id in seen]


def password_file() -> Path:
    """Where the demo's password lies; no demo was filled into this installation where it is not."""
    return Path(settings.DATA_DIR) / "demo_password"
