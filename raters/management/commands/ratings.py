"""`manage.py ratings export|import`: ratings out to a file, and others' in as a campaign (docs/ratings-format.md)."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from raters.exceptions import Refused
from raters.exchange import label_studio
from raters.exchange.importing import Wish, import_ratings
from raters.exchange.reading import READERS
from raters.exchange.rows import rows_of
from raters.exchange.writing import FORMATS, as_json_list
from raters.models import Campaign, QuestionSet


class Command(BaseCommand):
    """Two verbs; each says in a line what it did."""

    help = "Write a campaign's ratings to a file, or read others' ratings as a campaign of their own."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        out = verbs.add_parser("export", help="write a campaign's ratings")
        out.add_argument("campaign", type=int, help="the campaign's number")
        out.add_argument("file", type=Path, help=f"ends in .{', .'.join(READERS)} (json: Label Studio)")
        taken = verbs.add_parser("import", help="read a file of ratings as a new, closed campaign")
        taken.add_argument("file", type=Path, help=f"ends in .{', .'.join(READERS)} (json: Label Studio)")
        taken.add_argument("--name", help="the campaign's name; else the file's")
        taken.add_argument("--questions", help="a question set, such as paper-8; else they follow from the answers")
        taken.add_argument("--scale", type=_names, default=(), help="the answers in their order: 1,2,3,4,5")
        taken.add_argument("--passing", type=_names, default=(), help="the answers that pass: 4,5")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            if options["verb"] == "export":
                self._export(options["campaign"], options["file"])
            else:
                self._import(options)
        except (Refused, OSError) as problem:
            raise CommandError(str(problem)) from None

    def _export(self, number: int, path: Path) -> None:
        campaign = Campaign.objects.filter(pk=number).select_related("question_set").first()
        if campaign is None:
            raise CommandError(f"There is no campaign {number}.")
        ending = path.suffix.lower().lstrip(".")
        if ending == "json":
            parts = as_json_list(label_studio.tasks_of(campaign))
        elif ending in FORMATS:
            parts = FORMATS[ending][0](rows_of(campaign))
        else:
            raise CommandError(f"{path.name!r} is of no known kind: it ends in .{', .'.join(READERS)}.")
        with path.open("wb") as file:
            for part in parts:
                file.write(part)
        self.stdout.write(f"{path}: {path.stat().st_size:,} bytes.")

    def _import(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        wish = Wish(
            options["name"] or path.stem, _set_named(options["questions"]), options["scale"], options["passing"]
        )
        with path.open("rb") as file:
            report = import_ratings(file, path.name, wish)
        for problem in report.problems:
            self.stderr.write(problem)
        if report.campaign is None:
            raise CommandError(
                f"Nothing was taken: {report.bad or len(report.problems):,} of {report.rows:,} rows are bad."
            )
        self.stdout.write(
            f"Campaign #{report.campaign.pk}: {report.ratings:,} ratings of {report.tasks:,} images from"
            f" {report.rows:,} rows."
        )


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("names answers, with commas between them")
    return names


def _set_named(name: str | None) -> QuestionSet | None:
    if name is None:
        return None
    found = QuestionSet.objects.filter(name=name).order_by("-version").first()
    if found is None:
        raise CommandError(f"There is no question set {name!r}.")
    return found
