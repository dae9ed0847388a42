"""The paper's tables with ours beside them, and as files that other programs read."""

import csv
import io
import re
from dataclasses import replace

import pytest

from raters.models import Campaign
from review import figures, paper_tables, writing
from review.filters import Filters
from review.paper_tables import Row, Table
from tests.factories.catalog import make_product
from tests.factories.generation import make_candidate, make_method, make_run
from tests.review.made import judged


def test_table_1_stands_beside_what_is_here(db: None) -> None:
    mugs = [make_product(f"Mug {n}", source="abo") for n in range(3)]
    judged([(mugs[0], "a", "x", [True, False]), (mugs[1], "a", "x", [False, False]), (mugs[2], "b", "x", [True])])
    table = paper_tables.table_1()
    assert [row.cells[0] for row in table.rows if row.printed] == ["17.4 %", "10.0 %"]
    ours = {row.method: row for row in table.rows if not row.printed}
    assert ours["a"].dataset == "abo"
    assert (ours["a"].cells[0], ours["a"].cells[2], ours["a"].cells[4:]) == ("25.0 %", "50.0 %", ("4", "2"))
    assert ours["b"].cells[1] == ""


def test_a_simulated_crowd_is_told_in_the_tables_files(db: None) -> None:
    judged([(make_product("Mug", source="abo"), "a", "x", [True])])
    assert "simulated" not in paper_tables.as_markdown(paper_tables.table_1())
    Campaign.objects.update(origin="simulation")
    table = paper_tables.table_1()
    for told in (table.note, paper_tables.as_markdown(table), paper_tables.as_latex(table)):
        assert "A simulated crowd is among those who rated here" in told


def test_table_2_takes_means_over_measured_images(db: None) -> None:
    run = make_run(make_product("Mug", source="abo"), method=make_method())
    for value in (0.8, 0.9):
        make_candidate(run, clip_i=value, clip_t=0.2, dino_i=0.5)
    make_candidate(run)
    make_candidate(run, clip_i=0.1, dropped="unsafe")
    (ours,) = (row for row in paper_tables.table_2().rows if not row.printed)
    assert ours.method == str(run.method)
    assert ours.cells[:4] == ("0.850", "0.200", "0.500", "")
    assert ours.cells[-1] == "2"


def test_an_empty_site_shows_the_papers_rows_alone(db: None) -> None:
    assert all(row.printed for row in (*paper_tables.table_1().rows, *paper_tables.table_2().rows))


ROWS = (Row("x|y", "a_b", ("50.0 %", ""), (0.5, None)), Row("p", "m", ("1", "2"), (0.1, 2.0), printed=True))
TABLE = Table("t", "A & B", ("Rate", "95 %"), ROWS, "100 %", "rate:number low:number", ("per_image", "interval"))


def test_as_figures() -> None:
    assert list(paper_tables.as_table(TABLE).rows()) == [
        {"source": "here", "dataset": "x|y", "method": "a_b", "rate": 0.5, "low": None},
        {"source": "paper", "dataset": "p", "method": "m", "rate": 0.1, "low": 2.0},
    ]


def test_files_hold_the_figures_that_pages_round(db: None) -> None:
    judged([(make_product(f"Mug {n}", source="abo"), "a", "x", [True, False, n > 0]) for n in range(3)])
    (row,) = (one for one in paper_tables.as_table(paper_tables.table_1()).rows() if one["source"] == "here")
    (line,) = figures.by_method(Filters(source="abo"))
    assert (row["per_image"], row["per_image_low"]) == (line.per_image.value, line.per_image.low)
    assert (row["per_product_high"], row["images"], row["products"]) == (line.per_product.high, 9, 3)


def test_as_markdown() -> None:
    lines = paper_tables.as_markdown(TABLE).splitlines()
    assert lines[2] == "| Source | Data set | Method | Rate | 95 % |"
    assert lines[4] == "| here | x\\|y | a_b | 50.0 % | \N{EN DASH} |"


def test_as_latex() -> None:
    text = paper_tables.as_latex(TABLE)
    assert r"here & x|y & a\_b & 50.0 \% & -- \\" in text
    assert r"\caption{A \& B. 100 \%}" in text
    assert text.count(r"\begin{") == text.count(r"\end{") == 2


@pytest.mark.parametrize("name", list(paper_tables.TABLES))
@pytest.mark.parametrize("ending", list(paper_tables.FORMATS))
def test_each_table_in_each_format(name: str, ending: str, db: None) -> None:
    text = paper_tables.FORMATS[ending][0](paper_tables.TABLES[name]())
    assert re.search(r"0\.89|17\.4", text)


def test_a_name_that_a_spreadsheet_would_run_is_disarmed() -> None:
    table = replace(TABLE, rows=(Row("=1+1", "@sum", ("1", ""), (1.0, None)),))
    text = b"".join(writing.as_csv(paper_tables.as_table(table))).decode()
    assert list(csv.reader(io.StringIO(text)))[1][1:3] == ["'=1+1", "'@sum"]
