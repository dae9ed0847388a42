"""manage.py import_products LAYOUT PATH: import products and photos from this machine."""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from catalog.exceptions import ImportUnreadable
from catalog.importing import report, runner
from catalog.models import ImportRun
from catalog.services.imports import make_import

# "zip" works out from its files what the archive holds.
LAYOUTS = {layout.value: layout for layout in ImportRun.Layout} | {"zip": ImportRun.Layout.AUTO}


class Command(BaseCommand):
    """Runs one import to its end, with a progress bar and a report; the site's Imports page shows it, too."""

    help = "Import products and their photos: a folder per product, a manifest, a zip of either, ABO, or DreamBooth."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("layout", choices=sorted(LAYOUTS), help="how the files lie; auto works it out")
        parser.add_argument("path", type=Path, help="a folder, a .zip, a .csv or a .jsonl file")
        parser.add_argument(
            "--source", default="", help="whose external ids these are (default: the name of the layout)"
        )
        parser.add_argument("--type", default="", help="the type of products that name none: mug, phone case, …")
        parser.add_argument("--dry-run", action="store_true", help="check all and report, write no product")
        parser.add_argument("--no-photos", action="store_true", help="take the rows only")
        parser.add_argument("--limit", type=_positive, help="stop after so many rows")
        parser.add_argument("--report", type=Path, help="write what was refused to this CSV file")

    def handle(self, **options: Any) -> None:
        path: Path = options["path"].expanduser().absolute()
        if len(str(path)) > 500 or len(options["source"]) > 40:
            raise CommandError("The path may have at most 500 characters, the source at most 40.")
        run = make_import(
            layout=LAYOUTS[options["layout"]],
            origin=str(path),
            source=options["source"],
            type_name=options["type"],
            photos=not options["no_photos"],
            limit=options["limit"],
            dry_run=options["dry_run"],
        )
        try:
            self._run(run, quiet=options["verbosity"] == 0)
        except ImportUnreadable as error:
            raise CommandError(str(error)) from None
        finally:
            if options["report"]:
                with options["report"].open("w", encoding="utf-8", newline="") as file:
                    report.write_refusals(run, file)
        self._say(run)
        if not report.taken(run):
            raise CommandError("Nothing could be used.")

    def _run(self, run: ImportRun, *, quiet: bool) -> None:
        with tqdm(file=sys.stderr, disable=quiet or None, unit="", unit_scale=True) as bar:

            def show(done: int, total: int | None, message: str) -> None:
                bar.total = total
                bar.set_postfix_str(message, refresh=False)
                bar.update(done - bar.n)

            runner.run(run, progress=show)

    def _say(self, run: ImportRun) -> None:
        for line in report.summary(run):
            self.stdout.write(line)
        for refusal in run.refusals.all()[:10]:
            self.stdout.write(f"  {refusal}")
        if run.refused > 10:
            self.stdout.write(f"  … and {run.refused - 10:,} more; --report refused.csv writes all of them")


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return number
