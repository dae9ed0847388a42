"""Fill the configured database with a catalogue of any size, quickly: python benchmarks/catalogue.py 1000000

What is made looks like a seller's: a few common words in many titles, tens of thousands of rare ones, types from huge
to tiny, one product in fifty without a type, and photos (rows only, no files) under the newest ones. The same number
gives the same catalogue. What is there already is kept; only what is missing is added.
"""

# ruff: noqa: S311 - dice for made-up data, no secrets
import datetime
import json
import os
import random
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "platform"), str(Path(__file__).resolve().parents[1])]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrine.settings")

NOUNS = ("chair", "mug", "lamp", "sofa", "case", "rug", "table", "shoe", "ring", "shelf", "bottle", "towel")
ADJECTIVES = (
    "blue",
    "red",
    "black",
    "wooden",
    "steel",
    "large",
    "small",
    "modern",
    "soft",
    "round",
    "classic",
    "light",
)
TYPES = 300
PHOTOS_EACH, WITH_PHOTOS = 3, 20_000
CHUNK = 5_000
PRODUCT_COLUMNS = (
    "id", "source", "external_id", "title", "type_id", "attributes", "photo_count", "created_at", "updated_at",
)  # fmt: skip
PHOTO_COLUMNS = (
    "product_id", "sha256", "source_sha256", "format", "width", "height", "bytes", "original_name", "position",
    "created_at",
)  # fmt: skip
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def vocabulary(size: int = 30_000) -> list[str]:
    """Made-up words of 2 to 4 syllables."""
    dice = random.Random(1)
    syllables = [consonant + vowel for consonant in "bcdfghklmnprstvw" for vowel in "aeiou"]
    return ["".join(dice.choices(syllables, k=dice.randint(2, 4))) for _ in range(size)]


def products(first: int, last: int, newest_with_photos: int) -> Iterator[tuple[Any, ...]]:
    """Rows for PRODUCT_COLUMNS; the oldest 15 % are of the source "abo", the others of "shop"."""
    words = vocabulary()
    for number in range(first, last + 1):
        dice = random.Random(number)
        noun = NOUNS[min(int(dice.expovariate(0.4)), len(NOUNS) - 1)]
        rare = [words[min(int(dice.paretovariate(0.5)), len(words) - 1)] for _ in range(5)]
        title = " ".join([words[number % 500], dice.choice(ADJECTIVES), noun, *rare, "for", "the", "home"])
        kind = int(dice.paretovariate(0.7))
        attributes = {"brand": words[number % 500], "colour": dice.choice(ADJECTIVES), "note": "x" * 120}
        yield (
            number,
            "abo" if number <= last * 0.15 else "shop",
            f"B{number * 7919 % 10**9:09d}",
            title,
            None if number % 50 == 0 else min(kind, TYPES),
            json.dumps(attributes),
            PHOTOS_EACH if number > newest_with_photos else 0,
            NOW,
            NOW,
        )


def photos(first: int, last: int) -> Iterator[tuple[Any, ...]]:
    """Rows for PHOTO_COLUMNS: three photos under each product."""
    for number in range(first, last + 1):
        for position in range(PHOTOS_EACH):
            name = f"{number * PHOTOS_EACH + position:064x}"
            yield number, name, name, "jpg", 1200, 900, 250_000, f"{position}.jpg", position, NOW


def copy_rows(table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    """Into the table by the quickest road: COPY on PostgreSQL, long transactions of executemany on SQLite."""
    from django.db import connection, transaction  # noqa: PLC0415 - Django is set up by main()

    names = ", ".join(columns)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608
    while chunk := list(islice(rows, CHUNK)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement, chunk)


def fill(count: int) -> None:
    """Bring the catalogue to `count` products."""
    from django.db import connection  # noqa: PLC0415
    from django.db.models import Max  # noqa: PLC0415

    from catalog.models import Product, ProductType  # noqa: PLC0415

    there = Product.objects.aggregate(top=Max("id"))["top"] or 0
    if there >= count:
        return
    kinds = [ProductType(id=number, name=f"type {number:03d}") for number in range(1, TYPES + 1)]
    ProductType.objects.bulk_create(kinds, ignore_conflicts=True)
    newest = max(there, count - WITH_PHOTOS)
    copy_rows("catalog_product", PRODUCT_COLUMNS, products(there + 1, count, newest))
    copy_rows("catalog_photo", PHOTO_COLUMNS, photos(newest + 1, count))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_product SET cover_id = (SELECT id FROM catalog_photo WHERE product_id = catalog_product.id "
            "AND position = 0) WHERE id > %s",
            [newest],
        )
        cursor.execute(
            "UPDATE catalog_producttype SET product_count = "
            "(SELECT count(*) FROM catalog_product WHERE type_id = catalog_producttype.id)"
        )
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval('catalog_product_id_seq', %s)", [count])
            cursor.execute("SELECT setval('catalog_producttype_id_seq', %s)", [TYPES])
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE catalog_product, catalog_photo, catalog_producttype")


def main() -> None:
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    fill(int(sys.argv[1]))


if __name__ == "__main__":
    main()
