"""How a file's name is written in a sentence for people."""

import unicodedata

_LONGEST = 120


def shown_name(name: str) -> str:
    """The name without control characters and not longer than a line; a path keeps its end, which tells most."""
    clean = "".join(char for char in name if unicodedata.category(char)[0] != "C") or "unnamed file"
    return clean if len(clean) <= _LONGEST else "…" + clean[-_LONGEST + 1 :]
