"""The prompt bank in a terminal: import, export, load the bank that comes with Vitrine, have new prompts written."""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from catalog import prompt_writers
from catalog.exceptions import PromptsNotWritten
from catalog.models import ContextPrompt, ProductType
from catalog.prompt_bank import line_of
from catalog.selectors.prompts import PromptFilter, exported
from catalog.services.prompts import PromptImport, import_prompts, load_bank

STATUSES = ContextPrompt.Status.values
MOST_WRITTEN = 1000


class Command(BaseCommand):
    """`manage.py prompts import|export|load-bank|write`; an import with refused lines ends with status 1."""

    help = "Import or export the prompt bank as JSONL, load the bank that comes with Vitrine, or have prompts written."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, parser_class=argparse.ArgumentParser)
        importing = verbs.add_parser("import", help='lines such as {"type": "mug", "text": "A {product} …"}')
        importing.add_argument("files", nargs="+", type=Path, metavar="FILE")
        importing.add_argument("--status", choices=("draft", "approved"), default="draft", help="of lines without one")
        exporting = verbs.add_parser("export", help="one line for each prompt, to standard output")
        exporting.add_argument("--type", help="of this type only")
        exporting.add_argument("--status", choices=STATUSES, help="with this status only")
        writing = verbs.add_parser("write", help="new scenes for a product type by the prompt writer, as drafts")
        writing.add_argument("type", help="the product type, as it is named")
        writing.add_argument("--count", type=_count, default=20, help="how many (20)")
        verbs.add_parser("load-bank", help="the shipped prompts, approved; what is there already is left as it is")

    def handle(self, *_: Any, verb: str, **options: Any) -> None:
        if verb == "import":
            self._import(options["files"], ContextPrompt.Status(options["status"]))
        elif verb == "export":
            self._export(options["type"], options["status"])
        elif verb == "write":
            self._write(options["type"], options["count"])
        else:
            self._report(load_bank(), "the shipped bank")

    def _import(self, files: list[Path], status: ContextPrompt.Status) -> None:
        refused = 0
        for path in files:
            try:
                with path.open(encoding="utf-8", errors="surrogateescape") as file:
                    done = import_prompts(file, origin="import", by=None, status=status)
            except OSError as error:
                raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
            self._report(done, str(path))
            refused += len(done.refused)
        if refused:
            sys.exit(1)

    def _report(self, done: PromptImport, name: str) -> None:
        for line, reason in done.refused:
            self.stderr.write(f"{name}:{line}: {reason}")
        self.stdout.write(f"{name}: {done.added} added, {done.known} there already, {len(done.refused)} refused")

    def _write(self, type_name: str, count: int) -> None:
        write = prompt_writers.writer()
        if write is None:
            raise CommandError("No prompt writer is installed here; import prompts from a file instead.")
        type_ = ProductType.objects.filter(name=type_name).first()
        if type_ is None:
            raise CommandError(f"There is no product type {type_name!r}.")
        with tqdm(total=count, unit="prompt", disable=None) as bar:
            try:
                done = write(type_, count, lambda so_far, _: bar.update(so_far - bar.n))
            except PromptsNotWritten as error:
                raise CommandError(str(error)) from None
        for text, reason in done.refused:
            self.stderr.write(f"left out: {text[:100]} ({reason})")
        self.stdout.write(f"{type_.name}: {done.added} drafts added, {len(done.refused)} left out")

    def _export(self, type_name: str | None, status: str | None) -> None:
        type_id = None
        if type_name:
            type_id = ProductType.objects.filter(name=type_name).values_list("pk", flat=True).first()
            if type_id is None:
                raise CommandError(f"There is no product type {type_name!r}.")
        for prompt in exported(PromptFilter(type_id, ContextPrompt.Status(status) if status else None)):
            self.stdout.write(line_of(prompt), ending="")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_WRITTEN:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_WRITTEN}")
    return int(text)
