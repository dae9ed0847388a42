"""Products: the list, one product, and making, changing and deleting one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from catalog.exceptions import ProductRefused
from catalog.forms import NewProductForm, ProductForm, type_options
from catalog.panels import offers_for, panels_for, warnings_for
from catalog.selectors import products as selectors
from catalog.services.products import remove_product
from vitrine.access import Role, allow
from vitrine.page_cursors import cursors_of
from vitrine.paging import pager_links


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """The filtered list; for htmx, only its results."""
    wanted = selectors.ProductFilter.of(request.GET)
    page = selectors.product_page(wanted, **cursors_of(request))
    context: dict[str, Any] = {"filter": wanted, "page": page, "pager": pager_links(page, request.GET)}
    context |= selectors.list_facts(wanted)
    context["offers"] = offers_for(request.GET, request.user) if wanted.is_narrowed and page.items else []
    htmx = request.htmx  # type: ignore[attr-defined]
    if not htmx or htmx.history_restore_request:
        context["sources"] = selectors.sources()
        context["type_options"] = type_options(context["types"], wanted.type_id)
        response = render(request, "catalog/products.html", context)
    else:
        response = render(request, "catalog/_products.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def product(request: HttpRequest, pk: int) -> HttpResponse:
    """One product with its photos, its facts, and the panels of other rooms."""
    found = selectors.product_or_404(pk)
    context = {
        "product": found,
        "photos": found.photos.all(),
        "facts": selectors.facts_of(found),
        "panels": panels_for(pk, request.user),
    }
    return render(request, "catalog/product.html", context)


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def product_new(request: HttpRequest) -> HttpResponse:
    """Make a product by hand."""
    return _edit(request, NewProductForm(request.POST or None), "catalog/product_new.html")


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def product_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a product's title and type."""
    form = ProductForm(request.POST or None, product=selectors.product_or_404(pk))
    return _edit(request, form, "catalog/product_edit.html")


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def product_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, naming what goes with it; then delete."""
    found = selectors.product_or_404(pk)
    if request.method == "POST":
        remove_product(found)
        messages.success(request, f"{found.title} is deleted.")
        return redirect("catalog:products")
    context = {"product": found, "photos": found.photos.all(), "warnings": warnings_for(pk)}
    return render(request, "catalog/product_delete.html", context)


def _edit(request: HttpRequest, form: ProductForm, template: str) -> HttpResponse:
    if form.is_bound and form.is_valid():
        try:
            saved = form.save()
        except ProductRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{saved.title} is saved.")
            return redirect(saved)
    context = {"form": form, "product": form.product, "types": selectors.product_types()}
    return render(request, template, context, status=422 if form.errors else 200)
