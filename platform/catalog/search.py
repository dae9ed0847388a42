"""Find products by words and facets inside the search index, in the order of their ids.

Typed text never becomes the syntax of an index: it is cut into words first, and each word is quoted.
"""

# ruff: noqa: S608 - statements are put together from constants; every value is a parameter

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from catalog.search_index import COMBINING_MARKS, FACET, SEPARATORS
from vitrine.paging import Slice

MOST_CHARACTERS = 300
MOST_WORDS = 8
# PostgreSQL first looks among this many products next to the cursor; common words are found there.
PROBE = 6_000
_SEPARATORS = re.compile(SEPARATORS)
_MARKS = re.compile(COMBINING_MARKS)


@dataclass(frozen=True)
class IndexQuery:
    """What products must have: all `words` (the last one may be only a beginning) and all `facets`."""

    words: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()


def words_of(text: str) -> tuple[str, ...]:
    """The words of a typed search, in order and without repeats; the first 8 of the first 300 characters.

    Anything else, such as quotes, operators, emoji or control characters, parts words or is dropped.
    """
    plain = text[:MOST_CHARACTERS].replace("\0", " ").replace(FACET, " ").lower()
    words = dict.fromkeys(word for word in _SEPARATORS.split(plain) if any(map(str.isalnum, word)))
    return tuple(words)[:MOST_WORDS]


def type_facet(type_id: int | None) -> str:
    """The token of products of that type; None is for those without one."""
    return f"{FACET}t{type_id or 0}"


def source_facet(source: str) -> str:
    """The token of products from that source; FTS5 would cut the name into words, so there it stands in hexadecimal."""
    return f"{FACET}s{source if _is_postgres() else source.encode().hex()}"


def without_photos_facet() -> str:
    """The token of products that have no photo."""
    return f"{FACET}p0"


def matching_ids(query: IndexQuery, wanted: Slice) -> list[int]:
    """Ids of the products that match, in the order and within the bounds of `wanted`; one or two queries."""
    return _postgres_ids(query, wanted) if _is_postgres() else _sqlite_ids(query, wanted)


def _is_postgres() -> bool:
    return connection.vendor == "postgresql"


def _sqlite_ids(query: IndexQuery, wanted: Slice) -> list[int]:
    terms = [f'"{term}"' for term in (*query.facets, *query.words)]
    if query.words:
        terms[-1] += "*"
    bound = "" if wanted.bound is None else f"AND rowid {'<' if wanted.falling else '>'} %s"
    sql = (
        f"SELECT rowid FROM catalog_product_search WHERE catalog_product_search MATCH %s {bound}"
        f" ORDER BY rowid {_order(wanted)} LIMIT %s"
    )
    return _ids(sql, [" ".join(terms), *_bound(wanted), wanted.limit])


def _postgres_ids(query: IndexQuery, wanted: Slice) -> list[int]:
    """Probe the neighbourhood of the cursor, then the whole index.

    Left alone, the planner walks the primary key whenever it expects enough matches on the way, which takes seconds
    when words and types hang together otherwise than it thinks. So the walk is bounded here, and what it does not find
    is rare enough to be collected by GIN and sorted.
    """
    bound = "" if wanted.bound is None else f"WHERE id {'<' if wanted.falling else '>'} %s"
    order, match = f"ORDER BY id {_order(wanted)}", _tsquery(query)
    near = f"SELECT id, search FROM catalog_product {bound} {order} LIMIT {PROBE}"
    probe = f"SELECT id FROM ({near}) AS near WHERE search @@ %s::tsquery {order} LIMIT %s"
    found = _ids(probe, [*_bound(wanted), match, wanted.limit])
    if len(found) == wanted.limit:
        return found
    every = f"SELECT id FROM catalog_product {bound or 'WHERE true'} AND search @@ %s::tsquery"
    collect = f"WITH matches AS MATERIALIZED ({every}) SELECT id FROM matches {order} LIMIT %s"
    return _ids(collect, [*_bound(wanted), match, wanted.limit])


def _tsquery(query: IndexQuery) -> str:
    words = [unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", word))) for word in query.words]
    quoted = ["'" + term.replace("\\", "\\\\").replace("'", "''") + "'" for term in (*query.facets, *words)]
    if query.words:
        quoted[-1] += ":*"
    return " & ".join(quoted)


def _order(wanted: Slice) -> str:
    return "DESC" if wanted.falling else "ASC"


def _bound(wanted: Slice) -> list[int]:
    return [] if wanted.bound is None else [wanted.bound]


def _ids(sql: str, parameters: Sequence[int | str]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]
