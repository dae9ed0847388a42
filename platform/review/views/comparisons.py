"""Methods held against one another: asking for it, and what came out."""

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from catalog.models import Product
from review import figures
from review.forms import FilterForm, choices
from review.models import Comparison, Item, JudgedImage, Name, Verdicts
from review.services import comparisons
from review.views.overview import LOOK
from vitrine.access import allow

NEWEST = 20
SHOWN = 12  # products that changed sides, each way
PICTURES = 4  # of a product, each method


@allow(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest) -> HttpResponse:
    """Choose methods and images to compare; a worker does it, and what comes out has an address of its own."""
    form = FilterForm(request.POST or request.GET)
    problem = form.first_error() if form.errors else ""
    if request.method == "POST" and form.is_valid():
        try:
            made = comparisons.ask(form.filters(), request.POST.getlist("methods"), by=request.user)
            return redirect("review:comparison", made.pk)
        except comparisons.CannotAsk as refusal:
            problem = str(refusal)
    context = {
        "form": form,
        "choices": choices(),
        "chosen": request.POST.getlist("methods"),
        "problem": problem,
        "newest": Comparison.objects.order_by("-id")[:NEWEST],
    }
    return render(request, "review/compare.html", context, status=422 if problem else 200)


@allow(*LOOK)
@require_safe
def comparison(request: HttpRequest, pk: int) -> HttpResponse:
    """One comparison as it was computed, with the products that changed sides."""
    found = Comparison.objects.select_related("asked_by").filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no comparison {pk}.")
    filters = comparisons.filters_of(found)
    results = [one | {"gained": [], "lost": []} for one in found.result or []]
    for one in results:
        for side in ("gained", "lost"):
            one[side] = _products(one["moved"][side], (one["first"], one["second"]), found)
    context = {
        "comparison": found,
        "results": results,
        "about": figures.words_of(filters),
        "filters": filters,
        "several": len(results) > 1,
    }
    return render(request, "review/comparison.html", context)


def _products(items: list[int], methods: tuple[str, str], row: Comparison) -> list[dict[str, Any]]:
    """Some products with a few judged images of both methods, passing ones first."""
    found = Item.objects.in_bulk(items[:SHOWN])
    products = Product.objects.select_related("cover").in_bulk([one.product for one in found.values() if one.product])
    names = dict(Name.objects.filter(kind=Name.Kind.METHOD, text__in=methods).values_list("text", "pk"))
    chosen = comparisons.filters_of(row).rows().filter(~Q(verdict=Verdicts.UNDECIDED), item__in=found)
    images: dict[tuple[int, int], list[JudgedImage]] = {}
    for image in chosen.filter(method__in=names.values()).select_related("task__candidate").order_by("-verdict", "pk"):
        mine = images.setdefault((image.item, image.method), [])
        if len(mine) < PICTURES:
            mine.append(image)
    return [
        {
            "name": item.name,
            "product": products.get(item.product or 0),
            "sides": [(method, images.get((item.pk, names.get(method, 0)), [])) for method in methods],
        }
        for item in found.values()
    ]
