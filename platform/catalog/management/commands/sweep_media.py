"""manage.py sweep_media: remove files that nothing points at any more."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog.photos.sweeping import sweep_photos, sweep_uploads


class Command(BaseCommand):
    """Safe at any time, also while photos are being added; once a day is enough."""

    help = "Remove photos that no product uses any more, and uploads whose import has ended or never came."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--older-than-hours", type=int, default=24, help="leave younger photo files (default: 24)")

    def handle(self, **options: Any) -> None:
        photos = sweep_photos(older_than=timedelta(hours=max(0, options["older_than_hours"])))
        uploads = sweep_uploads()
        self.stdout.write(f"{photos:,} photos and {uploads:,} uploads removed")
