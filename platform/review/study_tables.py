"""The tables of a study for files and the API, out of what was kept when a worker made it: metrics, and plans."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from review.models import Study
from review.writing import Row, Table, table

Result = Mapping[str, Any]
_RANGE = ("value", "low", "high")
_FIGURES = ("pearson", "spearman", "auc", "auc_within")
_RATE = "value:number low:number high:number of:integer"


def figures(study: Study) -> Table:
    """Each metric and ranker, over all types and by each: correlations, AUC, and the pass rate of the first few."""
    found = study.result or {}
    first = f"top_{found.get('first', 0)}"

    def rows() -> Iterable[Row]:
        for kind, of_kind in [("", found.get("rows", ())), *((one["name"], one["rows"]) for one in _types(found))]:
            for row in of_kind:
                told = [row["figures"].get(name, {}).get(part) for name in (*_FIGURES, first) for part in _RANGE]
                yield kind, row["name"], _labels(found)[row["name"]], row["images"], row["products"], *told, row["said"]

    names = [f"{name}{end}:number" for name in (*_FIGURES, "first") for end in ("", "_low", "_high")]
    return table(f"type key metric images:integer products:integer {' '.join(names)} said", rows)


def scatter(study: Study) -> Table:
    """Of each metric, some images by its value, and the pass rate of tenths of all of them."""
    found = study.result or {}

    def rows() -> Iterable[Row]:
        for key, drawn in found.get("scatter", {}).items():
            for one in drawn["points"]:
                yield key, "image", one["x"], one["y"], one["verdict"], None, None, None, None
            for one in drawn["groups"]:
                yield key, "tenth", one["x"], None, "", *_rate(one)

    return table(f"key row x:number accepted:number verdict {_RATE}", rows)


def reliability(study: Study) -> Table:
    """Of each ranker, what it predicted and what passed, in groups."""
    found = study.result or {}

    def rows() -> Iterable[Row]:
        for key, groups in found.get("reliability", {}).items():
            for one in groups:
                yield key, _labels(found)[key], one["predicted"], *_rate(one)

    return table(f"key ranker predicted:number {_RATE}", rows)


def drift(study: Study) -> Table:
    """Of each ranker's picks, what passed week by week, and what was predicted of the same images."""
    found = study.result or {}

    def rows() -> Iterable[Row]:
        for key, weeks in found.get("drift", {}).items():
            for one in weeks:
                yield key, _labels(found)[key], date.fromisoformat(one["week"]), one["predicted"], *_rate(one)

    return table(f"key ranker week:day predicted:number {_RATE}", rows)


def plan(study: Study) -> Table:
    """What a study takes, in one row, with what it was simulated from."""
    found = study.result

    def rows() -> Iterable[Row]:
        if found:
            told = [found[name] for name in ("products", "power", "images", "ratings", "hours", "seconds")]
            taken = [found[name][part] for name in ("icc", "shared") for part in ("value", "source")]
            yield *told, *taken, study.query

    return table(
        "products:integer power:number images:integer ratings:integer hours:number seconds:number"
        " icc:number icc_source shared:number shared_source asked",
        rows,
    )


def curve(study: Study) -> Table:
    """The power of studies of more and fewer products."""
    found = study.result or {}

    def rows() -> Iterable[Row]:
        return [(one["products"], one["power"], one["ratings"]) for one in found.get("curve", ())]

    return table("products:integer power:number ratings:integer", rows)


TABLES: dict[str, dict[str, Callable[[Study], Table]]] = {
    Study.Kind.METRICS: {"figures": figures, "scatter": scatter, "reliability": reliability, "drift": drift},
    Study.Kind.PLAN: {"plan": plan, "curve": curve},
}


def _types(found: Result) -> Iterable[Mapping[str, Any]]:
    types: Iterable[Mapping[str, Any]] = found.get("types", ())
    return types


def _labels(found: Result) -> dict[str, str]:
    return {one["key"]: one["label"] for one in found["scales"]}


def _rate(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["value"], one["low"], one["high"], one["of"]
