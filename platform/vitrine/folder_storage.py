"""Files in a local folder, each appearing under its name only when it is whole."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage


class FolderStorage(FileSystemStorage):
    """Django's folder storage, but a file is written beside its place, flushed, and moved there in one step.

    A crash in the middle of a write leaves no half file under a name that looks complete. Names are content hashes:
    writing one again replaces it by the same bytes.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002 - Django's signature
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as opened:
                for chunk in content.chunks():
                    opened.write(chunk)
                opened.flush()
                os.fsync(descriptor)
            Path(partial).chmod(self.file_permissions_mode or 0o640)
            Path(partial).replace(target)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
        return name
