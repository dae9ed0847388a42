"""The pass rate week by week, which the overview loads by itself: every image has to be read for it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from review import figures, plots
from review.forms import FilterForm
from review.views.overview import LOOK
from vitrine.access import allow


@allow(*LOOK)
@require_safe
def weeks(request: HttpRequest) -> HttpResponse:
    """A part of a page: the plot of the images that the address chooses."""
    form = FilterForm(request.GET)
    found = plots.over_time(figures.weeks(form.filters()))
    return render(request, "review/_weeks.html", {"plot": found}, status=422 if form.errors else 200)
