"""`manage.py review rebuild|check|charts`: count anew, tell where figures are wrong, write plots' specifications."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review import plotting
from review.counting import rebuilding

SHOWN = 20


class Command(BaseCommand):
    """Each verb says in a line what it found or did."""

    help = "rebuild: count every verdict anew. check: tell where the kept figures differ from the verdicts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("rebuild", help="count every verdict anew and keep what comes out")
        verbs.add_parser("charts", help="for engineers: write the plots' specifications anew, after charts.py changed")
        verbs.add_parser("check", help="count anew and compare; ends with status 1 where something differs")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            {"rebuild": self._rebuild, "check": self._check, "charts": self._charts}[options["verb"]]()
        except rebuilding.CountingElsewhere as why:
            raise CommandError(str(why)) from None

    def _rebuild(self) -> None:
        self.stdout.write(f"Counted anew: {rebuilding.rebuild():,} images or sums were not what the verdicts say.")

    def _charts(self) -> None:
        from review import charts  # noqa: PLC0415 - Altair is 50 MB that nothing else here needs

        plotting.CHARTS.write_text(json.dumps(charts.build(), indent=1) + "\n", encoding="utf-8")
        self.stdout.write(f"Written: {plotting.CHARTS.name}.")

    def _check(self) -> None:
        checked = rebuilding.check()
        found = checked.differences
        for one in found[:SHOWN]:
            self.stdout.write(f"{one.row}: kept {one.kept}; the verdicts say {one.computed}")
        if checked.moved:
            self.stdout.write(
                f"Images that moved by the sum, as their products got others since: {checked.moved:,}."
                " Nothing is wrong, and the next rebuild keeps their places."
            )
        if found:
            raise CommandError(
                f"{len(found):,} images or sums differ from the verdicts. Mend them with: review rebuild."
            )
        self.stdout.write("Every figure kept is what the verdicts say.")
