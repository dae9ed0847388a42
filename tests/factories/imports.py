"""Folders, lists and archives to import, in small."""

import gzip
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.importing import runner
from catalog.models import ImportRun
from catalog.services.imports import make_import
from tests.factories.catalog import image_bytes


def make_files(root: Path, files: Mapping[str, bytes | str | None]) -> Path:
    """Write files by relative path; None makes a photo."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = image_bytes() if content is None else content
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def make_zip(path: Path, files: Mapping[str, bytes | str | None]) -> Path:
    """A zip of the same kind of mapping."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, image_bytes() if content is None else content)
    return path


def listing(item_id: str, **changes: Any) -> dict[str, Any]:
    """An ABO listing; a field set to None is left out."""
    whole = {
        "item_id": item_id,
        "domain_name": "amazon.com",
        "item_name": [{"language_tag": "en_US", "value": f"Item {item_id}"}],
        "product_type": [{"value": "CELLULAR_PHONE_CASE"}],
        "brand": [{"language_tag": "en_US", "value": "Rivet"}],
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def listing_lines(*listings: dict[str, Any]) -> str:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in listings)


def gzipped(text: str) -> bytes:
    return gzip.compress(text.encode())


def run_import(path: Path, layout: str = "auto", **options: Any) -> ImportRun:
    """Import what lies at a path, to the end."""
    return runner.run(make_import(layout=layout, origin=str(path), **options))


def reasons(run: ImportRun) -> list[str]:
    """Each refusal as "file:line: reason"."""
    return [str(refusal) for refusal in run.refusals.all()]
