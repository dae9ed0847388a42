"""What a field that is found by typing offers, as a fragment."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from review.finding import FINDERS
from review.views.overview import LOOK
from vitrine.access import allow

MOST_TYPED = 200


@allow(*LOOK)
@require_safe
def find(request: HttpRequest, what: str) -> HttpResponse:
    """Products or prompts for the words in `q`."""
    if what not in FINDERS:
        raise Http404(f"Nothing is found by the name {what[:40]}; there are {' and '.join(FINDERS)}.")
    text = request.GET.get("q", "").replace("\0", " ").strip()[:MOST_TYPED]
    return render(request, "review/_found.html", {"found": FINDERS[what](text), "what": what, "text": text})
