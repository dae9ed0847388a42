"""`manage.py generate`: start runs from a terminal and, if wanted, watch them or do their work right here."""

import signal
import threading
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from catalog.models import Product
from generation.exceptions import GenerationError
from generation.models import Run
from generation.models.runs import RunState
from generation.services import methods, runs
from generation.services.runs import Wish
from generation.terminal import Watch, outcome_of
from jobs import execution, process, reaper
from jobs.models import Queue

LOOK_EVERY = 0.5  # seconds
SHOWN = 10  # refusals, and runs that failed


class Command(BaseCommand):
    """Start runs; without --wait or --here the command ends at once, and workers do the rest."""

    help = "Generate images of products by a method."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--product", type=int, action="append", default=[], metavar="ID", help="may be repeated")
        parser.add_argument("--source", default="", help="products of this source only")
        parser.add_argument(
            "--external-id", action="append", default=[], help="the seller's name for it; may be repeated"
        )
        parser.add_argument("--type", default="", help="all products of this type")
        parser.add_argument("--all", action="store_true", help="every product")
        parser.add_argument("--method", required=True, help='a name, or "name v2"')
        parser.add_argument("--model-set", default="", help="VITRINE_MODEL_SET without it")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--candidates", type=int, help="images for each product, in place of the method's number")
        parser.add_argument("--commercial", action="store_true", help="refuse checkpoints that forbid commercial use")
        parser.add_argument("--wait", action="store_true", help="show the progress until the runs have ended")
        parser.add_argument("--here", action="store_true", help="do the work of all queues in this process, and wait")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            run_ids = self._start(options)
        except GenerationError as error:
            raise CommandError(str(error)) from None
        if options["here"]:
            self._work(run_ids)
        elif options["wait"]:
            self._wait(run_ids)
        if options["here"] or options["wait"]:
            self._report(run_ids)

    def _start(self, options: dict[str, Any]) -> list[int]:
        names = ("model_set", "seed", "candidates", "commercial")
        wish = Wish(methods.named(options["method"]), **{name: options[name] for name in names})
        products = self._products(options)
        if len(products) == 1:
            run = runs.start_run(Product.objects.get(pk=products[0]), wish, tell=self.stdout.write)
            self.stdout.write(f"Run #{run.pk} of {run.product} by {wish.method}: {run.get_state_display().lower()}.")
            return [run.pk]
        started = runs.start_batch(products, wish, title=_title(options))
        known = f"; {started.there} had such a run already" if started.there else ""
        where = f"Batch #{started.batch.pk}" if started.batch else "No batch"
        self.stdout.write(f"{where}: {started.added} new runs by {wish.method}{known}.")
        every = Run.objects.filter(product__in=products, method=wish.method, seed=wish.seed)
        return list(every.order_by("pk").values_list("pk", flat=True))

    def _products(self, options: dict[str, Any]) -> list[int]:
        narrowing = {
            "pk__in": options["product"], "source": options["source"], "external_id__in": options["external_id"],
            "type__name": options["type"].strip().lower(),
        }  # fmt: skip
        wanted = {name: value for name, value in narrowing.items() if value}
        if not wanted and not options["all"]:
            raise CommandError("Say which products: --product, --source, --external-id, --type, or --all.")
        found = list(Product.objects.filter(**wanted).order_by("pk").values_list("pk", flat=True))
        if not found:
            raise CommandError("There is no such product; manage.py import_products brings some.")
        missing = sorted(set(options["product"]) - set(found))
        if missing:
            raise CommandError(f"There is no product #{missing[0]}, or the other options exclude it.")
        return found

    def _wait(self, run_ids: list[int]) -> None:
        watch = Watch(run_ids, self.stderr)
        over = threading.Event()
        try:
            while watch.look():
                over.wait(LOOK_EVERY)
        except KeyboardInterrupt:
            watch.close()
            self._say_that_they_go_on()
        watch.close()

    def _work(self, run_ids: list[int]) -> None:
        """Run ready jobs of every queue in this thread, as a worker would, while another one shows the progress."""
        over = threading.Event()
        shown = threading.Thread(target=_show, args=(run_ids, self.stderr, over), daemon=True)
        before = signal.signal(signal.SIGINT, _stop_soon)
        shown.start()
        try:
            reaped_at = 0.0
            while _run_one() or (_are_going_on(run_ids) and not process.stopping()):
                if time.monotonic() - reaped_at >= settings.REAP_SECONDS:
                    # Without a scheduler beside it, nobody else takes back what a killed process has held.
                    reaper.reap()
                    reaped_at = time.monotonic()
                over.wait(0.02)
        finally:
            signal.signal(signal.SIGINT, before)
            over.set()
            shown.join()
        if process.stopping():
            self._say_that_they_go_on()

    def _say_that_they_go_on(self) -> None:
        raise CommandError(
            "Stopped watching. The runs are not cancelled: workers go on with them, or this command, asked again with"
            " --here. manage.py runs list shows them, manage.py runs cancel ends them.",
            returncode=130,
        )

    def _report(self, run_ids: list[int]) -> None:
        ended = Run.objects.filter(pk__in=run_ids)
        bad = ended.exclude(state=RunState.SUCCEEDED).order_by("pk")
        for run in ended.filter(state=RunState.SUCCEEDED).order_by("pk")[:SHOWN]:
            self.stdout.write(outcome_of(run))
        for run in bad[:SHOWN]:
            self.stderr.write(outcome_of(run))
        if count := bad.count():
            raise CommandError(f"{count} of {len(run_ids)} runs did not succeed.")


def _title(options: dict[str, Any]) -> str:
    chosen = {"type": options["type"], "source": options["source"]}
    told = ", ".join(f"{name} {value}" for name, value in chosen.items() if value)
    return told.capitalize() or ("All products" if options["all"] else "Chosen products")


def _run_one() -> bool:
    """Do the next ready job of any queue; whether there was one."""
    return any(execution.run_next(queue, process.worker_name()) is not None for queue in Queue.values)


def _are_going_on(run_ids: list[int]) -> bool:
    going_on = (RunState.PLANNED, RunState.RUNNING)
    return Run.objects.filter(pk__in=run_ids, state__in=going_on).exists()


def _show(run_ids: list[int], out: Any, over: threading.Event) -> None:
    watch = Watch(run_ids, out)
    try:
        while watch.look() and not over.wait(LOOK_EVERY):
            pass
        watch.look()
    finally:
        watch.close()
        connections.close_all()


def _stop_soon(_number: int, _frame: FrameType | None) -> None:
    if process.stopping():
        raise KeyboardInterrupt
    process.stop_soon()
