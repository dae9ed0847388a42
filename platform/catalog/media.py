"""The files that the site serves from storage: which keys there are, and how each is sent."""

import re
from typing import NamedTuple

CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_KEY = re.compile(
    r"(?P<prefix>[a-z][a-z_-]*)/(?P<start>[0-9a-f]{2})/(?P<sha256>(?P=start)[0-9a-f]{62})\.(?P<ext>[a-z]+)"
)
_prefixes = {"photos", "thumbnails"}


class MediaFile(NamedTuple):
    """A key that may be served, its content type, and the hash by which browsers and proxies know it again."""

    key: str
    content_type: str
    etag: str


def serve_prefix(prefix: str) -> None:
    """Let files under `<prefix>/<2 digits>/<sha256>.<extension>` be served; a later room names its own at start."""
    _prefixes.add(prefix)


def media_file(key: str) -> MediaFile | None:
    """The file that a key names; None for every key that is not one of ours, so nothing else is ever looked up."""
    found = _KEY.fullmatch(key)
    if found is None or found["prefix"] not in _prefixes or found["ext"] not in CONTENT_TYPES:
        return None
    return MediaFile(key, CONTENT_TYPES[found["ext"]], f'"{found["sha256"]}"')
