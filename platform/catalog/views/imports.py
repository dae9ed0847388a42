"""Imports: the list, a new one, one with its report and its refusals as CSV."""

import csv
from collections.abc import Iterator

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from catalog.import_forms import ImportForm, server_paths
from catalog.importing.report import refusal_rows
from catalog.models import ImportRun, ProductType
from vitrine.access import Role, allow
from vitrine.page_cursors import cursors_of
from vitrine.paging import keyset_page, pager_links


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def imports(request: HttpRequest) -> HttpResponse:
    """All imports, newest first."""
    runs = ImportRun.objects.select_related("asked_by")
    page = keyset_page(runs, **cursors_of(request))
    return render(request, "catalog/imports.html", {"page": page, "pager": pager_links(page, request.GET)})


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    """Ask for an import; it runs in the background and its page shows how far it is."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        run = form.save(asked_by=request.user)
        messages.success(request, "The dry run is queued." if run.dry_run else "The import is queued.")
        if request.headers.get("X-Requested-With") == "XMLHttpRequest":
            # A script that followed a redirect would read the message away from the page it then opens.
            return HttpResponse(status=201, headers={"Location": run.get_absolute_url()})
        return redirect(run)
    context = {
        "form": form,
        "server_paths": server_paths(),
        "types": ProductType.objects.values_list("name", flat=True)[:500],
        "max_bytes": settings.UPLOAD_MAX_BYTES,
        "max_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
    }
    return render(request, "catalog/import_new.html", context, status=422 if form.is_bound else 200)


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One import: live progress while it runs, counts, and what it refused; htmx asks for the report alone."""
    run = get_object_or_404(ImportRun.objects.select_related("asked_by"), pk=pk)
    page = keyset_page(run.refusals.all(), **cursors_of(request), ascending=True)
    context = {"run": run, "page": page, "pager": pager_links(page, request.GET)}
    alone = request.headers.get("HX-Request") == "true"
    response = render(request, "catalog/_import_report.html" if alone else "catalog/import.html", context)
    # Going back, a browser would else take the bare report from its cache.
    patch_vary_headers(response, ["HX-Request"])
    return response


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def import_refusals(request: HttpRequest, pk: int) -> StreamingHttpResponse:  # noqa: ARG001 - Django's signature
    """Everything that an import refused, as CSV."""
    run = get_object_or_404(ImportRun, pk=pk)
    disposition = f'attachment; filename="import-{run.pk}-refused.csv"'
    return StreamingHttpResponse(
        _csv_lines(run), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )


class _Echo:
    """A file that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(run: ImportRun) -> Iterator[str]:
    writer = csv.writer(_Echo())
    return (writer.writerow(row) for row in refusal_rows(run))
