"""A report as PDF, by reportlab: A4, page numbers, plots and pictures inside it. For workers, as it is slow to load.

Its font is DejaVu Sans where the machine has it (Latin, Greek and Cyrillic letters), else the one that comes with
reportlab (those of Western Europe). What is written in others, such as Arabic or Chinese, cannot be shown: each such
character stands as "?", and the PDF says so on top and names the HTML file, whose reader brings fonts of their own.
"""

import io
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, partial
from html import escape
from typing import Any

from PIL import Image as Pictures
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from review.plotting import tokens
from review.reporting.document import Block, Document, Drawing, Grid, Shown, Strips, Words

MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN
_PICTURE = 15 * mm
_WIDE = ("DejaVuSans", "DejaVuSans-Bold")  # Debian's package fonts-dejavu-core
_PLAIN = ("Vera", "VeraBd")  # come with reportlab
_SMALL = 7.2
_LACKING = (
    "Some of the names here are written in letters that this PDF's font has not: each such letter stands as “?”. The"
    " HTML file of the same report shows them."
)


def printed(document: Document) -> bytes:
    """The file's bytes."""
    buffer = io.BytesIO()
    paper = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=document.title, author="Vitrine", lang="en",
    )  # fmt: skip
    paper.build(story(document), onFirstPage=partial(_foot, document), onLaterPages=partial(_foot, document))
    return buffer.getvalue()


def story(document: Document) -> list[Flowable]:
    """What stands on the pages, from top to bottom.

    Characters that the font has not are told as "?", and that there are some is said under the title.
    """
    styles = _styles()
    lacking = any(_lacks(text) for text in _texts(document))
    told: list[Flowable] = [
        _words(document.title, styles["title"]),
        _words(document.lead, styles["note"]),
        *([_words(_LACKING, styles["verdict"])] if lacking else []),
        Spacer(1, 6),
    ]
    facts = Grid(("", ""), [*document.facts, ("Page", document.address)], texts=2)
    told += [Spacer(1, 6), _grid(facts, headed=False), Spacer(1, 10)]
    for section in document.sections:
        blocks = [one for block in section.blocks for one in _flowables(block)]
        # A heading never stands alone at a page's end.
        told += [KeepTogether([_words(section.title, styles["heading"]), *blocks[:1]]), *blocks[1:], Spacer(1, 8)]
    return told


def _flowables(block: Block) -> Iterable[Flowable]:
    styles = _styles()
    if isinstance(block, Words):
        yield _words(block.text, styles[block.tone or "body"])
    elif isinstance(block, Grid):
        yield _grid(block)
    elif isinstance(block, Drawing):
        yield _picture(block.png, WIDTH, A4[1] * 0.6)
        yield _words(block.plot.words, styles["note"])
    elif isinstance(block, Strips):
        yield from (_product(one) for one in block.products)
    yield Spacer(1, 5)


def _grid(block: Grid, *, headed: bool = True) -> Table:
    styles = _styles()
    widths = _column_widths(block) if headed else [42 * mm, WIDTH - 42 * mm]
    rows = [block.header, *block.rows] if headed else list(block.rows)
    cells = [
        [
            _words(cell, styles["figure" if place not in block.words else "head" if headed and not number else "cell"])
            for place, cell in enumerate(row)
        ]
        for number, row in enumerate(rows)
    ]
    table = Table(cells, colWidths=widths, repeatRows=1 if headed else 0)
    lines = [("LINEBELOW", (0, 0), (-1, -1), 0.4, _colour("line")), ("VALIGN", (0, 0), (-1, -1), "TOP"),
             ("LEFTPADDING", (0, 0), (-1, -1), 4), ("RIGHTPADDING", (0, 0), (-1, -1), 4)]  # fmt: skip
    if headed:
        lines.append(("BACKGROUND", (0, 0), (-1, 0), _colour("raised")))
    table.setStyle(TableStyle(lines))
    return table


def _column_widths(block: Grid) -> list[float]:
    """By the longest cell of each column, whose words may be broken, so that all fill the page's width."""
    columns = zip(block.header, *block.rows, strict=True)
    wanted = [
        min(max(map(len, column)), 34) if place in block.words else max(max(map(len, column[1:]), default=4), 5)
        for place, column in enumerate(columns)
    ]
    return [WIDTH * one / sum(wanted) for one in wanted]


def _product(one: Shown) -> Flowable:
    styles = _styles()
    photo = [_picture(one.photo, _PICTURE, _PICTURE)] if one.photo else []
    cells: list[Any] = [[*photo, _words(one.name, styles["cell"])]]
    for method, shots in one.sides:
        shown = [
            [_picture(shot.data, _PICTURE, _PICTURE) if shot.data else _words("not kept here", styles["cell"]),
             _words("passed" if shot.passed else "failed", styles["good" if shot.passed else "bad"])]
            for shot in shots
        ]  # fmt: skip
        inner = [Table([shown], colWidths=[_PICTURE + 3 * mm] * len(shown), style=_TIGHT)] if shown else []
        cells.append([_words(method, styles["cell"]), *inner])
    side = (WIDTH - 28 * mm) / max(1, len(one.sides))
    return Table([cells], colWidths=[28 * mm] + [side] * len(one.sides), style=_TIGHT)


