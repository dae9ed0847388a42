"""The rule that every prompt's text keeps, and the lines of a prompt bank's file (JSONL).

A line is {"type": "mug", "text": "A {product} on a windowsill.", "status": "approved"}; the status may be left out.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from catalog.exceptions import PromptRefused
from catalog.models import PLACEHOLDER, ContextPrompt, ProductType
from catalog.services.products import type_name_of

SHORTEST, LONGEST = 12, 400
LONGEST_LINE = 10_000
SHIPPED = Path(__file__).parent / "data" / "prompt_bank"
_TYPE_LENGTH = ProductType._meta.get_field("name").max_length or 80
_KNOWN_KEYS = {"type", "text", "status"}


class PromptLine(NamedTuple):
    """One prompt as a file gives it, checked; `status` is None where the line names none."""

    type_name: str
    text: str
    status: ContextPrompt.Status | None


def clean_text(text: str) -> str:
    """The text as it is kept: on one line, single spaces. Raises PromptRefused when it breaks the rule."""
    clean = " ".join(text.split())
    if any(not char.isprintable() for char in clean):
        raise PromptRefused("The text holds a character that cannot be seen. Type it anew instead of pasting it.")
    if not SHORTEST <= len(clean) <= LONGEST:
        raise PromptRefused(f"The text has {len(clean)} characters; {SHORTEST} to {LONGEST} are needed.")
    if (found := clean.count(PLACEHOLDER)) != 1:
        raise PromptRefused(f"The text has {PLACEHOLDER} {found} times; it must stand there exactly once.")
    if rest := {"{", "}"} & set(clean.replace(PLACEHOLDER, "")):
        raise PromptRefused(f"The text has a {min(rest)} besides {PLACEHOLDER}. Take it out.")
    return clean


def same_text(text: str) -> str:
    """What two texts share when they differ only in case and spaces."""
    return " ".join(text.lower().split())


def clean_type_name(name: str) -> str:
    """A type's name as it is kept. Raises PromptRefused for an empty or too long one."""
    clean = type_name_of(name)
    if not clean or not clean.isprintable() or len(clean) > _TYPE_LENGTH:
        raise PromptRefused(f"The type {name[:40]!r} is not a name: write a noun of at most {_TYPE_LENGTH} characters.")
    return clean


def read_line(line: str) -> PromptLine:
    """One line of a file. Raises PromptRefused with what is wrong with it."""
    if len(line) > LONGEST_LINE:
        raise PromptRefused(f"The line has {len(line):,} characters; at most {LONGEST_LINE:,} are read.")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise PromptRefused(
            'This is not JSON. Write a line such as {"type": "mug", "text": "A {product} …"}.'
        ) from None
    if not isinstance(row, dict) or not isinstance(row.get("type"), str) or not isinstance(row.get("text"), str):
        raise PromptRefused('The line needs a "type" and a "text", both in quotes.')
    if strange := sorted(set(row) - _KNOWN_KEYS):
        raise PromptRefused(f'The line has the unknown key "{strange[0][:40]}"; it may have type, text and status.')
    return PromptLine(clean_type_name(row["type"]), clean_text(row["text"]), _status(row.get("status")))


def numbered_lines(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """(number from 1, line) of the lines that are not blank; a byte order mark at the start is no content."""
    for number, line in enumerate(lines, start=1):
        text = (line.removeprefix("\ufeff") if number == 1 else line).strip()
        if text:
            yield number, text


def line_of(prompt: ContextPrompt) -> str:
    """A prompt as a line of a file, with its line break. Its type is read too: select it beforehand."""
    row = {"type": prompt.type.name, "text": prompt.text, "status": prompt.status}
    return json.dumps(row, ensure_ascii=False) + "\n"


def shipped_files() -> list[Path]:
    """The files of the bank that comes with Vitrine, by name."""
    return sorted(SHIPPED.glob("*.jsonl"))


def _status(value: object) -> ContextPrompt.Status | None:
    if value is None:
        return None
    if value not in ContextPrompt.Status.values:
        raise PromptRefused(f"The status {str(value)[:40]!r} is not one of {', '.join(ContextPrompt.Status.values)}.")
    return ContextPrompt.Status(value)
