"""A report as PDF, by reportlab: A4, page numbers, plots and pictures inside it. For workers, as it is slow to load."""

import io
from collections.abc import Iterable
from functools import cache, partial
from html import escape
from typing import Any

from PIL import Image as Pictures
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from review.plotting import tokens
from review.reporting.document import Block, Document, Drawing, Grid, Shown, Strips, Words

MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN
_PICTURE = 15 * mm
_FONT, _BOLD = "Vera", "VeraBd"  # come with reportlab
_SMALL = 7.2


def printed(document: Document) -> bytes:
    """The file's bytes. Characters that its font has not are told as "?"."""
    buffer, styles = io.BytesIO(), _styles()
    paper = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=document.title, author="Vitrine", lang="en",
    )  # fmt: skip
    story: list[Flowable] = [
        _words(document.title, styles["title"]),
        _words(document.lead, styles["note"]),
        Spacer(1, 6),
    ]
    facts = Grid(("", ""), [*document.facts, ("Page", document.address)], texts=2)
    story += [Spacer(1, 6), _grid(facts, headed=False), Spacer(1, 10)]
    for section in document.sections:
        blocks = [one for block in section.blocks for one in _flowables(block)]
        # A heading never stands alone at a page's end.
        story += [KeepTogether([_words(section.title, styles["heading"]), *blocks[:1]]), *blocks[1:], Spacer(1, 8)]
    paper.build(story, onFirstPage=partial(_foot, document), onLaterPages=partial(_foot, document))
    return buffer.getvalue()


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
    known = _widths()
    told = "".join(sign if ord(sign) in known or sign.isspace() else "?" for sign in text)
    return Paragraph(escape(told), style)


def _foot(document: Document, canvas: Any, paper: Any) -> None:
    canvas.saveState()
    canvas.setFont(_FONT, _SMALL)
    canvas.setFillColor(_colour("muted"))
    canvas.drawString(MARGIN, 9 * mm, document.title[:90])
    canvas.drawRightString(A4[0] - MARGIN, 9 * mm, f"Page {paper.page}")
    canvas.restoreState()


def _colour(name: str) -> Any:
    return colors.HexColor(tokens("light")[f"--{name}"])


@cache
def _widths() -> frozenset[int]:
    """The characters that the font has."""
    _register()
    return frozenset(pdfmetrics.getFont(_FONT).face.charWidths)


@cache
def _register() -> None:
    for name in (_FONT, _BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    pdfmetrics.registerFontFamily(_FONT, normal=_FONT, bold=_BOLD, italic=_FONT, boldItalic=_BOLD)


@cache
def _styles() -> dict[str, ParagraphStyle]:
    _register()
    body = ParagraphStyle("body", fontName=_FONT, fontSize=9, leading=12.5, textColor=_colour("text"), spaceAfter=4)

    def like(name: str, **changes: Any) -> ParagraphStyle:
        return ParagraphStyle(name, parent=body, **changes)

    raised = _colour("raised")
    small = {"fontSize": _SMALL, "leading": 9.6, "spaceAfter": 0}
    return {
        "body": body,
        "title": like("title", fontName=_BOLD, fontSize=17, leading=21),
        "heading": like("heading", fontName=_BOLD, fontSize=11.5, leading=15, spaceBefore=4),
        "note": like("note", textColor=_colour("muted"), **{**small, "spaceAfter": 3}),
        "verdict": like(
            "verdict", fontSize=10.5, leading=14, backColor=_colour("raised"), borderPadding=5, spaceAfter=9
        ),
        "code": like("code", backColor=raised, **{**small, "spaceAfter": 4}, splitLongWords=True),
        "cell": like("cell", **small),
        "head": like("head", fontName=_BOLD, **small),
        "figure": like("figure", alignment=2, **small),
        "good": like("good", **{**small, "textColor": _colour("good")}),
        "bad": like("bad", **{**small, "textColor": _colour("bad")}),
    }
