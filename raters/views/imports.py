"""Others' ratings: a file is uploaded, looked through by a worker, shown with its faults, and taken on a yes."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raters.exceptions import Refused
from raters.exchange.importing import Wish
from raters.forms.imports import ImportForm
from raters.models import RatingsImport
from raters.services import imports as services
from vitrine.access import Role, allow
from vitrine.page_cursors import cursors_of
from vitrine.paging import keyset_page, pager_links


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """Files of ratings, newest first, and a new one."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        file = asked.pop("file")
        try:
            row = services.keep(file.file, file.name, Wish(by=request.user, **asked))
        except Refused as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect("raters:import", row.pk)
    rows = RatingsImport.objects.select_related("asked_by", "campaign").defer("questions", "problems")
    page = keyset_page(rows, **cursors_of(request), size=20)
    context = {"form": form, "page": page, "pager": pager_links(page, request.GET)}
    return render(request, "raters/imports.html", context, status=422 if form.errors else 200)


@allow(Role.OPERATOR)
@require_safe
def ratings_import(request: HttpRequest, pk: int) -> HttpResponse:
    """One file: what a worker found in it; htmx asks for the report alone while one is at it."""
    row = _row(pk)
    alone = request.headers.get("HX-Request") == "true"
    response = render(request, "raters/_import_report.html" if alone else "raters/import.html", {"row": row})
    patch_vary_headers(response, ["HX-Request"])
    return response


@allow(Role.OPERATOR)
@require_POST
def import_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Take a file that was looked through, or forget it."""
    row = _row(pk)
    if act not in ("take", "drop"):
        raise Http404("A file of ratings is taken or dropped.")
    try:
        if act == "take":
            services.take(row, by=request.user)
            return redirect("raters:import", pk)
        services.drop(row)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("raters:import", pk)
    messages.success(request, f"“{row.file_name}” is forgotten.")
    return redirect("raters:imports")


def _row(pk: int) -> RatingsImport:
    return get_object_or_404(RatingsImport.objects.select_related("asked_by", "campaign", "question_set"), pk=pk)
