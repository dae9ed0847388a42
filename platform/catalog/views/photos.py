"""The photos of a product: add, order, remove. For htmx each answers with the photos anew, else with the page."""

from typing import BinaryIO, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog.exceptions import PhotoRefused
from catalog.models import Photo, Product
from catalog.selectors.products import product_or_404
from catalog.services.editing import arrange_photos, make_cover, move_photo
from catalog.services.photos import add_photo, remove_photo
from vitrine.access import Role, allow
from vitrine.paging import cursor_from

MOVES = {"earlier": -1, "later": 1}


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def photos(request: HttpRequest, pk: int) -> HttpResponse:
    """The photos alone, for a page whose uploads have come in."""
    return _photos(request, pk)


@allow(Role.OPERATOR)
@require_POST
def photo_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the uploaded files that are photos; each other one is named with its reason."""
    product = get_object_or_404(Product, pk=pk)
    files = request.FILES.getlist("photos")
    if not files:
        messages.error(request, "No file was chosen. Choose one or more photos first.")
    for file in files:
        try:
            _, added = add_photo(product, cast(BinaryIO, file), name=file.name or "photo")
        except PhotoRefused as refusal:
            messages.error(request, str(refusal))
        else:
            note = f"{file.name} is added." if added else f"{file.name} is among the photos already."
            messages.success(request, note)
    return redirect(product)


@allow(Role.OPERATOR)
@require_POST
def photo_order(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the photos into the order of the ids sent as `photo`."""
    get_object_or_404(Product, pk=pk)
    ids = [cursor_from(text) for text in request.POST.getlist("photo")]
    arrange_photos(pk, [number for number in ids if number])
    return _answer(request, pk)


@allow(Role.OPERATOR)
@require_POST
def photo_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move a photo one place `earlier` or `later`, or make it the `cover`."""
    photo = get_object_or_404(Photo.objects.select_related("product"), pk=pk)
    if (to := request.POST.get("to", "")) in MOVES:
        move_photo(photo, MOVES[to])
    elif to == "cover":
        make_cover(photo)
    return _answer(request, photo.product_id)


@allow(Role.OPERATOR)
@require_POST
def photo_remove(request: HttpRequest, pk: int) -> HttpResponse:
    photo = get_object_or_404(Photo, pk=pk)
    remove_photo(photo)
    return _answer(request, photo.product_id)


def _answer(request: HttpRequest, product_id: int) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return _photos(request, product_id)
    return redirect("catalog:product", product_id)


def _photos(request: HttpRequest, product_id: int) -> HttpResponse:
    product = product_or_404(product_id)
    return render(request, "catalog/_photos.html", {"product": product, "photos": product.photos.all()})