_TIGHT = TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 1),
                     ("RIGHTPADDING", (0, 0), (-1, -1), 1)])  # fmt: skip


def _picture(data: bytes, width: float, height: float) -> Image:
    with Pictures.open(io.BytesIO(data)) as opened:
        size = opened.size
        plain = io.BytesIO()
        opened.convert("RGB").save(plain, "JPEG" if opened.format == "WEBP" else "PNG", quality=85)
    scale = min(width / size[0], height / size[1])
    plain.seek(0)
    return Image(plain, width=size[0] * scale, height=size[1] * scale, hAlign="LEFT")


def _words(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(_told(text)), style)


def _told(text: str) -> str:
    lacking = _lacks(text)
    return "".join("?" if sign in lacking else sign for sign in text)


def _lacks(text: str) -> set[str]:
    """The characters of a text that cannot be shown: the font has them not, or they are written from right to left."""
    return {sign for sign in set(text) if not sign.isspace() and (ord(sign) not in _widths() or _backwards(sign))}


def _backwards(sign: str) -> bool:
    """Letters that this way of setting would put in the wrong order, and Arabic ones apart."""
    return unicodedata.bidirectional(sign) in ("R", "AL")


def _texts(document: Document) -> Iterator[str]:
    """All that is written in a report, in its plots and under its pictures too."""
    yield from (document.title, document.lead, document.address)
    for fact in document.facts:
        yield from fact
    for section in document.sections:
        yield section.title
        for block in section.blocks:
            yield from _texts_of(block)


def _texts_of(block: Block) -> Iterator[str]:
    if isinstance(block, Words):
        yield block.text
    elif isinstance(block, Grid):
        for row in (block.header, *block.rows):
            yield from row
    elif isinstance(block, Drawing):
        for told in block.plot.rows:
            yield from (value for value in told.values() if isinstance(value, str))
    else:
        for one in block.products:
            yield from (one.name, *(method for method, _ in one.sides))


def _foot(document: Document, canvas: Any, paper: Any) -> None:
    canvas.saveState()
    canvas.setFont(_fonts()[0], _SMALL)
    canvas.setFillColor(_colour("muted"))
    canvas.drawString(MARGIN, 9 * mm, _told(document.title[:90]))
    canvas.drawRightString(A4[0] - MARGIN, 9 * mm, f"Page {paper.page}")
    canvas.restoreState()


def _colour(name: str) -> Any:
    return colors.HexColor(tokens("light")[f"--{name}"])


@cache
def _widths() -> frozenset[int]:
    """The characters that the font has."""
    return frozenset(pdfmetrics.getFont(_fonts()[0]).face.charWidths)


@cache
def _fonts() -> tuple[str, str]:
    """The names of the regular and the bold font, registered; reportlab looks for them where fonts are kept."""
    try:
        return _registered(_WIDE)
    except TTFError:
        return _registered(_PLAIN)


def _registered(names: tuple[str, str]) -> tuple[str, str]:
    for name in names:
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    normal, bold = names
    pdfmetrics.registerFontFamily(normal, normal=normal, bold=bold, italic=normal, boldItalic=bold)
    return names


@cache
def _styles() -> dict[str, ParagraphStyle]:
    normal, bold = _fonts()
    body = ParagraphStyle("body", fontName=normal, fontSize=9, leading=12.5, textColor=_colour("text"), spaceAfter=4)

    def like(name: str, **changes: Any) -> ParagraphStyle:
        return ParagraphStyle(name, parent=body, **changes)

    raised = _colour("raised")
    small = {"fontSize": _SMALL, "leading": 9.6, "spaceAfter": 0}
    return {
        "body": body,
        "title": like("title", fontName=bold, fontSize=17, leading=21),
        "heading": like("heading", fontName=bold, fontSize=11.5, leading=15, spaceBefore=4),
        "note": like("note", textColor=_colour("muted"), **{**small, "spaceAfter": 3}),
        "verdict": like(
            "verdict", fontSize=10.5, leading=14, backColor=_colour("raised"), borderPadding=5, spaceAfter=9
        ),
        "code": like("code", backColor=raised, **{**small, "spaceAfter": 4}, splitLongWords=True),
        "cell": like("cell", **small),
        "head": like("head", fontName=bold, **small),
        "figure": like("figure", alignment=2, **small),
        "good": like("good", **{**small, "textColor": _colour("good")}),
        "bad": like("bad", **{**small, "textColor": _colour("bad")}),
    }
