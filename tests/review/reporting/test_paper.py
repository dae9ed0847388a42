"""A report on paper: what its font cannot show is said, wherever it stands."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from reportlab.platypus import Paragraph

from review import plots
from review.reporting import paper
from review.reporting.document import Block, Document, Drawing, Grid, Section, Shown, Strips, Words
from tests.review.made_plots import COMPARISON

LATIN = "Café \N{MINUS SIGN} “Größe” \N{EN DASH} 17.4 %, Ørsted's, naïve"
WIDER = "Kávéfőző, Łódź, Λευκή κούπα, Белая кружка"
NAMES = {"Arabic": "كوب أبيض", "Hebrew": "ספל לבן", "Chinese": "白色马克杯", "Hindi": "सफ़ेद मग"}


@pytest.fixture(params=["as it is here", "plain"], autouse=True)
def face(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With the font that this machine has, and with the one that every machine has."""
    if request.param == "plain":
        monkeypatch.setattr(paper, "_WIDE", ("NoSuchFont", "NoSuchFont-Bold"))
    _forget()
    yield
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    for cached in (paper._fonts, paper._widths, paper._styles):
        cached.cache_clear()


def document(*blocks: Block, title: str = LATIN) -> Document:
    return Document(title, "A comparison.", (("Filters", "none"),), (Section("Figures", blocks),), "/review/")


def drawing(name: str) -> Drawing:
    plot = plots.differences(COMPARISON | {"types": [{**COMPARISON["types"][0], "name": name}]})
    return Drawing(plot, "", "", b"")


def head(told: Document) -> list[str]:
    """The paragraphs above the facts."""
    return [one.getPlainText() for one in paper.story(told)[:4] if isinstance(one, Paragraph)]


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_names_in_other_letters_are_question_marks_and_that_is_said(name: str) -> None:
    title, _, said = head(document(title=name))
    assert title == "".join(" " if sign == " " else "?" for sign in name)
    assert "The HTML file of the same report shows them." in said


@pytest.mark.parametrize(
    "block",
    [
        Words(NAMES["Chinese"]),
        Grid(("Part", "Points"), [(NAMES["Chinese"], "1")]),
        Grid((NAMES["Chinese"], "Points"), []),
        Strips((Shown(NAMES["Chinese"], b"", ()),)),
        Strips((Shown("Mug", b"", ((NAMES["Chinese"], ()),)),)),
    ],
    ids=["words", "row", "header", "product", "method"],
)
def test_it_is_said_wherever_they_stand(block: Block) -> None:
    assert len(head(document(block))) == 3


def test_it_is_said_of_plots_too() -> None:
    assert any(paper._lacks(text) for text in paper._texts_of(drawing(NAMES["Chinese"])))
    assert not any(paper._lacks(text) for text in paper._texts_of(drawing("chair")))


def test_a_wider_font_shows_more_where_there_is_one() -> None:
    warned = len(head(document(title=WIDER))) == 3
    assert warned == (paper._fonts() == paper._PLAIN)


def test_what_the_font_shows_is_not_warned_of() -> None:
    told = document(Words(LATIN), Grid(("Part", "Points"), [("+7.4 to \N{MINUS SIGN}1.0", "p < 0.001")]))
    assert head(told) == [LATIN, "A comparison."]
    assert paper.printed(told).startswith(b"%PDF-")
    assert paper.printed(replace(told, title=NAMES["Arabic"])).rstrip().endswith(b"%%EOF")
