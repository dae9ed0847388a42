"""`manage.py raters rebuild-verdicts`: build every verdict anew from the ratings, and tell whether any differs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from raters.models import Campaign
from raters.services import verdicts

SHOWN = 20


class Command(BaseCommand):
    """Work on ratings from the command line."""

    help = "rebuild-verdicts: build every verdict anew from the ratings; ends with status 1 where one differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="rebuild-verdicts")
        rebuild = actions.add_parser("rebuild-verdicts", help=self.help)
        rebuild.add_argument("--campaign", type=int, help="only this campaign, by its number")
        rebuild.add_argument("--mend", action="store_true", help="write what is right where a verdict differs")

    def handle(self, *_: Any, **options: Any) -> None:
        campaigns = Campaign.objects.all()
        if options["campaign"] is not None:
            campaigns = campaigns.filter(pk=options["campaign"])
            if not campaigns:
                raise CommandError(f"There is no campaign {options['campaign']}.")
        found = verdicts.differences(campaigns, mend=options["mend"])
        for difference in found[:SHOWN]:
            self.stdout.write(f"Task {difference.task}: stored {difference.stored}, ratings say {difference.computed}")
        if not found:
            self.stdout.write("Every verdict is what its ratings say.")
        elif options["mend"]:
            self.stdout.write(f"Mended: {len(found)} verdicts.")
        else:
            raise CommandError(f"{len(found)} verdicts differ from their ratings. Mend them with --mend.")
