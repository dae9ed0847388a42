"""How metrics and rankers do against people: correlations, AUC, first images, reliability, drift."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from review import plots
from review.exceptions import TooLong
from review.forms import FilterForm, choices
from review.models import Study
from review.plotting import Plot
from review.services import studies
from review.study_forms import SUM, MetricsForm, metrics_query
from review.views.overview import LOOK
from review.views.studies import is_busy, job_of
from vitrine.access import allow


@allow(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures last made for the images chosen; posted to, a worker makes them. The address holds the choice."""
    form, wish = FilterForm(request.GET), MetricsForm(request.GET)
    filters, (first, metric) = form.filters(), wish.asked()
    good = form.is_valid() and wish.is_valid()
    query = metrics_query(filters, first)
    problem = ""
    if request.method == "POST" and good:
        try:
            studies.ask(Study.Kind.METRICS, query, by=request.user)
            return redirect(f"{request.path}?{request.GET.urlencode()}")
        except TooLong as refusal:
            problem = str(refusal)
    study = studies.newest(Study.Kind.METRICS, query) if good else None
    context: dict[str, Any] = {"form": form, "wish": wish, "choices": choices(), "filters": filters, "first": first,
                               "study": study, "query": query, "problem": problem}  # fmt: skip
    if study is not None:
        context["job"] = job = job_of(study)
        context["busy"] = is_busy(job)
        if study.result:
            context |= shown(study.result, metric)
    return render(request, "review/metrics.html", context, status=422 if problem or not good else 200)


def shown(result: dict[str, Any], metric: str) -> dict[str, Any]:
    """A study's result as the template takes it: tables, and the plots of one metric or ranker."""
    scales = {one["key"]: one for one in result["scales"]}
    names = ("pearson", "spearman", "auc", "auc_within", f"top_{result['first']}")
    usual = next((key for key, one in scales.items() if one["probability"]), SUM)
    chosen = scales.get(metric if metric in scales else usual, result["scales"][0])
    return {
        "found": result,
        "rows": _rows(result["rows"], scales, names),
        "types": [{"name": one["name"], "rows": _rows(one["rows"], scales, names)} for one in result["types"]],
        "sampled": result["images"] < result["of_images"],
        "chosen": chosen,
        "plots": _plots(result, chosen),
    }


def _rows(rows: list[dict[str, Any]], scales: dict[str, Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {**row, "label": scales[row["name"]]["label"], "cells": [row["figures"].get(name) for name in names]}
        for row in rows
    ]


def _plots(result: dict[str, Any], scale: dict[str, Any]) -> list[Plot]:
    key, label = scale["key"], scale["label"]
    drawn = result["scatter"][key]
    points = drawn["points"]
    row = next(row for row in result["rows"] if row["name"] == key)
    said = f"{len(points):,} of {row['images']:,} images are drawn." if len(points) < row["images"] else ""
    found = [plots.against_people(label, points, drawn["groups"], name=f"against-{key.replace('_', '-')}", said=said)]
    if scale["probability"]:
        found.append(plots.reliability(label, result["reliability"].get(key, []), name=f"reliability-{key}"))
        found.append(plots.drift(label, result["drift"].get(key, []), name=f"drift-{key}"))
    return found
