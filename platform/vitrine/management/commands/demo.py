"""`manage.py demo`: fill an empty installation with something to look at, and start it with the show behind it."""

import os
import sys
import time
import webbrowser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from catalog.models import ImportRun, Product
from catalog.services.prompts import load_bank
from generation.exceptions import GenerationError
from generation.services import methods, runs
from generation.services.runs import Wish
from vitrine.demo import filling, removing, shows
from vitrine.demo.shows import LEARNED, SMALL, SWAPS, Show
from vitrine.management.commands.up import up
from vitrine.onlyone import OnlyOne

IMAGES = 6  # of each product by each method


class Command(BaseCommand):
    help = (
        "Make demo logins, load sample data (or --photos), start web, workers and scheduler, and show the whole loop."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--photos", default="", metavar="DIR", help="import this folder: one folder a product")
        parser.add_argument(
            "--crowd", action="store_true", help="have made-up raters judge the own photos' images, too"
        )
        parser.add_argument("--model-set", default="", help="what makes the images; without it nothing is downloaded")
        parser.add_argument("--products", type=int, default=shows.MOST, help=f"of a show at most ({shows.MOST})")
        parser.add_argument("--images", type=int, default=IMAGES, help=f"of each product by each method ({IMAGES})")
        parser.add_argument("--no-show", action="store_true", help="only the data: nothing is made of it")
        parser.add_argument("--no-start", action="store_true", help="only fill, do not start")
        parser.add_argument("--remove", action="store_true", help="remove what the demo put into the data folder")
        parser.add_argument("--yes", action="store_true", help="with --remove: also what others have brought there")
        parser.add_argument("--started", type=float, default=time.time(), help="when the user typed it, Unix seconds")

    def handle(self, *_: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo makes users whose password is printed: it is not for VITRINE_PRODUCTION=true.")
        photos = _photos_folder(options["photos"])
        lock = OnlyOne(settings.DATA_DIR / "up.lock")
        if options["remove"]:
            with lock:
                gone = removing.remove(anyway=options["yes"])
            self.stdout.write(f"Removed from {settings.DATA_DIR}: {', '.join(gone)}.")
            if elsewhere := removing.lies_elsewhere():
                self.stdout.write(
                    f"{' and '.join(elsewhere)} lie elsewhere: what the demo put there is yours to remove."
                )
            return
        if not 1 <= options["products"] <= shows.MOST or not 1 <= options["images"] <= 100:
            raise CommandError(f"A demonstration has 1 to {shows.MOST} products with 1 to 100 images each.")
        with lock:
            logins = self.fill(photos, options)
        if not options["no_start"]:
            begun = shows.shows()
            connections.close_all()
            os.environ["VITRINE_DEMO"] = "true"
            for name, value in pace_of(begun).items():
                os.environ.setdefault(name, value)
            up("\n".join(["How far the demonstration is: /demo/", *logins]), since=options["started"], ready=_open)

    def fill(self, photos: Path | None, options: dict[str, Any]) -> list[str]:
        """Everything but the start; doing it again changes nothing. Returns what to tell the user about signing in."""
        _migrate()
        removing.note_before()
        word, new = filling.password()
        names = filling.make_people(word, renew=new)
        load_bank()
        filling.add_methods()
        wish = {"wanted": options["model_set"], "images": options["images"], "most": options["products"]}
        try:
            wanted = self._shows(photos, wish, crowd=options["crowd"])
        except GenerationError as error:
            raise CommandError(str(error)) from None
        if not options["no_show"]:
            for begun in shows.shows():
                shows.take_up(begun)
            for show in wanted:
                shows.begin(show)
                self._say_what_stays(show, options["model_set"])
        return [f"Sign in as {', '.join(names[:-1])} or {names[-1]}", f"with the password  {word}"]

    def _shows(self, photos: Path | None, wish: dict[str, Any], *, crowd: bool) -> list[Show]:
        if photos is None:
            filling.add_samples()
            found = [shows.samples(**wish)]
        else:
            products = self._import(photos)
            found = shows.photos(products, crowd=crowd, **wish)
            if len(products) > wish["most"]:
                self.stdout.write(f"Of {len(products):,} products in the folder, the first {wish['most']} are shown.")
        for show in found:
            _check(show)
        if found and found[-1].learned and found[-1].learns not in (LEARNED, SMALL):
            self.stdout.write(
                f"The model set {found[-1].learned} comes without weights for new views, which the paper's method"
                f" needs: of methods that train there will be {' and '.join(found[-1].learns)}."
            )
        return found

    def _say_what_stays(self, show: Show, wanted: str) -> None:
        kept = shows.show_named(show.name).learned
        if wanted and kept and kept != wanted:
            self.stdout.write(
                f"MODEL_SET={wanted} leaves nothing out: the demonstration keeps {kept}, which it has begun with."
                " make clean-demo starts anew."
            )

    def _import(self, photos: Path) -> list[int]:
        """Import a folder; the products that it has, old and new."""
        newest = Product.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        call_command("import_products", "auto", str(photos), stdout=self.stdout)
        products = filling.products_in(ImportRun.objects.order_by("-pk")[0])
        removing.note_products(pk for pk in products if pk > newest)
        return products


def pace_of(begun: list[Show]) -> dict[str, str]:
    """How the workers go about it, where nobody chose otherwise.

    With small models a process a core, and of a product all stages, so that there is soon something to see: they stay
    loaded all the same. With large ones a process, for two would each load them.
    """
    if any(show.learned not in shows.FOR_THE_WORLD for show in begun):
        return {"VITRINE_CPU_CONCURRENCY": "1"}
    return {"VITRINE_CPU_CONCURRENCY": str(min(os.cpu_count() or 1, 4)), "VITRINE_AFFINITY_SECONDS": "0"}


def _check(show: Show) -> None:
    """Refuse a model set that cannot do it before anything is begun. Raises GenerationError."""
    wanted = [(name, show.model_set) for name in SWAPS]
    wanted += [(name, show.learned) for name in show.learns if show.learned]
    for name, model_set in wanted:
        runs.check(Wish(methods.named(name), model_set=model_set, candidates=show.images))


def _open(address: str) -> None:
    """Open the page of the demonstration where somebody sits before a screen that could show it."""
    screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if screen and sys.stdout.isatty():
        webbrowser.open(f"{address}demo/")


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
