"""Uploaded files of imports: kept under the hash of their content until their import has ended."""

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage

from catalog.models import ImportRun

# A list may be compressed: both endings are kept.
_ENDINGS = (".csv.gz", ".tsv.gz", ".jsonl.gz", ".ndjson.gz", ".zip", ".csv", ".tsv", ".jsonl", ".ndjson")


def keep_upload(file: "File[Any]", name: str) -> str:
    """Store an uploaded file and return its key; the same content is stored once."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    key = f"uploads/{digest.hexdigest()}{ending_of(name) or '.bin'}"
    if not default_storage.exists(key):
        file.seek(0)
        default_storage.save(key, file)
    return key


def keep_packed(files: Iterable[tuple[str, "File[Any]"]]) -> str:
    """Store (path, file) pairs as one zip and return its key; the same files under the same paths are stored once."""
    with tempfile.NamedTemporaryFile(suffix=".zip") as packed:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for path, file in files:
                # A fixed date: the archive's hash tells its content, not when it was made.
                with archive.open(zipfile.ZipInfo(path), "w") as entry:
                    shutil.copyfileobj(file, entry)
        packed.seek(0)
        return keep_upload(File(packed), "photos.zip")


def ending_of(name: str) -> str:
    """The ending of a name that can be imported (".zip", ".csv.gz"), in lower case; "" for any other."""
    return next((ending for ending in _ENDINGS if name.lower().endswith(ending)), "")


def discard_upload(run: ImportRun) -> None:
    """Remove a run's uploaded file unless another import still waits for the same content."""
    if not run.upload_key:
        return
    waiting = ImportRun.objects.filter(upload_key=run.upload_key, finished_at=None).exclude(pk=run.pk)
    if not waiting.exists():
        default_storage.delete(run.upload_key)
