"""Removing the demonstration again, and only it: what was there before it, or came from others since, is told first."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from accounts.models import User
from catalog.models import Product
from raters.models import Campaign, Rating
from raters.models.campaigns import Origin
from vitrine.demo.filling import EMAIL_DOMAIN, SOURCE, password_file

# What an installation keeps in its data folder. The clean-up touches nothing else there.
_KEPT = ("media", "broker", "metrics", "static", "workers", "training-cache")
_KEPT_FILES = ("vitrine.sqlite3*", "broker.sqlite3*", "secret_key*", "demo_password", "demo_notes.json", "up.lock")
_WAY_OUT = (
    "To remove all of it, database, media and secret key, say make clean-demo YES=1 (manage.py demo --remove --yes)."
)


def note_before() -> None:
    """Note, before the demo's first row, whether the installation is empty; noted once, it stays."""
    if not _notes_file().exists():
        empty = not any(table.objects.exists() for table in (User, Product, Campaign))
        _write({"empty": empty, "products": []})


def note_products(products: Iterable[int]) -> None:
    """Note products that the demo has brought in, beside the samples."""
    notes = _notes()
    _write({**notes, "products": sorted({*notes["products"], *products})})


def remove(*, anyway: bool = False) -> list[str]:
    """Remove what the demo has put into the data folder; the names of what went.

    Raises CommandError where there is no demo, for the folder may be anybody's; and, but for `anyway`, where more than
    the demo would go, or less.
    """
    if not password_file().exists():
        raise CommandError(f"There is no demo in {settings.DATA_DIR}, so nothing is removed.")
    if not anyway and (found := others()):
        raise CommandError(f"Nothing is removed from {settings.DATA_DIR}: {'; '.join(found)}. {_WAY_OUT}")
    gone = []
    for name in _KEPT:
        if (settings.DATA_DIR / name).is_dir():
            shutil.rmtree(settings.DATA_DIR / name)
            gone.append(name)
    for pattern in _KEPT_FILES:
        for file in sorted(settings.DATA_DIR.glob(pattern)):
            file.unlink()
            gone.append(file.name)
    if not any(settings.DATA_DIR.iterdir()):
        settings.DATA_DIR.rmdir()
    return gone


def others() -> list[str]:
    """Why removing would take more than the demo, or leave some of it; empty where it takes exactly that."""
    if elsewhere := lies_elsewhere():
        return [f"{' and '.join(elsewhere)} lie elsewhere, and only the folder's part would go"]
    found = []
    if not _notes()["empty"]:
        found.append("it is not known to have been empty when the demo came")
    try:
        found += _foreign_rows()
    except DatabaseError as error:
        found.append(f"its database cannot be read ({error})")
    return found


def lies_elsewhere() -> list[str]:
    """What of the installation is not in its data folder, so that removing the folder's part leaves it."""
    database = settings.DATABASES["default"]
    beside = Path(str(database.get("NAME", ""))).parent == Path(settings.DATA_DIR)
    told = {
        "The database": database["ENGINE"].endswith("sqlite3") and beside,
        "the stored files": settings.STORAGES["default"]["BACKEND"].endswith("FolderStorage"),
    }
    return [what for what, here in told.items() if not here]


def _foreign_rows() -> list[str]:
    """People, ratings and products that are not the demo's, counted."""
    if User._meta.db_table not in connection.introspection.table_names():
        return []
    ours = set(_notes()["products"])
    products = Product.objects.exclude(source=SOURCE).values_list("pk", flat=True)
    people = User.objects.exclude(email__endswith=EMAIL_DOMAIN)
    ratings = Rating.objects.exclude(origin=Origin.SIMULATION).exclude(rater__user__email__endswith=EMAIL_DOMAIN)
    counted = {
        "people": people.count(),
        "ratings": ratings.count(),
        "products": sum(pk not in ours for pk in products.iterator()),
    }
    return [f"{count:,} {what} are not the demo's" for what, count in counted.items() if count]


def _notes_file() -> Path:
    return Path(settings.DATA_DIR) / "demo_notes.json"


def _notes() -> dict[str, Any]:
    """`empty`: whether nothing was there before the demo, as far as is known; `products`: those that it brought in."""
    try:
        found: dict[str, Any] = json.loads(_notes_file().read_text())
    except FileNotFoundError:
        return {"empty": False, "products": []}
    return found


def _write(notes: dict[str, Any]) -> None:
    """In one step: a note broken off would be none."""
    new = _notes_file().with_suffix(".new")
    new.write_text(json.dumps(notes))
    new.replace(_notes_file())
