"""A report before it is a file: titles, words, tables, plots and pictures, the same for HTML and for paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from review.plotting import Plot


@dataclass(frozen=True)
class Words:
    """A paragraph. `tone`: "verdict" for what a comparison says, "code" for a query, "note" for small print."""

    kind: ClassVar[str] = "words"
    text: str
    tone: str = ""


@dataclass(frozen=True)
class Grid:
    """A table of text; `texts` columns from the left are words, so is the last one where `told`; others are figures."""

    kind: ClassVar[str] = "grid"
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    texts: int = 1
    told: bool = False

    @property
    def words(self) -> frozenset[int]:
        """The places of columns of words."""
        return frozenset(range(self.texts)) | ({len(self.header) - 1} if self.told else set())


@dataclass(frozen=True)
class Drawing:
    """A plot as it was drawn: SVG for both colour schemes, and PNG for paper."""

    kind: ClassVar[str] = "drawing"
    plot: Plot
    light: str
    dark: str
    png: bytes


@dataclass(frozen=True)
class Shot:
    """One judged image, as WebP; without bytes where its file is not here."""

    data: bytes
    passed: bool


@dataclass(frozen=True)
class Shown:
    """A product with its photo, and its images under each method."""

    name: str
    photo: bytes
    sides: tuple[tuple[str, tuple[Shot, ...]], ...]


@dataclass(frozen=True)
class Strips:
    """Products with their pictures."""

    kind: ClassVar[str] = "strips"
    products: tuple[Shown, ...]


Block = Words | Grid | Drawing | Strips


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report. `facts` is its data cut: names and values; `address` where its figures were shown when made."""

    title: str
    lead: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    address: str
