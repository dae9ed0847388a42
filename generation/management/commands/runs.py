"""`manage.py runs …`: what the pages of runs do, in a terminal."""

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.exceptions import GenerationError
from generation.models import Batch, Run
from generation.models.runs import RunState
from generation.selectors.adapters import adapter_of
from generation.selectors.costs import Bill, bill_of_run
from generation.selectors.progress import stage_progress
from generation.services import control
from generation.storage import site_files

_MANY = {"pause": control.pause, "resume": control.resume, "cancel": control.cancel, "retry": control.retry}
_BATCH = {
    "pause": control.pause_batch,
    "resume": control.resume_batch,
    "cancel": control.cancel_batch,
    "retry": control.retry_failures,
}
_PAST = {"pause": "paused", "resume": "resumed", "cancel": "cancelled", "retry": "tried again"}


class Command(BaseCommand):
    """List and show runs; pause, resume, cancel and retry them, by number or all of a batch; take an adapter out."""

    help = "List, show, pause, resume, cancel or retry runs; write a run's adapter to a file."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, parser_class=argparse.ArgumentParser)
        listing = verbs.add_parser("list", help="the newest runs")
        listing.add_argument("--state", choices=RunState.values, default="")
        listing.add_argument("--batch", type=int)
        listing.add_argument("--method", default="", help="a method's name")
        listing.add_argument("--limit", type=int, default=20)
        verbs.add_parser("show", help="one run: its stages, its cost").add_argument("run", type=int)
        taking = verbs.add_parser(
            "adapter", help="write a run's adapter to a file, smaller or for other tools if wished"
        )
        taking.add_argument("run", type=int)
        taking.add_argument("--to", type=Path, required=True, metavar="FILE", help="the safetensors file to write")
        taking.add_argument("--rank", type=int, help="shrink it to this rank (by SVD)")
        taking.add_argument(
            "--kohya", action="store_true", help="with the keys that ComfyUI, A1111 and sd-scripts read"
        )
        for verb in _MANY:
            acting = verbs.add_parser(verb, help=f"{verb} runs, or a batch; of a batch, retry takes the failures")
            acting.add_argument("runs", type=int, nargs="*", metavar="RUN")
            acting.add_argument("--batch", type=int)

    def handle(self, *_: Any, verb: str, **options: Any) -> None:
        try:
            if verb == "list":
                self._list(options)
            elif verb == "show":
                self._show(_run(options["run"]))
            elif verb == "adapter":
                self._adapter(_run(options["run"]), options)
            else:
                self._act(verb, options)
        except GenerationError as error:
            raise CommandError(str(error)) from None

    def _list(self, options: dict[str, Any]) -> None:
        exact = {"state": options["state"], "batch": options["batch"], "method__name": options["method"]}
        found = Run.objects.filter(**{name: value for name, value in exact.items() if value})
        for run in found.select_related("product", "method").order_by("-pk")[: max(1, options["limit"])]:
            self._line(run)

    def _show(self, run: Run) -> None:
        self._line(run)
        for progress in stage_progress([run.pk]):
            state = "done" if progress.is_over and not progress.failed else "failed" if progress.failed else "to do"
            if progress.running:
                state = f"at work, {100 * progress.done:.0f} % {progress.message}"
            self.stdout.write(f"  {progress.title:20}{state}")
        bill = bill_of_run(run)
        self.stdout.write(_costs(bill))

    def _adapter(self, run: Run, options: dict[str, Any]) -> None:
        from generation.training.adapters import shrink, to_kohya  # noqa: PLC0415 - torch, for this verb alone

        made, file = adapter_of(run), options["to"]
        data = site_files().data(made.key)
        if options["rank"] is not None:
            data = shrink(data, options["rank"])
        try:
            file.write_bytes(to_kohya(data) if options["kohya"] else data)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
        rank = made.rank if options["rank"] is None else options["rank"]
        said = f"{file}: token {made.token}, rank {rank}, {file.stat().st_size / 1e6:.1f} MB"
        self.stdout.write(f"{said}, keys of sd-scripts" if options["kohya"] else said)

    def _act(self, verb: str, options: dict[str, Any]) -> None:
        if options["batch"]:
            batch = Batch.objects.filter(pk=options["batch"]).first()
            if batch is None:
                raise CommandError(f"There is no batch #{options['batch']}.")
            count = _BATCH[verb](batch)
        elif options["runs"]:
            count = _MANY[verb]([_run(number).pk for number in options["runs"]])
        else:
            raise CommandError(f"Say what to {verb}: the numbers of runs, or --batch with its number.")
        self.stdout.write(f"{count} {'run' if count == 1 else 'runs'} {_PAST[verb]}.")

    def _line(self, run: Run) -> None:
        images = f"{run.candidate_count} candidates, {run.picked_count} picked" if run.candidate_count else ""
        state = run.get_state_display().lower()
        told = "  ".join(word for word in (images, run.problem) if word)
        self.stdout.write(f"#{run.pk:<6} {state:14} {run.method!s:28} {run.product.title[:40]:40}  {told}".rstrip())


def _run(number: int) -> Run:
    run = Run.objects.select_related("product", "method").filter(pk=number).first()
    if run is None:
        raise CommandError(f"There is no run #{number}.")
    return run


def _costs(bill: Bill) -> str:
    total = bill.total
    money = f", {total.money:.4f} {settings.CURRENCY}" if total.gpu_seconds else ""
    each = bill.per_candidate
    share = f"; {each.seconds:.1f} s a candidate" if each.seconds is not None else ""
    saved = f"; {bill.saved.seconds:.1f} s spared by what was there" if bill.saved.seconds else ""
    return f"  cost: {total.seconds:.1f} s, of them {total.gpu_seconds:.1f} s of a GPU{money}{share}{saved}"
