"""`manage.py demo`: fill an empty installation with something to look at, and start it."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from catalog.services.prompts import load_bank
from generation.services.methods import load_shipped
from jobs import services as jobs
from vitrine import demo
from vitrine.management.commands.up import up
from vitrine.onlyone import OnlyOne


class Command(BaseCommand):
    help = "Migrate, make demo logins, load sample data (or --photos), and start web, workers and scheduler."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--photos", default="", metavar="DIR", help="import this folder: one folder a product")
        parser.add_argument("--no-start", action="store_true", help="only fill, do not start")
        parser.add_argument("--remove", action="store_true", help="remove what the demo put into the data folder")
        parser.add_argument("--started", type=float, default=time.time(), help="when the user typed it, Unix seconds")

    def handle(self, *_: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo makes users whose password is printed: it is not for VITRINE_PRODUCTION=true.")
        photos = _photos_folder(options["photos"])
        lock = OnlyOne(settings.DATA_DIR / "up.lock")
        if options["remove"]:
            with lock:
                gone = demo.remove()
            self.stdout.write(f"Removed from {settings.DATA_DIR}: {', '.join(gone)}.")
            return
        with lock:
            logins = self.fill(photos)
        if not options["no_start"]:
            connections.close_all()
            up("\n".join(logins), since=options["started"])

    def fill(self, photos: Path | None) -> list[str]:
        """Everything but the start; doing it again changes nothing. Returns what to tell the user about signing in."""
        _migrate()
        word, new = demo.password()
        names = demo.make_people(word, renew=new)
        load_bank()
        load_shipped()
        if photos:
            call_command("import_products", "auto", str(photos), stdout=self.stdout)
        elif demo.add_samples():
            jobs.submit("demo.add_photos", key="demo.add_photos", subject="Photos of the sample products")
        return [f"Sign in as {', '.join(names[:-1])} or {names[-1]}", f"with the password  {word}"]


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)


def _photos_folder(text: str) -> Path | None:
    """The folder that PHOTOS names. Raises CommandError when it is not one."""
    if not text:
        return None
    folder = Path(text).expanduser().resolve()
    if not folder.is_dir():
        raise CommandError(f"PHOTOS={text} is not a folder: {folder}.")
    return folder
