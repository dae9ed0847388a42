"""An adapter's file, as it was trained; smaller or for other tools it is written by `manage.py runs adapter`."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from generation.selectors import adapters
from vitrine.access import Role, allow


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def adapter_download(_request: HttpRequest, pk: int) -> HttpResponseBase:
    """The safetensors file, which plain diffusers loads."""
    found = adapters.adapter_or_404(pk)
    try:
        opened = default_storage.open(found.key)
    except FileNotFoundError:
        raise Http404("The adapter's file is gone from the store.") from None
    return FileResponse(opened, as_attachment=True, filename=adapters.file_name(found))
