"""Files from storage, for people who are signed in."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from catalog.media import MediaFile, media_file
from vitrine.access import allow_signed_in

HEADERS = {
    # The name is the hash of the content, so the content never changes; private: only for this signed-in person.
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@allow_signed_in
@require_safe
def media(request: HttpRequest, key: str) -> HttpResponseBase:
    """One photo or thumbnail, streamed; 304 for a browser that has it."""
    file = media_file(key)
    if file is None:
        raise Http404("There is no such file.")
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if "*" in known or file.etag in known or f"W/{file.etag}" in known:
        return _with_headers(HttpResponseNotModified(), file)
    try:
        opened = default_storage.open(file.key)
    except FileNotFoundError:
        raise Http404("There is no such file.") from None
    return _with_headers(FileResponse(opened, content_type=file.content_type), file)


def _with_headers(response: HttpResponseBase, file: MediaFile) -> HttpResponseBase:
    for name, value in (*HEADERS.items(), ("ETag", file.etag)):
        response.headers[name] = value
    return response
