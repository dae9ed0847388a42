"""Methods held against one another: asking for it, and what came out."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from ranking.selectors.comparing import newest_trials
from review import comparison_tables, figures, moved, plots, writing
from review.exceptions import TooLong
from review.forms import FilterForm, choices
from review.models import Comparison
from review.services import comparisons
from review.views.choosing import choosing_context
from review.views.overview import LOOK
from vitrine.access import allow

NEWEST = 20
TRIALS = 3


@allow(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest) -> HttpResponse:
    """Choose methods and images to compare; a worker does it, and what comes out has an address of its own."""
    sent = request.POST if request.method == "POST" else request.GET
    form = FilterForm(sent)
    problem = form.first_error() if form.errors else ""
    if request.method == "POST" and form.is_valid():
        try:
            made = comparisons.ask(form.filters(), request.POST.getlist("methods"), by=request.user)
            return redirect("review:comparison", made.pk)
        except (comparisons.CannotAsk, TooLong) as refusal:
            problem = str(refusal)
    chosen = sent.getlist("methods")
    context = {
        "form": form,
        "filters": form.filters(),
        "choices": choices(),
        "baseline": chosen[0] if chosen else "",
        "others": chosen[1:],
        "problem": problem,
        "compared": True,
        "most": comparisons.MOST_METHODS,
        "newest": Comparison.objects.defer("result", "moved")[:NEWEST],
        "trials": newest_trials(TRIALS),
    }
    return render(request, "review/compare.html", context, status=422 if problem else 200)


@allow(*LOOK)
@require_safe
def comparison(request: HttpRequest, pk: int) -> HttpResponse:
    """One comparison as it was computed, with the products that changed sides."""
    found = _comparison(pk)
    filters = comparisons.filters_of(found)
    results = found.result or []
    shown = moved.pictures(results)
    again = urlencode([*filters.pairs, *(("methods", method) for method in found.methods)])
    context = {
        "comparison": found,
        "results": [
            {"told": one, "moved": shown[place], "plot": plots.differences(one, place + 1)}
            for place, one in enumerate(results)
        ],
        "again": f"{reverse('review:compare')}?{again}",
        "about": figures.words_of(filters, compared=comparisons.has_own_best(found)),
        "filters": filters,
        "has_images": any(two for sides in shown for side in sides for one in side.products for _, two in one.sides),
        **choosing_context(request, "", back=request.get_full_path()),
    }
    return render(request, "review/comparison.html", context)


@allow(*LOOK)
@require_safe
def comparison_file(_request: HttpRequest, pk: int, name: str, ending: str) -> HttpResponseBase:
    """A comparison's figures, or the products that changed sides, as a file."""
    return file_of(pk, name, ending)


def file_of(pk: int, name: str, ending: str) -> HttpResponseBase:
    """The file, streamed. Raises Http404 for a comparison, a table or an ending that there is not."""
    if name not in comparison_tables.TABLES:
        raise Http404(f"A comparison has no table {name[:40]}; it has {' and '.join(comparison_tables.TABLES)}.")
    found = Comparison.objects.filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no comparison {pk}.")
    return writing.response(comparison_tables.TABLES[name](found), ending, f"comparison-{pk}-{name}")


def _comparison(pk: int) -> Comparison:
    found = Comparison.objects.select_related("asked_by").defer("moved").filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no comparison {pk}.")
    return found
