"""Uploaded files of imports: kept under the hash of their content until their import has ended."""

import hashlib
from collections.abc import Iterator
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


def upload_keys() -> Iterator[str]:
    """Keys of all uploads in storage."""
    if default_storage.exists("uploads"):
        yield from (f"uploads/{name}" for name in default_storage.listdir("uploads")[1])
