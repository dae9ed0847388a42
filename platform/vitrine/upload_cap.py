"""Refuse an upload that is too large before any of it is written to disk."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

from vitrine.access import Role, roles_of

# What the other fields and the multipart boundaries may add to the file itself.
_MARGIN = 2_000_000


class UploadTooLarge(RequestDataTooBig):
    """Says in one plain sentence, for the person who sent it, what may be sent."""


class CappedUploadHandler(FileUploadHandler):
    """First in FILE_UPLOAD_HANDLERS: looks at the request's length and its user; the handlers behind it do the rest.

    Only operators send files. The forms of everyone else are read here, too, before any view or role is looked at,
    because the token against forged requests is in them: a stranger's gigabytes must not reach the disk by that way.
    """

    def handle_raw_input(self, _input: Any, _meta: Any, content_length: int, *_: Any) -> None:
        if Role.OPERATOR not in roles_of(getattr(self.request, "user", AnonymousUser())):
            if content_length > _MARGIN:
                raise UploadTooLarge(
                    f"Only operators may send more than {_MARGIN / 1e6:,.0f} MB. Sign in as one first."
                )
        elif content_length > settings.UPLOAD_MAX_BYTES + _MARGIN:
            limit = f"{settings.UPLOAD_MAX_BYTES / 1e6:,.0f} MB"
            raise UploadTooLarge(
                f"The upload is larger than {limit}. Put the files on the server and import the folder."
            )

    def receive_data_chunk(self, raw_data: bytes, _start: int) -> bytes:
        return raw_data

    def file_complete(self, _file_size: int) -> None:
        return None
