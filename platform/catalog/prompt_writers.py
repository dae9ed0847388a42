"""Who writes new prompts for `manage.py prompts write`: a later room names its function once, when Django is ready.

    prompt_writers.provide("generation.bank_writing.write_prompts")

The function takes a ProductType, how many prompts are wanted, and a function that is told how far it is; it puts them
into the bank as drafts. It is named by its path, so that nothing heavy is imported before it is asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.module_loading import import_string

from catalog.models import ProductType

Progress = Callable[[int, int], None]


@dataclass
class PromptsWritten:
    """How many drafts are new, and (text, reason) of what was not taken."""

    added: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


WritePrompts = Callable[[ProductType, int, Progress], PromptsWritten]
_provided: list[str] = []


def provide(path: str) -> None:
    """Write prompts with the function at that dotted path from now on."""
    _provided[:] = [path]


def withdraw() -> None:
    """Have nobody write prompts."""
    _provided.clear()


def writer() -> WritePrompts | None:
    """The function that writes prompts; None where no room provides one."""
    if not _provided:
        return None
    found: WritePrompts = import_string(_provided[0])
    return found
