"""Plots: what the page, the files and the table of one say is the same, and its colours can be told apart."""

import io
import json
from itertools import product

import pytest
from django.template import Context, Template
from PIL import Image

from review import charts, plots, plotting
from review.plotting import Column, Plot
from tests.review.made_plots import LINES, every_plot
from tests.vitrine.test_layout import contrast

PLOTS = every_plot()


@pytest.mark.parametrize("plot", PLOTS, ids=lambda one: one.name)
def test_a_plot_is_drawn_from_the_rows_of_its_table(plot: Plot) -> None:
    spec = json.loads(json.dumps(plot.spec))
    assert spec["data"]["values"] == [json.loads(json.dumps(row)) for row in plot.rows]
    assert spec["width"] == "container"
    assert [one["key"] for one in spec["usermeta"]["vitrine"]["columns"]] == [one.key for one in plot.columns]
    assert all("data" not in layer or layer["data"] != {"name": "empty"} for layer in spec.get("layer", [spec]))


def test_kept_specifications_are_those_that_altair_makes() -> None:
    kept = json.loads(plotting.CHARTS.read_text(encoding="utf-8"))
    assert kept == charts.build(), "charts.py has changed: run manage.py review charts"


def test_a_plot_tells_its_own_metric_whatever_its_name() -> None:
    assert '"title": "A \\"good\\" one"' in json.dumps(plotting.chart("scatter", 'A "good" one'))


@pytest.mark.parametrize("plot", PLOTS, ids=lambda one: one.name)
def test_a_plot_is_a_picture_without_a_browser(plot: Plot) -> None:
    drawn = plotting.image(plot).decode()
    assert drawn.startswith("<svg")
    assert plot.title.replace("&", "&amp;") in drawn
    assert "--" not in drawn.replace("-->", "")  # every token has become a colour
    assert drawn.count("<path") > 3


def test_files_come_as_png_in_dark_too() -> None:
    picture = Image.open(io.BytesIO(plotting.image(PLOTS[0], "png", scheme="dark")))
    assert picture.format == "PNG"
    assert picture.width > plotting.WIDTH
    assert picture.convert("RGB").getpixel((3, 3)) == (0x1D, 0x20, 0x23)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_drawn_stands_out_from_its_ground(scheme: plotting.Scheme) -> None:
    found = plotting.tokens(scheme)
    for name in [one for one in found if one.startswith("--plot-")]:
        assert contrast(found[name], found["--surface"]) >= 3, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("first", "second"), list(product(("--plot-1", "--plot-maybe"), ("--plot-2",))))
def test_answers_differ_to_who_sees_red_and_green_alike(first: str, second: str, scheme: plotting.Scheme) -> None:
    """Blue against orange: the share of blue in the colour differs, which every kind of colour blindness keeps."""
    found = plotting.tokens(scheme)

    def blueness(colour: str) -> float:
        red, _, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return (blue - red) / 255

    assert blueness(found[first]) - blueness(found[second]) > 0.5


def test_a_plot_without_rows_says_why() -> None:
    empty = plots.over_time([])
    assert "no course" in empty.said
    assert "no course" in rendered(empty)
    assert "data-plot" not in rendered(empty)
    with pytest.raises(ValueError, match="over-time has nothing to draw"):
        plotting.image(empty)


def test_a_page_gets_the_table_and_the_specification() -> None:
    shown = rendered(PLOTS[0])
    assert "17.4 %" in shown
    assert 'data-plot="by-method"' in shown
    assert 'type="application/json"' in shown
    assert "aria-label" in shown


def test_names_cannot_leave_the_specification() -> None:
    plot = Plot("bad", "A plot", "", (Column("name", "Name"),), ({"name": "</script><b>"},), {"mark": "bar"})
    assert "</script><b>" not in rendered(plot)


def test_more_lines_than_can_be_read_are_told() -> None:
    plot = plots.by_line([LINES[0]] * 25, "method")
    assert len(plot.rows) == 2 * plots.MOST_LINES
    assert "20 with the most images of 25" in plot.words


@pytest.mark.parametrize(
    ("key", "said"),
    [("questions", "Of 25 questions, the first 20."), ("types", "Of 25 types, the 20 with the most products.")],
)
def test_parts_that_are_left_out_are_told(key: str, said: str) -> None:
    one = {"difference": {"value": 0.1, "low": 0.0, "high": 0.2}}
    parts = {"questions": [], "types": [], key: [{"name": f"Part {n}", "compared": one} for n in range(25)]}
    plot = plots.differences({"first": "a", "second": "b", "per_image": one, "per_product": one, **parts})
    assert len(plot.rows) == 2 + plots.MOST_LINES
    assert plot.words.endswith(f"neither is better. {said}")


def rendered(plot: Plot) -> str:
    return Template("{% load review_plots %}{% plot found %}").render(Context({"found": plot}))
