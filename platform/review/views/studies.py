"""Figures that a worker makes for a page: whether they are there yet, and their tables as files."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs.models import Job, State
from review import study_tables, writing
from review.models import Study
from review.views.overview import LOOK
from vitrine.access import allow


@allow(*LOOK)
@require_safe
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a study is, for the page that waits for it; once it is there or given up, that is to load anew."""
    study = _study(pk)
    job = job_of(study)
    response = render(request, "review/_study_state.html", {"study": study, "job": job, "busy": is_busy(job)})
    if study.computed_at is not None or not is_busy(job):
        response["HX-Refresh"] = "true"
    return response


@allow(*LOOK)
@require_safe
def study_file(_request: HttpRequest, pk: int, name: str, ending: str) -> HttpResponseBase:
    """A table of a study as a file."""
    return file_of(pk, name, ending)


def file_of(pk: int, name: str, ending: str) -> HttpResponseBase:
    """The file, streamed. Raises Http404 for a study, a table or an ending that there is not."""
    study = _study(pk)
    tables = study_tables.TABLES[study.kind]
    if name not in tables:
        raise Http404(f"A study of {study.kind} has no table {name[:40]}; it has {', '.join(tables)}.")
    return writing.response(tables[name](study), ending, f"{study.kind}-{pk}-{name}")


def job_of(study: Study) -> Job | None:
    """The newest job that makes it."""
    return Job.objects.filter(key=study.job_key).order_by("-id").first()


def is_busy(job: Job | None) -> bool:
    """Whether there is something to wait for."""
    return job is not None and job.state in (State.QUEUED, State.RUNNING)


def _study(pk: int) -> Study:
    study = Study.objects.filter(pk=pk).first()
    if study is None:
        raise Http404(f"There is no study {pk}.")
    return study
