"""The prompt bank: the overview by type, the list where prompts are decided, and import and export."""

import io
from collections.abc import Iterator

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.exceptions import PromptRefused
from catalog.forms import NewPromptForm, PromptFileForm, PromptForm
from catalog.models import ContextPrompt, ProductType
from catalog.prompt_bank import line_of
from catalog.selectors import prompts as selectors
from catalog.selectors.products import product_types
from catalog.services.prompts import PromptImport, add_prompt, decide, edit_prompt, import_prompts
from vitrine.access import Role, allow
from vitrine.page_cursors import cursors_of
from vitrine.paging import cursor_from, pager_links

MOST_REFUSALS_SHOWN = 200
Status = ContextPrompt.Status


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def prompts(request: HttpRequest) -> HttpResponse:
    """Every type with its counts, and the ways in and out of the bank."""
    context = {"rows": selectors.type_counts(), "counts": selectors.status_counts()}
    return render(request, "catalog/prompts.html", context)


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def prompt_list(request: HttpRequest) -> HttpResponse:
    """Prompts of a type and status: drafts to decide one by one, decided ones to look through."""
    wanted = selectors.PromptFilter.of(request.GET)
    page = selectors.prompt_page(wanted, **cursors_of(request))
    context = {
        "filter": wanted,
        "page": page,
        "pager": pager_links(page, request.GET),
        "counts": selectors.status_counts(wanted.type_id),
        "types": product_types(),
        "chosen_type": ProductType.objects.filter(pk=wanted.type_id).first() if wanted.type_id else None,
    }
    return render(request, "catalog/prompt_list.html", context)


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def prompt(request: HttpRequest, pk: int) -> HttpResponse:
    """One prompt: its card alone for htmx, else on a page."""
    return _card(request, _prompt_or_404(pk))


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def prompt_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a prompt's words; the new wording is a draft."""
    found = _prompt_or_404(pk)
    form = PromptForm(request.POST or None, initial={"text": found.text}, auto_id=f"id_{pk}_%s")
    if form.is_bound and form.is_valid():
        try:
            edit_prompt(found, form.cleaned_data["text"])
        except PromptRefused as refusal:
            form.add_error("text", str(refusal))
        else:
            return _card(request, _prompt_or_404(pk))
    htmx = request.htmx  # type: ignore[attr-defined]
    # htmx swaps no answer that says "error", and the form with its sentence is what the person needs.
    status = 422 if form.errors and not htmx else 200
    template = "catalog/_prompt_form.html" if htmx else "catalog/prompt_edit.html"
    return render(request, template, {"prompt": found, "form": form}, status=status)


@allow(Role.OPERATOR)
@require_POST
def prompt_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve or reject one prompt, or make it a draft again."""
    found = _prompt_or_404(pk)
    if (status := request.POST.get("status")) in Status.values:
        decide([found.pk], Status(status), request.user)
    return _card(request, _prompt_or_404(pk))


@allow(Role.OPERATOR)
@require_POST
def prompts_decide(request: HttpRequest) -> HttpResponse:
    """Decide the chosen prompts together, and return to the list they were chosen from."""
    ids = [number for number in map(cursor_from, request.POST.getlist("prompt")) if number]
    status = request.POST.get("status")
    if not ids:
        messages.error(request, "No prompt was chosen. Tick the ones that you mean first.")
    elif status in Status.values:
        changed = decide(ids, Status(status), request.user)
        messages.success(
            request, f"{changed} prompt{'' if changed == 1 else 's'} set to {Status(status).label.lower()}."
        )
    query = request.GET.urlencode()
    return redirect(f"/prompts/list/?{query}" if query else "catalog:prompt-list")


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def prompt_new(request: HttpRequest) -> HttpResponse:
    """Add a prompt by hand, and stay for the next one."""
    form = NewPromptForm(request.POST or None, initial={"type": request.GET.get("type", "")[:80]})
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            added = add_prompt(
                type_name=data["type"],
                text=data["text"],
                origin="person",
                by=request.user,
                status=Status(data["status"]),
            )
        except PromptRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Added to {added.type.name}: “{added.text}”")
            form = NewPromptForm(initial={"type": added.type.name, "status": data["status"]})
    context = {"form": form, "types": product_types()}
    return render(request, "catalog/prompt_new.html", context, status=422 if form.errors else 200)


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def prompt_import(request: HttpRequest) -> HttpResponse:
    """Take over a JSONL file, and say which lines were refused and why."""
    form = PromptFileForm(request.POST or None, request.FILES or None)
    report: PromptImport | None = None
    if form.is_bound and form.is_valid():
        file = form.cleaned_data["file"]
        # A byte that is no UTF-8 spoils its own line only.
        lines = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape")
        report = import_prompts(lines, origin="import", by=request.user, status=Status(form.cleaned_data["status"]))
    context = {"form": form, "report": report, "most": MOST_REFUSALS_SHOWN}
    return render(request, "catalog/prompt_import.html", context, status=422 if form.errors else 200)


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def prompt_export(request: HttpRequest) -> HttpResponseBase:
    """The prompts of a filter as JSONL, streamed."""

    def lines() -> Iterator[str]:
        for found in selectors.exported(selectors.PromptFilter.of(request.GET)):
            yield line_of(found)

    response = StreamingHttpResponse(lines(), content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="prompts.jsonl"'
    return response


def _prompt_or_404(pk: int) -> ContextPrompt:
    return get_object_or_404(ContextPrompt.objects.select_related("type", "decided_by"), pk=pk)


def _card(request: HttpRequest, found: ContextPrompt) -> HttpResponse:
    htmx = request.htmx  # type: ignore[attr-defined]
    if request.method == "POST" and not htmx:
        return redirect("catalog:prompt", found.pk)
    response = render(request, "catalog/_prompt.html" if htmx else "catalog/prompt.html", {"prompt": found})
    # Going back, a browser would else take the bare card from its cache.
    patch_vary_headers(response, ["HX-Request"])
    return response
