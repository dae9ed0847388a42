"""Training: what is asked for, and how it goes."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from jobs.models import FINISHED_STATES
from jobs.selectors import pace, running_time
from ranking.exceptions import Refused
from ranking.forms import TrainForm
from ranking.models import Training
from ranking.selectors import rankers as selectors
from ranking.services import training as services
from vitrine.access import Role, allow

LOOK = (Role.ANALYST, Role.OPERATOR)


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def train(request: HttpRequest) -> HttpResponse:
    """Ask for a training."""
    form = TrainForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            asked = services.ask(form.wish(), by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Training #{asked.pk} is on its way.")
            return redirect("ranking:training", asked.pk)
    context = {"form": form, "new_labels": services.new_labels()}
    return render(request, "ranking/train.html", context, status=422 if form.errors else 200)


@allow(*LOOK)
@require_safe
def training(request: HttpRequest, pk: int) -> HttpResponse:
    """One training as it goes, with its figures as they come."""
    return render(request, "ranking/training.html", _context(selectors.training_or_404(pk)))


@allow(*LOOK)
@require_safe
def training_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of a training's page that changes."""
    return render(request, "ranking/_training_live.html", _context(selectors.training_or_404(pk)))


@allow(*LOOK)
@require_safe
def job_training(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel of figures on the page of a training's job."""
    found = Training.objects.filter(job=pk).select_related("ranker", "job").first()
    live = bool(found and found.job and found.job.state not in FINISHED_STATES)
    return render(request, "ranking/_job_training.html", {"training": found, "job_id": pk, "live": live})


def _context(found: Training) -> dict[str, object]:
    job = found.job
    live = job is not None and job.state not in FINISHED_STATES
    context: dict[str, object] = {"training": found, "job": job, "live": live}
    if job is not None:
        context |= {"pace": pace(job), "elapsed": running_time(job)}
    return context
