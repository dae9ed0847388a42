"""Find products by words and facets inside the search index, in the order of their ids.

Typed text never becomes the syntax of an index: it is cut into words first, and each word is quoted.
"""

# ruff: noqa: S608 - statements are put together from constants; every value is a parameter

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from catalog.search_index import BEGINNING, BEGINNING_WITH_DIGITS, COMBINING_MARKS, FACET, SEPARATORS
from vitrine.paging import Slice

MOST_CHARACTERS = 300
MOST_WORDS = 8
# PostgreSQL first looks among this many products next to the cursor; common words are found there.
PROBE = 10_000
_SEPARATORS = re.compile(SEPARATORS)
_MARKS = re.compile(COMBINING_MARKS)
_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True)
class IndexQuery:
    """What products must have: all `words` (the last one may be only a beginning), and what is set of the rest.

    `type_id` is None for products of any type and 0 for those without one.
    """

    words: tuple[str, ...] = ()
    type_id: int | None = None
    source: str = ""
    without_photos: bool = False


def words_of(text: str) -> tuple[str, ...]:
    """The words of a typed search, in order and without repeats; the first 8 of the first 300 characters.

    Anything else, such as quotes, operators, emoji or control characters, parts words or is dropped.
    """
    plain = text[:MOST_CHARACTERS].replace("\0", " ").replace(FACET, " ").lower()
    words = dict.fromkeys(word for word in _SEPARATORS.split(plain) if any(map(str.isalnum, word)))
    return tuple(words)[:MOST_WORDS]


def matching_ids(query: IndexQuery, wanted: Slice) -> list[int]:
    """Ids of the products that match, in the order and within the bounds of `wanted`; at most three queries."""
    if connection.vendor == "sqlite":
        return _sqlite_ids(query, wanted)
    return _postgres_ids(query, wanted) if query.words else _postgres_columns(query, wanted)


def _sqlite_ids(query: IndexQuery, wanted: Slice) -> list[int]:
    # FTS5 would cut a source's name into words, so it stands in the index in hexadecimal.
    facets = _facets(query, query.source.encode().hex())
    terms = [f'"{term}"' for term in (*facets, *query.words)]
    if query.words:
        terms[-1] += "*"
    bound = "" if wanted.bound is None else f"AND rowid {'<' if wanted.falling else '>'} %s"
    sql = (
        f"SELECT rowid FROM catalog_product_search WHERE catalog_product_search MATCH %s {bound}"
        f" ORDER BY rowid {_order(wanted)} LIMIT %s"
    )
    return _ids(sql, [" ".join(terms), *_bound(wanted), wanted.limit])


def _postgres_columns(query: IndexQuery, wanted: Slice) -> list[int]:
    """Without words, the columns and their indexes by id do it."""
    where, values = _where(query, wanted)
    return _ids(
        f"SELECT id FROM catalog_product WHERE {where} {_walk(query, wanted)} LIMIT %s", [*values, wanted.limit]
    )


def _postgres_ids(query: IndexQuery, wanted: Slice) -> list[int]:
    """Probe the neighbourhood of the cursor, then the whole index.

    Left alone, the planner walks an index by id whenever it expects enough matches on the way, which takes seconds when
    words and types hang together otherwise than it thinks. So the walk is bounded here, and what it does not find is
    rare enough to be collected by GIN and sorted. A type with few products is walked to its end: then that is all.
    """
    order, terms = f"ORDER BY id {_order(wanted)}", _terms(query)
    begun = _tsquery(terms)
    where, values = _where(query, wanted)
    near = f"(SELECT id, search FROM catalog_product WHERE {where} {_walk(query, wanted)} LIMIT {PROBE}) AS near"
    found = _ids(f"SELECT id FROM {near} WHERE search @@ %s::tsquery {order} LIMIT %s", [*values, begun, wanted.limit])
    narrowed = query.type_id is not None or query.source or query.without_photos
    if len(found) == wanted.limit or (narrowed and _ids(f"SELECT count(*) FROM {near}", values)[0] < PROBE):
        return found
    match, sought = _indexed(terms)
    every = f"SELECT id FROM catalog_product WHERE {_bounded(wanted)} AND {match}"
    collect = f"WITH matches AS MATERIALIZED ({every}) SELECT id FROM matches {order} LIMIT %s"
    return _ids(collect, [*_bound(wanted), *sought, wanted.limit])


def _where(query: IndexQuery, wanted: Slice) -> tuple[str, list[int | str]]:
    """The conditions on plain columns, and their values."""
    parts, values = [_bounded(wanted)], list[int | str](_bound(wanted))
    if query.type_id is not None:
        parts.append("type_id = %s" if query.type_id else "type_id IS NULL")
        values += [query.type_id] if query.type_id else []
    if query.source:
        # As a range, so that only the index by source and id is in the order asked for: told "=", the planner walks the
        # primary key through half a million products of other sources.
        parts.append("source BETWEEN %s AND %s")
        values += [query.source, query.source]
    if query.without_photos:
        parts.append("photo_count = 0")
    return " AND ".join(parts), values


def _walk(query: IndexQuery, wanted: Slice) -> str:
    order = _order(wanted)
    return f"ORDER BY source {order}, id {order}" if query.source else f"ORDER BY id {order}"


def _bounded(wanted: Slice) -> str:
    return "true" if wanted.bound is None else f"id {'<' if wanted.falling else '>'} %s"


def _facets(query: IndexQuery, source: str) -> list[str]:
    facets = [] if query.type_id is None else [f"{FACET}t{query.type_id}"]
    if query.source:
        facets.append(f"{FACET}s{source}")
    return [*facets, f"{FACET}p0"] if query.without_photos else facets


def _terms(query: IndexQuery) -> list[str]:
    """Facets and words as PostgreSQL's index holds them; the last one is the word that may be only a beginning."""
    words = [unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", word))) for word in query.words]
    return [*_facets(query, query.source), *words]


def _tsquery(terms: Sequence[str], last: str = ":*") -> str:
    quoted = ["'" + term.replace("\\", "\\\\").replace("'", "''") + "'" for term in terms]
    return " & ".join(quoted) + last


def _indexed(terms: list[str]) -> tuple[str, list[str]]:
    """The condition by which GIN collects what has all terms, and its values.

    A beginning that is a key of the index is met with the other terms there. One that is not is collected first, which
    takes its time where hundreds of thousands of products have such a word.
    """
    *others, last = terms
    if len(last) > (BEGINNING_WITH_DIGITS if _DIGIT.search(last) else BEGINNING):
        return "search @@ %s::tsquery", [_tsquery(terms)]
    parts, values = ["catalog_product_beginnings(search) @@ %s::tsquery"], [_tsquery([last], "")]
    if others:
        parts, values = ["search @@ %s::tsquery", *parts], [_tsquery(others, ""), *values]
    return " AND ".join(parts), values


def _order(wanted: Slice) -> str:
    return "DESC" if wanted.falling else "ASC"


def _bound(wanted: Slice) -> list[int]:
    return [] if wanted.bound is None else [wanted.bound]


def _ids(sql: str, parameters: Sequence[int | str]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]
