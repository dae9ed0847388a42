"""What every database can keep: PostgreSQL takes no NUL in a text, and none takes half of a surrogate pair.

Both come with names of files and rows of strangers; neither may cost a job its heartbeat or its end.
"""

import json
import re
from typing import Any

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def text(value: str) -> str:
    """The text with what cannot be kept written as its escape."""
    return value.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def as_json(value: Any) -> Any:
    """The value as it comes back from the database: lists, not tuples. Raises TypeError or ValueError if it cannot."""
    written = json.dumps(value, allow_nan=False, ensure_ascii=False)
    if _NUL.search(written):
        raise ValueError("a text in it has a NUL character")
    try:
        written.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"a text in it has {error.object[error.start]!r}, which is no character") from None
    return json.loads(written)
