"""Methods: the list, one compared with any other, the editor, and TOML in and out."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generation.exceptions import BadRecipe, NotPossible, Overtaken
from generation.forms import MethodFileForm
from generation.method_form import MethodForm
from generation.models import Method
from generation.recipe import Recipe, recipe_from_toml
from generation.recipe_text import as_toml
from generation.selectors import methods as selectors
from generation.selectors.costs import bill_of_method, per_accepted
from generation.services import methods as services
from generation.views.people import person
from vitrine.access import Role, allow
from vitrine.paging import cursor_from

LOOK = (Role.ANALYST, Role.OPERATOR)
EDIT = ["GET", "HEAD", "POST"]


@allow(*LOOK)
@require_safe
def methods(request: HttpRequest) -> HttpResponse:
    """Every method, with how many runs have used it."""
    return render(request, "generation/methods.html", {"methods": selectors.methods()})


@allow(*LOOK)
@require_safe
def method(request: HttpRequest, pk: int) -> HttpResponse:
    """One method: its stages with every parameter, and how it differs from another."""
    found = selectors.method_or_404(pk)
    others = [one for one in selectors.methods() if one.pk != pk]
    asked = cursor_from(request.GET.get("with"))
    other = next((one for one in others if one.pk == asked), None) or selectors.neighbour_of(found)
    context: dict[str, Any] = {
        "method": found,
        "others": others,
        "other": other,
        "bill": bill_of_method(pk),
        "accepted": per_accepted(pk),
        "in_place": is_own(found),
    }
    try:
        context["parts"] = selectors.stage_parts(found)
        if other:
            context |= {"differences": selectors.compare(found, other), "reuse": selectors.reuse(found, other)}
    except BadRecipe as problem:
        context["problem"] = f"This version of Vitrine cannot read it: {problem}"
    return render(request, "generation/method.html", context)


@allow(*LOOK)
@require_safe
def method_toml(_request: HttpRequest, pk: int) -> HttpResponse:
    """The method as a file."""
    found = selectors.method_or_404(pk)
    try:
        text = as_toml(found.parts)
    except BadRecipe:
        return redirect("generation:method", pk)  # which says why
    response = HttpResponse(text, content_type="application/toml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.name}-v{found.version}.toml"'
    return response


@allow(Role.OPERATOR)
@require_http_methods(EDIT)
def method_new(request: HttpRequest) -> HttpResponse:
    """Make a method, from the paper's parameters or from those of another."""
    asked = cursor_from(request.GET.get("from"))
    template = Method.objects.filter(pk=asked).first() if asked else None
    try:
        form = MethodForm(request.POST or None, recipe=template.parts if template else Recipe())
    except BadRecipe:
        return redirect("generation:method", asked)  # which says why
    if form.is_bound and form.is_valid() and form.parsed:
        try:
            made = _make_new(form, form.parsed, request)
        except NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            return _saved(request, made)
    return _editor(request, form, {"heading": "New method", "submit": "Make the method"})


@allow(Role.OPERATOR)
@require_http_methods(EDIT)
def method_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a method that no run has used; of one in use, make the next version."""
    found = selectors.method_or_404(pk)
    words = {"title": found.title, "description": found.description}
    seen = request.POST.get("seen") or services.edition(found)
    try:
        form = MethodForm(request.POST or None, recipe=found.parts, fixed_name=found.name, initial=words)
    except BadRecipe:
        return redirect("generation:method", pk)  # which says why
    if form.is_bound and form.is_valid() and form.parsed:
        try:
            saved = _save(found, form, request)
        except NotPossible as refusal:
            form.add_error(None, str(refusal))
            seen = refusal.by if isinstance(refusal, Overtaken) else seen  # told of by no other error
        else:
            return _saved(request, saved)
    version = selectors.versions_of(found)[0].version + 1
    frozen = {"heading": f"New version of {found.name}", "submit": f"Save as version {version}"}
    plain = {"heading": f"Change {found}", "submit": "Save"}
    facts = {"method": found, "next_version": version, "in_place": is_own(found), "seen": seen}
    return _editor(request, form, facts | (plain if is_own(found) else frozen))


@allow(Role.OPERATOR)
@require_http_methods(EDIT)
def method_upload(request: HttpRequest) -> HttpResponse:
    """Make a method, or the next version of one, from a TOML file."""
    form = MethodFileForm(request.POST or None, request.FILES or None)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            recipe, before = recipe_from_toml(data["file"]), services.newest_of(data["name"])
            made = services.make_method(data["name"], recipe, title=data["title"], by=person(request))
        except BadRecipe as refused:
            for problem in refused.problems:
                form.add_error("file", problem)
        except NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            return _there(request, made) if before and before.pk == made.pk else _saved(request, made)
    return render(request, "generation/method_upload.html", {"form": form}, status=422 if form.errors else 200)


@allow(Role.OPERATOR)
@require_POST
def method_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a method for new runs no longer, or again."""
    found = selectors.method_or_404(pk)
    services.retire(found, not found.retired)
    messages.success(request, f"{found} is {'offered no longer' if found.retired else 'offered again'}.")
    return redirect("generation:method", pk)


def is_own(method: Method) -> bool:
    """Whether it can still be changed in place: a person's, and no run has used it."""
    return not method.frozen and method.origin == Method.Origin.PERSON


def _make_new(form: MethodForm, recipe: Recipe, request: HttpRequest) -> Method:
    name = form.cleaned_data["name"]
    if services.newest_of(name):
        raise NotPossible(f"There is a method {name} already: open it to make a new version, or take another name.")
    return services.make_method(name, recipe, **_words(form), by=person(request))


def _save(found: Method, form: MethodForm, request: HttpRequest) -> Method:
    recipe, seen = form.parsed or found.parts, request.POST.get("seen", "")
    if is_own(found):
        return services.change_method(found, recipe, **_words(form), seen=seen)
    return services.make_version(found, recipe, _words(form), by=person(request), seen=seen)


def _words(form: MethodForm) -> dict[str, str]:
    return {name: form.cleaned_data[name] for name in ("title", "description")}


def _saved(request: HttpRequest, method: Method) -> HttpResponse:
    messages.success(request, f"{method} is saved.")
    return redirect("generation:method", method.pk)


def _there(request: HttpRequest, method: Method) -> HttpResponse:
    messages.info(request, f"{method} has these very parameters already, so no version was made.")
    return redirect("generation:method", method.pk)


def _editor(request: HttpRequest, form: MethodForm, context: dict[str, Any]) -> HttpResponse:
    names = sorted({method.name for method in selectors.offered()})
    context |= {"form": form, "names": names}
    return render(request, "generation/method_edit.html", context, status=422 if form.errors else 200)
