"""`manage.py worker`: take jobs and run them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import workers
from jobs.models import Queue


class Command(BaseCommand):
    help = "Run jobs of the given queues (cpu and gpu by default) until Ctrl-C; one under way goes back to its queue."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queue", action="append", choices=Queue.values, help="may be given more than once")
        parser.add_argument("--concurrency", type=int, help="how many jobs at once (the settings say how many else)")
        parser.add_argument("--name", help="the worker's name on this machine; by default that of its queues")

    def handle(self, *_: Any, **options: Any) -> None:
        concurrency = options["concurrency"]
        if concurrency is not None and concurrency < 1:
            raise CommandError(f"--concurrency {concurrency} would run nothing: it must be at least 1.")
        queues = sorted(set(options["queue"] or workers.USUAL_QUEUES))
        workers.work(queues, concurrency, options["name"])
