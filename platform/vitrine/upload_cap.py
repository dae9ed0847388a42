"""Refuse an upload that is too large before any of it is written to disk."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

# What the other fields and the multipart boundaries may add to the file itself.
_MARGIN = 2_000_000


class CappedUploadHandler(FileUploadHandler):
    """First in FILE_UPLOAD_HANDLERS: looks at the request's length only; the handlers behind it do the rest."""

    def handle_raw_input(self, _input: Any, _meta: Any, content_length: int, *_: Any) -> None:
        if content_length > settings.UPLOAD_MAX_BYTES + _MARGIN:
            limit = f"{settings.UPLOAD_MAX_BYTES / 1e6:,.0f} MB"
            raise RequestDataTooBig(
                f"The upload is larger than {limit}. Put the files on the server and import the folder."
            )

    def receive_data_chunk(self, raw_data: bytes, _start: int) -> bytes:
        return raw_data

    def file_complete(self, _file_size: int) -> None:
        return None
