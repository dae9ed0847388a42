"""A plot as a page, a file and a report take it: a Vega-Lite specification with its rows, and the same rows as a table.

Colours in `CONFIG` are names of the design system's tokens: a browser looks them up in its own scheme (plots.js), and
`image` does in the style sheet, for whoever draws without a browser.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

Row = Mapping[str, Any]
Scheme = Literal["light", "dark"]
Kind = Literal["text", "share", "points", "number", "day"]

WIDTH = 720  # pixels of a file; a page gives what room it has
CHARTS = Path(__file__).with_name("charts.json")
_SHEET = Path("platform/vitrine/static/vitrine/vitrine.css")
_VEGA_LITE = "6.4"  # of vl-convert, the same as Altair's
CONFIG: dict[str, Any] = {
    "background": "--surface",
    "font": "ui-sans-serif, system-ui, Liberation Sans, sans-serif",
    "padding": 4,
    "autosize": {"type": "fit-x", "contains": "padding"},
    "view": {"stroke": None},
    "axis": {
        "labelColor": "--muted", "titleColor": "--text", "gridColor": "--line", "domainColor": "--edge",
        "tickColor": "--edge", "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 600, "titlePadding": 8,
        "labelLimit": 180,
    },
    "axisQuantitative": {"tickCount": 6},
    # From the right end, so that on a narrow page it may reach over the labels of the axis and is not cut.
    "legend": {
        "labelColor": "--text", "titleColor": "--text", "labelFontSize": 12, "orient": "top", "labelLimit": 220,
        "layout": {"top": {"anchor": "end", "bounds": "full"}},
    },
    "title": {"color": "--text", "fontSize": 14, "anchor": "start", "offset": 12},
    "range": {"category": ["--plot-1", "--plot-2", "--plot-3", "--plot-4"]},
    "point": {"filled": True, "size": 70, "opacity": 1, "color": "--plot-1"},
    "rule": {"color": "--plot-1"},
    "line": {"color": "--plot-1", "strokeWidth": 2},
    "area": {"color": "--plot-1", "opacity": 0.2},
    "bar": {"color": "--plot-1"},
    "text": {"color": "--text", "fontSize": 12},
    "style": {
        "interval": {"strokeWidth": 3, "strokeCap": "round", "opacity": 0.6},
        "reference": {"stroke": "--edge", "color": "--edge", "strokeDash": [4, 4], "strokeWidth": 1.5},
        "faint": {"opacity": 0.45},
    },
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a plot's table: the rows' key, its header, and how its values are told."""

    key: str
    label: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Plot:
    """One plot. `chart` is a specification without data; without rows, `said` tells why there is nothing to draw.

    `name` is unique on a page and the name of its files; `palette` takes the place of the usual colours.
    """

    name: str
    title: str
    words: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    chart: Mapping[str, Any] = field(repr=False)
    said: str = ""
    palette: tuple[str, ...] = ()

    @property
    def spec(self) -> dict[str, Any]:
        """The whole specification; colours are still names of tokens."""
        config = CONFIG | ({"range": {"category": list(self.palette)}} if self.palette else {})
        columns = [{"key": one.key, "label": one.label} for one in self.columns]
        told = {"vitrine": {"name": self.name, "title": self.title, "columns": columns}}
        return {**self.chart, "data": {"values": list(self.rows)}, "config": config, "usermeta": told}

    @property
    def cells(self) -> list[list[tuple[Column, Any]]]:
        """The table, row by row, each value with its column."""
        return [[(column, row.get(column.key)) for column in self.columns] for row in self.rows]


def nothing(name: str, title: str, said: str) -> Plot:
    """A plot of which there is nothing to draw, and why."""
    return Plot(name, title, "", (), (), {}, said)


def image(plot: Plot, form: Literal["svg", "png"] = "svg", *, scheme: Scheme = "light", width: int = WIDTH) -> bytes:
    """The plot as a file, without a browser or a network; PNG at twice the width. Raises ValueError without rows."""
    import vl_convert  # noqa: PLC0415 - 80 MB that only reports and downloads need

    if not plot.rows:
        raise ValueError(f"The plot {plot.name} has nothing to draw: {plot.said}")
    spec = plot.spec | {"width": width, "title": plot.title, "usermeta": {}}
    spec["config"] = _with_colours(spec["config"], tokens(scheme))
    if form == "svg":
        return str(vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE)).encode()
    return bytes(vl_convert.vegalite_to_png(spec, vl_version=_VEGA_LITE, scale=2))


def chart(name: str, metric: str = "") -> dict[str, Any]:
    """A specification of `charts` by its name; `metric` is the name that it tells."""
    text = _charts()[name]
    found: dict[str, Any] = json.loads(text.replace("{metric}", json.dumps(metric)[1:-1]))
    return found


@cache
def _charts() -> dict[str, str]:
    kept = json.loads(CHARTS.read_text(encoding="utf-8"))
    return {name: json.dumps(one) for name, one in kept.items()}


@cache
def tokens(scheme: Scheme) -> dict[str, str]:
    """The design system's colours by name, such as "--text", for light or dark."""
    sheet = (Path(settings.BASE_DIR) / _SHEET).read_text(encoding="utf-8")
    pairs = re.findall(r"(--[\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", sheet)
    return {name: light if scheme == "light" else dark for name, light, dark in pairs}


def _with_colours(value: Any, colours: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_colours(one, colours) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_colours(one, colours) for one in value]
    return colours[value] if isinstance(value, str) and value.startswith("--") else value


def told(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Rows as JSON holds them: days as ISO text."""
    return tuple(
        {key: one.isoformat() if hasattr(one, "isoformat") else one for key, one in row.items()} for row in rows
    )
