"""What a product's page shows of generation, and starting a run of it."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from catalog.models import Product
from catalog.selectors.products import product_or_404
from generation.exceptions import GenerationError
from generation.selectors.costs import bill_of_product
from generation.selectors.photos import photo_states
from generation.selectors.runs import is_live, problems_of, runs_of
from generation.services import runs as services
from generation.views.people import is_operator, person
from generation.views.starting import start_form
from vitrine.access import Role, allow


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def product_photos(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel of a product's photos: what is known of each."""
    product = get_object_or_404(Product, pk=pk)
    states = photo_states(product, list(product.photos.all()))
    return render(request, "generation/_product_photos.html", {"states": states})


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def product_runs(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel of a product's runs, side by side."""
    product, runs = get_object_or_404(Product, pk=pk), runs_of(pk)
    context = {
        "product": product,
        "runs": runs,
        "live": any(is_live(run) for run in runs),
        "bill": bill_of_product(pk),
        "is_operator": is_operator(request),
    }
    return render(request, "generation/_product_runs.html", context)


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def generate(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a run of one product."""
    product = product_or_404(pk)
    form = start_form(request)
    if form.is_bound and form.is_valid():
        try:
            tell = partial(messages.warning, request)
            run = services.start_run(product, form.wish(), asked_by=person(request), tell=tell)
        except GenerationError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Run #{run.pk} is on its way.")
            return redirect("generation:run", run.pk)
    context = {"product": product, "form": form, "problems": problems_of(product, form.shown_set())}
    return render(request, "generation/generate.html", context, status=422 if form.errors else 200)
