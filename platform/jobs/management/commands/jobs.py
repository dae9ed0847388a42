"""`manage.py jobs …`: what the pages do, in a terminal."""

import json
import time
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import selectors, services
from jobs.exceptions import JobError
from jobs.models import Job, Queue, State


def json_object(text: str) -> dict[str, Any]:
    """An argument that is a JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ArgumentTypeError(f"{text!r} is not a JSON object; write it like '{{\"steps\": 3}}'")
    return value


class Command(BaseCommand):
    help = "List, show, watch, submit, cancel, retry, hold or release jobs."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="the newest jobs")
        listing.add_argument("--state", choices=State.values, default="")
        listing.add_argument("--kind", default="")
        listing.add_argument("--queue", choices=Queue.values, default="")
        listing.add_argument("--text", default="", help="part of the subject")
        listing.add_argument("--limit", type=int, default=20)
        for verb, text in (("show", "one job"), ("watch", "one job until it ends"), ("cancel", ""), ("retry", "")):
            verbs.add_parser(verb, help=text or f"{verb} one job").add_argument("job", type=int)
        for verb, text in (("hold", "keep queued jobs from starting"), ("release", "let held jobs go on")):
            verbs.add_parser(verb, help=text).add_argument("jobs", type=int, nargs="+")
        submit = verbs.add_parser("submit", help="a new job; jobs.rehearse is a harmless kind")
        submit.add_argument("kind")
        submit.add_argument("--params", type=json_object, default={}, help="as JSON: '{\"steps\": 3}'")
        submit.add_argument("--key")
        submit.add_argument("--subject", default="")
        submit.add_argument("--after", type=int, action="append", default=[], help="a job that must succeed first")
        submit.add_argument("--priority", type=int, default=0)
        submit.add_argument("--watch", action="store_true", help="wait for its end")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except Job.DoesNotExist:
            raise CommandError(f"There is no job #{options['job']}.") from None
        except JobError as error:
            raise CommandError(str(error)) from None

    def _list(self, options: dict[str, Any]) -> None:
        filters = selectors.Filters(**{name: options[name] for name in ("state", "kind", "queue", "text")})
        for job in selectors.jobs_matching(filters).order_by("-pk")[: max(1, options["limit"])]:
            self._line(job)
        for queue in selectors.queue_health():
            if queue.warning:
                self.stderr.write(self.style.WARNING(queue.warning))

    def _show(self, options: dict[str, Any]) -> None:
        job = Job.objects.get(pk=options["job"])
        for name, value in selectors.as_facts(job).items():
            if value not in (None, ""):
                self.stdout.write(f"{name:16}{value}")
        for attempt in selectors.attempts_of(job):
            self.stdout.write(f"attempt {attempt.number}: {attempt.outcome} on {attempt.worker} {attempt.exception}")
        newest = selectors.attempts_of(job, 1)
        if newest:
            self.stdout.write("\n".join(text for text in (newest[0].traceback, newest[0].log_tail) if text))

    def _watch(self, options: dict[str, Any]) -> None:
        said = ""
        while True:
            job = Job.objects.get(pk=options["job"])
            line = f"{job.state} {job.progress_done}/{job.progress_total or '?'} {job.message}"
            if line != said:
                self.stdout.write(line)
                self.stdout.flush()
                said = line
            if selectors.is_finished(job):
                break
            time.sleep(0.5)
        if job.state != State.SUCCEEDED:
            raise CommandError(f"Job #{job.pk} {job.state}. {job.error or job.message}")

    def _cancel(self, options: dict[str, Any]) -> None:
        self._line(services.cancel(Job.objects.get(pk=options["job"])))

    def _retry(self, options: dict[str, Any]) -> None:
        self._line(services.retry(Job.objects.get(pk=options["job"])))

    def _hold(self, options: dict[str, Any]) -> None:
        tally = services.hold(options["jobs"])
        self.stdout.write(f"{tally.done} held, {tally.left} left: only queued jobs can be held.")

    def _release(self, options: dict[str, Any]) -> None:
        tally = services.release(options["jobs"])
        self.stdout.write(f"{tally.done} released, {tally.left} left: they were not held.")

    def _submit(self, options: dict[str, Any]) -> None:
        names = ("kind", "params", "key", "subject", "after", "priority")
        job = services.submit(**{name: options[name] for name in names})
        self._line(job)
        if options["watch"]:
            self._watch({"job": job.pk})

    def _line(self, job: Job) -> None:
        progress = f"{job.progress_done}/{job.progress_total}" if job.progress_total else ""
        text = job.error if job.state == State.FAILED else job.message
        self.stdout.write(f"#{job.pk:<8} {job.word:10} {job.queue:4} {job.kind:24} {progress:12} {job.subject} {text}")
