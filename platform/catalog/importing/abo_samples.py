"""One ABO item as a folder of photos with metadata.txt: a Python dict, its values in Java's way of printing."""

import ast
import re
from typing import Any

from catalog.exceptions import RowRefused
from catalog.importing.abo_text import attributes_of, preferred
from catalog.importing.archives import read_start
from catalog.importing.trees import Tree, join
from catalog.services.products import ProductRow

METADATA = "metadata.txt"
_MAX_BYTES = 200_000
_ENTRY = re.compile(r"\{language_tag=(?P<tag>\w+), (?:[\w]+=\[[^\]]*\], )?value=(?P<value>.*?)\}(?=, \{|\]$)", re.S)


def sample_row(tree: Tree, item_id: str, type_name: str) -> ProductRow:
    """The product that an item's folder describes; without any name, the item id is its title. Raises RowRefused."""
    path = join(item_id, METADATA)
    fields = _read(tree, path) if tree.has(path) else {}
    title = " ".join(filter(None, (preferred(fields.get(name)) for name in ("brand", "model_name", "style"))))
    return ProductRow(item_id, title or item_id, type_name, attributes_of(fields))


def _read(tree: Tree, path: str) -> dict[str, Any]:
    text = read_start(tree, path, _MAX_BYTES + 1)
    if len(text) > _MAX_BYTES:
        raise RowRefused(f"{path} is larger than {_MAX_BYTES:,} bytes.")
    try:
        value = ast.literal_eval(text.decode())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise RowRefused(f"{path} is not the dictionary that ABO samples carry.") from None
    if not isinstance(value, dict):
        raise RowRefused(f"{path} is not the dictionary that ABO samples carry.")
    return {key: _entries(text) for key, text in value.items() if isinstance(key, str) and isinstance(text, str)}


def _entries(text: str) -> list[dict[str, str]]:
    return [{"language_tag": found["tag"], "value": found["value"]} for found in _ENTRY.finditer(text)]
