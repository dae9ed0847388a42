"""`manage.py review rebuild|check`: build what figures are counted from anew, or tell where it is wrong."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.counting import rebuilding

SHOWN = 20


class Command(BaseCommand):
    """Two verbs; each says in a line what it found."""

    help = "rebuild: count every verdict anew. check: tell where the kept figures differ from the verdicts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("rebuild", help="count every verdict anew and keep what comes out")
        verbs.add_parser("check", help="count anew and compare; ends with status 1 where something differs")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            self._rebuild() if options["verb"] == "rebuild" else self._check()
        except rebuilding.CountingElsewhere as why:
            raise CommandError(str(why)) from None

    def _rebuild(self) -> None:
        self.stdout.write(f"Counted anew: {rebuilding.rebuild():,} images or sums were not what the verdicts say.")

    def _check(self) -> None:
        found = rebuilding.differences()
        for one in found[:SHOWN]:
            self.stdout.write(f"{one.row}: kept {one.kept}; the verdicts say {one.computed}")
        if found:
            raise CommandError(
                f"{len(found):,} images or sums differ from the verdicts. Mend them with: review rebuild."
            )
        self.stdout.write("Every figure kept is what the verdicts say.")
