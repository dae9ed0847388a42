"""`manage.py simulate_raters CAMPAIGN`: a made-up crowd rates an open campaign, for demonstrations and load."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from raters.exceptions import Refused
from raters.models import Campaign
from raters.simulation import simulate


class Command(BaseCommand):
    """Refused in production: made-up answers would stand beside real ones."""

    help = "Have simulated raters rate an open campaign. All that they leave is marked as simulated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("campaign", type=int, help="the campaign's number")
        parser.add_argument("--raters", type=int, default=6, help="how many people to make up (6)")
        parser.add_argument("--most", type=int, help="stop after so many ratings")
        parser.add_argument("--seed", type=int, default=0, help="another seed, other people and other answers")
        parser.add_argument("--careless", type=float, default=0.1, help="share who answers without looking (0.1)")

    def handle(self, *_: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "Simulated raters are for demonstrations: with VITRINE_PRODUCTION=true they are refused."
            )
        campaign = Campaign.objects.filter(pk=options["campaign"]).select_related("question_set").first()
        if campaign is None:
            raise CommandError(f"There is no campaign {options['campaign']}.")
        if not 1 <= options["raters"] <= 1_000 or not 0 <= options["careless"] <= 1:
            raise CommandError("There can be 1 to 1000 raters, and 0 to 1 of them careless.")
        started = time.monotonic()
        crowd = {"raters": options["raters"], "seed": options["seed"], "careless": options["careless"]}
        try:
            made = sum(1 for _ in simulate(campaign, most=options["most"], **crowd))
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        spent = time.monotonic() - started
        self.stdout.write(f"{made:,} simulated ratings in {spent:.1f} s, {made / max(spent, 0.001):,.0f} a second.")
