"""What later rooms put on the pages of their jobs.

A room names its own once, when Django is ready (`AppConfig.ready`):

    panels.show("generation.finetune", "generation:job-training", "Training")

The named URL takes the job's id. It answers with an HTML fragment that htmx puts in place after the page has loaded,
and that renews itself as long as there is something new.
"""

from typing import NamedTuple

from django.urls import reverse

from jobs.models import Job


class Panel(NamedTuple):
    """A panel on one job's page: its heading and the address of its fragment."""

    title: str
    url: str


_shown: dict[str, tuple[str, str]] = {}


def show(kind: str, url_name: str, title: str) -> None:
    """Show the fragment at that URL name on the page of each job of a kind."""
    _shown[kind] = title, url_name


def remove(kind: str) -> None:
    """Show it no longer."""
    _shown.pop(kind, None)


def panel_of(job: Job) -> Panel | None:
    """What stands on this job's page."""
    if job.kind not in _shown:
        return None
    title, url_name = _shown[job.kind]
    return Panel(title, reverse(url_name, args=[job.pk]))
