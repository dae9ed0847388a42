"""Figures that a worker makes for a page: whether they are there yet."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs.models import Job, State
from review.models import Study
from review.views.overview import LOOK
from vitrine.access import allow


@allow(*LOOK)
@require_safe
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a study is, for the page that waits for it; once it is there or given up, that is to load anew."""
    study = Study.objects.filter(pk=pk).first()
    if study is None:
        raise Http404(f"There is no study {pk}.")
    job = job_of(study)
    response = render(request, "review/_study_state.html", {"study": study, "job": job, "busy": is_busy(job)})
    if study.computed_at is not None or not is_busy(job):
        response["HX-Refresh"] = "true"
    return response


def job_of(study: Study) -> Job | None:
    """The newest job that makes it."""
    return Job.objects.filter(key=study.job_key).order_by("-id").first()


def is_busy(job: Job | None) -> bool:
    """Whether there is something to wait for."""
    return job is not None and job.state in (State.QUEUED, State.RUNNING)
