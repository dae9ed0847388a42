"""One product in figures and pictures, and the list of products."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from catalog.models import Product
from review import figures, product_figures, walls
from review.counting import folding
from review.filters import Filters
from review.forms import FilterForm, choices
from review.models import Item
from review.views.choosing import choosing_context
from review.views.notes import notes_context
from review.views.overview import LOOK
from review.views.walls import Choice, form_of, wall_context
from review.wall_forms import read_wall
from review.walls import OPEN, Wall
from vitrine.access import allow
from vitrine.page_cursors import cursors_of
from vitrine.paging import pager_links

MOST_PHOTOS = 12


@allow(*LOOK)
@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """Products with judged images, each with how many of them pass."""
    folding.count_waiting(figures.COUNTED_FIRST, wait=False)
    form = FilterForm(request.GET)
    filters = form.filters()
    passing = request.GET.get("passing", "")
    cursors = cursors_of(request)
    page, lines = product_figures.product_page(filters, passing=passing, **cursors)
    passing = passing if passing in product_figures.PASSING else ""
    context = {
        "form": form,
        "choices": choices(),
        "filters": filters,
        "lines": lines,
        "pager": pager_links(page, request.GET),
        "passing": passing,
        "file_query": "&".join(part for part in (filters.query, f"passing={passing}" if passing else "") if part),
        **choosing_context(
            request,
            filters.query,
            back=request.get_full_path(),
            total=None if passing or form.errors else walls.counted(Wall(filters)),
        ),
    }
    return render(request, "review/products.html", context, status=422 if form.errors else 200)


@allow(*LOOK)
@require_safe
def product(request: HttpRequest, pk: int) -> HttpResponse:
    """A product of the catalogue: its photos, how its images do beside its type's, and all of them as a wall."""
    found = Product.objects.select_related("type").filter(pk=pk).first()
    item = Item.objects.filter(product=pk).first()
    if found is None and item is not None:
        return redirect("review:item", item.pk)
    if found is None:
        raise Http404(f"There is no product {pk}.")
    return _shown(request, found, item)


@allow(*LOOK)
@require_safe
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """What uploaded images are of, where that is no product of the catalogue; one that is, is shown as that."""
    found = Item.objects.filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no item {pk}.")
    if found.product and Product.objects.filter(pk=found.product).exists():
        return redirect("review:product", found.product)
    return _shown(request, None, found)


@allow(*LOOK)
@require_safe
def product_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """How people judged a product's images, for its page in the catalogue."""
    found = get_object_or_404(Product.objects.select_related("type"), pk=pk)
    figures_found = product_figures.figures_of(Filters(), product_figures.items_of(pk), found.type)
    return render(request, "review/_product_panel.html", {"product": found, "found": figures_found})


def _shown(request: HttpRequest, product: Product | None, item: Item | None) -> HttpResponse:
    folding.count_waiting(figures.COUNTED_FIRST, wait=False)
    wall, problem = _wall(request, product, item)
    items = product_figures.items_of(product.pk) if product else [item.pk] if item else []
    found = product_figures.figures_of(wall.filters, items, product.type if product else None)
    if product and not wall.is_narrowed and not found.rate.of and not found.undecided:
        wall = wall.but(verdict=OPEN)  # nothing of it is judged: what there is to see are images that wait
    context: dict[str, Any] = {
        "product": product,
        "item": item,
        "name": product.title if product else str(item),
        "photos": product.photos.all()[:MOST_PHOTOS] if product else [],
        "found": found,
        "questions": [_line(wall, one, found.question_set) for one in found.questions],
        "set_choices": [
            Choice(name, wall.but(filters=wall.filters.but(questions=pk)).address, pk == found.question_set)
            for pk, name in found.sets
        ],
        "form": form_of(request, wall),
        "choices": choices(),
        "filters": wall.filters,
        "product_query": wall.filters.but(questions=found.question_set).query,
        "problem": problem,
        **notes_context(request, f"product:{product.pk}" if product else f"item:{items[0]}"),
        **wall_context(request, wall),
    }
    return render(request, "review/product.html", context, status=422 if problem else 200)


def _wall(request: HttpRequest, product: Product | None, item: Item | None) -> tuple[Wall, str]:
    return read_wall(request.GET, product=product.pk if product else None, item=item.pk if item else None)


def _line(wall: Wall, one: product_figures.Failing, question_set: int | None) -> dict[str, Any]:
    filters = wall.filters.but(questions=question_set)
    plain = walls.Wall(filters, wall.item, sort=wall.sort, worst=wall.worst, question=one.key)
    return {
        "one": one,
        "fails": f"{plain.but(how='fails').address}#wall",
        "alone": f"{plain.but(how='alone').address}#wall",
        "current": wall.question == one.key,
    }
