"""What is answered when something goes wrong: a page in the site's look, or one JSON shape for the API."""

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from vitrine.logs import request_id
from vitrine.upload_cap import UploadTooLarge


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request is malformed or larger than what is taken."""
    return _answer(request, 400, _too_much(exception) or "The server could not make sense of this request.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: says which role the page is for, in the words of whoever refused."""
    return _answer(request, 403, str(exception) or "You may not do that.")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - the name is Django's
    return _answer(request, 404, f"There is nothing at {request.path}.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500: without the database or the user, since either may be what broke; with the id that the log line has."""
    if _is_api(request):
        return JsonResponse({"detail": f"The server failed. Its log says why: request {request_id.get()}."}, status=500)
    return HttpResponse(render_to_string("500.html", {"request_id": request_id.get()}), status=500)


def _too_much(exception: Exception) -> str:
    """What was more than is taken, and the way out; "" where that is not what went wrong."""
    if isinstance(exception, UploadTooLarge):
        return str(exception)
    if isinstance(exception, TooManyFilesSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return f"More than {most} files were sent at once. Make a zip of them, or put them on the server."
    return ""


def _answer(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    if _is_api(request):
        return JsonResponse({"detail": sentence}, status=status)
    return render(request, f"{status}.html", {"sentence": sentence}, status=status)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
