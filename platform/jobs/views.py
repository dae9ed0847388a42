"""Pages of jobs, and the fragments in them that renew themselves while something is under way."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from jobs import panels, selectors, services
from jobs.exceptions import NotAllowed
from jobs.forms import FilterForm
from jobs.models import Job, State
from vitrine.access import Role, allow, roles_of
from vitrine.page_cursors import cursors_of
from vitrine.paging import keyset_page, pager_links

PAGE_SIZE = 50


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    """All jobs, newest first; asked by htmx, only the part that changes."""
    form = FilterForm(request.GET)
    jobs = selectors.jobs_matching(form.filters())
    page = keyset_page(jobs, **cursors_of(request), size=PAGE_SIZE)
    context = {
        "form": form,
        "page": page,
        "pager": pager_links(page, request.GET),
        "live": any(not selectors.is_finished(job) for job in page.items),
        "filtered": any(request.GET.get(name) for name in form.fields),
        "health": selectors.queue_health(),
        "own_url": request.get_full_path(),
    }
    template = "jobs/_rows.html" if _wants_fragment(request) else "jobs/list.html"
    return render(request, template, context)


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def detail(request: HttpRequest, job_id: int) -> HttpResponse:
    """One job with its attempts; asked by htmx, only the part that changes."""
    job = get_object_or_404(Job.objects.select_related("asked_by"), pk=job_id)
    context = _detail_context(request.user, job)
    if _wants_fragment(request):
        return render(request, "jobs/_live.html", context)
    return render(request, "jobs/detail.html", context | {"panel": panels.panel_of(job)})


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def panel_by_key(request: HttpRequest, key: str) -> HttpResponse:
    """The progress of the job with that key, as a fragment for other rooms' pages; it asks again until the end."""
    job = selectors.job_by_key(key)
    return render(request, "jobs/_panel.html", {"job": job, "key": key} | _progress_context(job))


@allow(Role.OPERATOR)
@require_POST
def cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    """Cancel, and show the job as it is then."""
    return _change(request, job_id, services.cancel, "Job #{id} will stop at its next step.", "Job #{id} is cancelled.")


@allow(Role.OPERATOR)
@require_POST
def retry(request: HttpRequest, job_id: int) -> HttpResponse:
    """Queue again, and show the job as it is then."""
    return _change(request, job_id, services.retry, "", "Job #{id} is queued again.")


@allow(Role.OPERATOR)
@require_POST
def release(request: HttpRequest, job_id: int) -> HttpResponse:
    """Let a held job go on, and show the job as it is then."""
    return _change(request, job_id, _released, "", "Job #{id} starts when its turn comes.")


def _released(job: Job) -> Job:
    if not services.release([job.pk]).done:
        raise NotAllowed(f"Job #{job.pk} is not held, so it cannot be released.")
    return Job.objects.get(pk=job.pk)


def _change(request: HttpRequest, job_id: int, act: Callable[[Job], Job], running: str, done: str) -> HttpResponse:
    job = get_object_or_404(Job, pk=job_id)
    try:
        job = act(job)
        sentence = running if job.state == State.RUNNING else done
        notice, level = sentence.format(id=job.pk), messages.SUCCESS
    except NotAllowed as error:
        notice, level = str(error), messages.ERROR
    if _wants_fragment(request):
        job = Job.objects.select_related("asked_by").get(pk=job_id)
        context = {"notice": notice, "notice_level": "error" if level == messages.ERROR else "success"}
        return render(request, "jobs/_live.html", _detail_context(request.user, job) | context)
    messages.add_message(request, level, notice)
    return redirect("jobs:detail", job_id)


def _detail_context(user: AbstractBaseUser | AnonymousUser, job: Job) -> dict[str, Any]:
    attempts = selectors.attempts_of(job)
    return {
        "job": job,
        "attempts": attempts,
        "newest": attempts[0] if attempts else None,
        "neighbours": selectors.neighbours(job),
        "steps": selectors.steps_done(job),
        "is_operator": Role.OPERATOR in roles_of(user),
        "can_retry": job.state in (State.FAILED, State.CANCELLED),
    } | _progress_context(job)


def _progress_context(job: Job | None) -> dict[str, Any]:
    if job is None:
        return {}
    return {
        "pace": selectors.pace(job),
        "elapsed": selectors.running_time(job),
        "live": not selectors.is_finished(job),
        "unmet": list(selectors.needs_unmet(job)[:5]) if job.waiting_on else [],
    }


def _wants_fragment(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
