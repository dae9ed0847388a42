"""Question sets: the list, one with its versions, and the editor."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from raters.exceptions import BadCampaign
from raters.forms.questions import QuestionFormSet, QuestionSetForm, initial_of, question_formset
from raters.models import QuestionSet
from raters.selectors import rating_room
from raters.services import questions as services
from vitrine.access import Role, allow
from vitrine.paging import cursor_from

LOOK = (Role.ANALYST, Role.OPERATOR)
EDIT = ["GET", "HEAD", "POST"]


@allow(*LOOK)
@require_safe
def question_sets(request: HttpRequest) -> HttpResponse:
    """Every set and version, with the campaigns that use it."""
    services.default_question_set()
    return render(request, "raters/question_sets.html", {"sets": rating_room.question_sets()})


@allow(*LOOK)
@require_safe
def question_set(request: HttpRequest, pk: int) -> HttpResponse:
    """One version of a set: its questions as raters see them, and its other versions."""
    found = get_object_or_404(QuestionSet, pk=pk)
    context = {
        "question_set": found,
        "questions": found.questions.all(),
        "versions": QuestionSet.objects.filter(name=found.name).order_by("-version"),
        "campaigns": found.campaigns.order_by("-pk")[:20],
    }
    return render(request, "raters/question_set.html", context)


@allow(Role.OPERATOR)
@require_http_methods(EDIT)
def question_set_new(request: HttpRequest) -> HttpResponse:
    """Make a set, empty or from another."""
    asked = cursor_from(request.GET.get("from"))
    template = QuestionSet.objects.filter(pk=asked).first() if asked else None
    rows = initial_of(template) if template else []
    form, formset = QuestionSetForm(request.POST or None), _formset(request, rows)
    if form.is_bound and form.is_valid() and formset.is_valid():
        return _kept(request, form, formset, None)
    return _editor(request, form, formset, None)


@allow(Role.OPERATOR)
@require_http_methods(EDIT)
def question_set_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a set that no campaign has asked yet; of a frozen one, make the next version."""
    found = get_object_or_404(QuestionSet, pk=pk)
    form = QuestionSetForm(request.POST or None, initial={"name": found.name, "title": found.title})
    form.fields["name"].disabled = True
    formset = _formset(request, initial_of(found))
    if form.is_bound and form.is_valid() and formset.is_valid():
        return _kept(request, form, formset, found)
    return _editor(request, form, formset, found)


def _formset(request: HttpRequest, rows: list[dict[str, Any]]) -> QuestionFormSet:
    return question_formset(request.POST or None, initial=rows, prefix="q")


def _kept(
    request: HttpRequest, form: QuestionSetForm, formset: QuestionFormSet, found: QuestionSet | None
) -> HttpResponse:
    data = form.cleaned_data
    try:
        if found is not None and found.frozen_at is None:
            services.change_question_set(found, data["title"], formset.questions())
            kept = found
        else:
            kept = services.make_question_set(data["name"], data["title"], formset.questions(), by=request.user)
    except BadCampaign as refusal:
        form.add_error(None, str(refusal))
        return _editor(request, form, formset, found)
    messages.success(request, f"{kept} is saved.")
    return redirect("raters:question-set", kept.pk)


def _editor(
    request: HttpRequest, form: QuestionSetForm, formset: QuestionFormSet, found: QuestionSet | None
) -> HttpResponse:
    newest = QuestionSet.objects.filter(name=found.name).order_by("-version").first() if found else None
    context = {
        "form": form,
        "formset": formset,
        "question_set": found,
        "next_version": newest.version + 1 if newest else 1,
    }
    wrong = form.errors or any(formset.errors) or formset.non_form_errors()
    return render(request, "raters/question_set_edit.html", context, status=422 if wrong else 200)
