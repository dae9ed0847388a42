"""One candidate: beside the product's photos, with its figures and where it comes from; and its file."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generation.panels import panels_for
from generation.selectors import candidates as selectors
from vitrine.access import Role, allow

LOOK = (Role.ANALYST, Role.OPERATOR)


@allow(*LOOK)
@require_safe
def candidate(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture large, beside what it must be true to."""
    found = selectors.candidate_or_404(pk)
    product = found.run.product
    context = {
        "candidate": found,
        "product": product,
        "photos": product.photos.all()[: selectors.MOST_PHOTOS],
        "around": selectors.around(found),
        "origins": selectors.origins(found),
        "panels": panels_for(found.pk, request.user),
    }
    return render(request, "generation/candidate.html", context)


@allow(*LOOK)
@require_safe
def candidate_download(_request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file with its metadata, named by what it is of."""
    found = selectors.candidate_or_404(pk)
    try:
        opened = default_storage.open(found.key)
    except FileNotFoundError:
        raise Http404("The file is gone from the store.") from None
    name = f"{found.run.product.external_id}-run-{found.run_id}-{found.pk}.{found.key.rpartition('.')[2]}"
    return FileResponse(opened, as_attachment=True, filename=name)
