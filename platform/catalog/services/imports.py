"""Ask for an import."""

from typing import Any

from django.db import transaction

from catalog.models import ImportRun
from catalog.services.products import type_name_of
from catalog.signals import import_requested


def make_import(  # noqa: PLR0913 - what an import can be told, all by name
    *,
    layout: str,
    origin: str,
    source: str = "",
    type_name: str = "",
    photos: bool = True,
    limit: int | None = None,
    dry_run: bool = False,
    asked_by: Any = None,
    upload_key: str = "",
    in_import_dir: bool = False,
) -> ImportRun:
    """The row of an import that is not begun yet; without a source it gets its layout's name when that is known."""
    return ImportRun.objects.create(
        layout=layout,
        origin=origin,
        source=source,
        upload_key=upload_key,
        options={
            "type": type_name_of(type_name),
            "photos": photos,
            "limit": limit,
            "in_import_dir": in_import_dir,
        },
        dry_run=dry_run,
        asked_by=asked_by,
    )


def ask_for_import(**wish: Any) -> ImportRun:
    """`make_import`, and have it run in the background: its row and its job are written together or not at all."""
    with transaction.atomic():
        run = make_import(**wish)
        request_import(run)
    return run


def request_import(run: ImportRun) -> None:
    """Have an import run in the background; asked twice, it runs once."""
    import_requested.send(ImportRun, run=run)
