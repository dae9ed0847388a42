"""Pass rates of a campaign, or of everything."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from review import exporting, figures, plots
from review.forms import FilterForm, choices
from vitrine.access import Role, allow

LOOK = (Role.ANALYST, Role.OPERATOR)


@allow(*LOOK)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Pass rates of a campaign, or of everything, with how sure they are; the address holds every filter."""
    form = FilterForm(request.GET)
    filters = form.filters()
    found = figures.overview(filters)
    context = {
        "form": form,
        "choices": choices(),
        "filters": filters,
        "found": found,
        "plots": [plots.by_line(found.methods, "method"), plots.by_question(found.questions)],
        "most": figures.MOST_LINES,
        "tables": list(exporting.TABLES),
    }
    return render(request, "review/overview.html", context, status=422 if form.errors else 200)
