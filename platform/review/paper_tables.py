"""Tables 1 and 2 of the paper out of what is in the database, beside what it prints; as figures, Markdown and LaTeX.

A data set is a catalogue's source: what was imported together, such as "abo". Table 1 is of judged images, Table 2 of
all measured ones. Where only our own figures or only the paper's are there, the other cells are empty, never 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, F

from catalog.models import Product
from generation.models import Candidate
from review import figures, writing
from review.definitions import DEFINITIONS, Definition
from review.filters import Filters
from review.models import Item
from review.statistics import paper
from review.statistics.rates import Rate
from review.templatetags.review_simulated import simulated

DASH = "\N{EN DASH}"
_SPECIAL = str.maketrans(
    {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
     "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", DASH: "--"}
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One data set and method: cells in the order of the table's header, as text; figures in that of its columns.

    `printed`: the paper's own.
    """

    dataset: str
    method: str
    cells: tuple[str, ...]
    figures: tuple[float | None, ...]
    printed: bool = False


@dataclass(frozen=True)
class Table:
    """A table to show and to export. `note` says what its figures are; `columns` are those of its file.

    `defined` names a definition for each column of the header.
    """

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str
    columns: str
    defined: tuple[str, ...]

    @property
    def terms(self) -> list[tuple[str, str]]:
        """The header's columns, each with the key of its definition."""
        return list(zip(self.header, self.defined, strict=True))

    @property
    def told(self) -> list[Definition]:
        """Each of these definitions once."""
        return [DEFINITIONS[key] for key in dict.fromkeys(self.defined)]


_COLUMNS_1 = (
    "per_image:number per_image_low:number per_image_high:number per_product:number per_product_low:number"
    " per_product_high:number images:integer products:integer"
)
_DEFINED_1 = ("per_image", "interval", "per_product", "interval", "judged", "products")
_COLUMNS_2 = f"{' '.join(f'{name}:number' for name in paper.METRICS)} images:integer"
_DEFINED_2 = (*["metrics"] * len(paper.METRICS), "mean_images")


def table_1(filters: Filters | None = None) -> Table:
    """Pass rates by data set and method, per image and per product."""
    chosen = filters or Filters()
    printed = [_printed_row(one) for one in paper.TABLE_1]
    ours = [
        _judged_row(dataset, line.name, line.per_image, line.per_product)
        for dataset in _datasets()
        for line in figures.by_method(chosen.but(source=dataset))
        if line.per_image.of
    ]
    header = ("Per image pass rate", "95 %", "Per product pass rate", "95 %", "Images", "Products")
    note = (
        "Intervals are at 95 % and respect products. The paper prints no intervals, and 45.5 % of 100 products is no"
        " whole number of them: 45 of 99 prints so."
    )
    if ours and simulated(chosen):
        note += " A simulated crowd is among those who rated here: such rows say nothing about people."
    title = "Table 1: people's verdicts by data set and method"
    return Table("table-1", title, header, (*printed, *ours), note, _COLUMNS_1, _DEFINED_1)


def table_2() -> Table:
    """Means of the six metrics over measured images, by data set and method."""
    printed = [
        Row(one.dataset, one.method, (*(f"{value:.2f}" for value in values), ""), (*values, None), printed=True)
        for one in paper.TABLE_2
        for values in [tuple(getattr(one, name) for name in paper.METRICS)]
    ]
    rows = (
        Candidate.objects.filter(dropped="")
        .exclude(clip_i=None)
        .order_by()
        .values(dataset=F("run__product__source"), name=F("run__method__name"), version=F("run__method__version"))
        .annotate(images=Count("pk"), **{f"mean_{name}": Avg(name) for name in paper.METRICS})
    )
    ours = [_measured_row(dict(row)) for row in rows]
    ours.sort(key=lambda row: (row.dataset, row.method))
    note = (
        "Means of cosine similarities over images; a segmented metric is of the images in which the product was found."
    )
    return Table("table-2", "Table 2: metrics by data set and method", (*paper.METRICS.values(), "Images"),
                 (*printed, *ours), note, _COLUMNS_2, _DEFINED_2)  # fmt: skip


TABLES = {"table-1": table_1, "table-2": table_2}


def as_table(table: Table) -> writing.Table:
    """Its figures as numbers, for CSV, Parquet and the API; `source` says whether a row is the paper's or ours."""
    return writing.table(
        f"source dataset method {table.columns}",
        lambda: [(_origin(row), row.dataset, row.method, *row.figures) for row in table.rows],
    )


def as_markdown(table: Table) -> str:
    """A pipe table with its title and note."""
    header = ["Source", "Data set", "Method", *table.header]
    lines = [_piped(header), _piped("---" for _ in header)]
    lines += [
        _piped([_origin(row), row.dataset, row.method, *(cell or DASH for cell in row.cells)]) for row in table.rows
    ]
    return f"## {table.title}\n\n" + "\n".join(lines) + f"\n\n{table.note}\n"


def as_latex(table: Table) -> str:
    """A table environment with booktabs' rules."""
    header = ["Source", "Data set", "Method", *table.header]
    lines = [
        _columns([_origin(row), row.dataset, row.method, *(cell or DASH for cell in row.cells)]) for row in table.rows
    ]
    return "\n".join([
        r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{lll{'r' * len(table.header)}}}", r"\toprule",
        _columns(header), r"\midrule", *lines, r"\bottomrule", r"\end{tabular}",
        rf"\caption{{{table.title.translate(_SPECIAL)}. {table.note.translate(_SPECIAL)}}}", r"\end{table}", "",
    ])  # fmt: skip


FORMATS = {"md": (as_markdown, "text/markdown"), "tex": (as_latex, "application/x-tex")}


def _datasets() -> list[str]:
    products = Item.objects.exclude(product=None).values("product")
    found = Product.objects.filter(pk__in=products).order_by("source").values_list("source", flat=True).distinct()
    return list(found)


def _printed_row(one: paper.PassRates) -> Row:
    cells = (_percent(one.per_image), "", _percent(one.per_product), "", "", str(paper.PRODUCTS))
    told = (one.per_image, None, None, one.per_product, None, None, None, paper.PRODUCTS)
    return Row(one.dataset, one.method, cells, told, printed=True)


def _judged_row(dataset: str, method: str, image: Rate, product: Rate) -> Row:
    cells = (_percent(image.value), _range(image), _percent(product.value), _range(product), f"{image.of:,}",
             f"{product.of:,}")  # fmt: skip
    told = (image.value, image.low, image.high, product.value, product.low, product.high, image.of, product.of)
    return Row(dataset, method, cells, told)


def _measured_row(row: dict[str, Any]) -> Row:
    values = tuple(row[f"mean_{name}"] for name in paper.METRICS)
    cells = (*map(_mean, values), f"{row['images']:,}")
    return Row(row["dataset"], f"{row['name']} v{row['version']}", cells, (*values, row["images"]))


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value * 100:.1f} %"


def _range(rate: Rate) -> str:
    return "" if rate.low is None or rate.high is None else f"{rate.low * 100:.1f}{DASH}{rate.high * 100:.1f} %"


def _mean(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _origin(row: Row) -> str:
    return "paper" if row.printed else "here"


def _piped(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _columns(cells: Iterable[str]) -> str:
    return " & ".join(cell.translate(_SPECIAL) for cell in cells) + r" \\"
