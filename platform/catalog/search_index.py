"""The search index over products, kept by the database itself: it stays right for bulk inserts and raw updates too.

A product is indexed by the words of its title, external id and brand, and by *facets*: its type, its source and, while
it has none, its lack of photos. A facet is one token that begins with a private character, which no typed text can
hold, so that "mug AND of type 7" is an intersection inside the index.

- SQLite: a contentless FTS5 table `catalog_product_search`, whose rowid is the product's id, kept by three triggers.
  Contentless tables cannot be rebuilt from themselves, and a migration that remakes catalog_product drops its triggers:
  such a migration must end with `install`, which fills the index anew.
- PostgreSQL: the generated column `catalog_product.search` (tsvector) under a GIN index, and two plain ones by id. GIN
  collects every product of a word's beginning before it meets the other words, so the beginnings of words are keys of
  that index themselves, as the values of a function of the column: the table does not grow by them.
"""

# ruff: noqa: S608 - the statements below are put together from constants of this file only

from django.db.backends.base.base import BaseDatabaseWrapper

FACET = "\ue000"
BRAND_LENGTH = 200
# What parts words, in the regular expressions of Python and of PostgreSQL alike; SQLite's unicode61 is close to it.
SEPARATORS = (
    r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u2000-\u2bff\u3000-\u303f"
    r"\ufe30-\ufe4f\uff00-\uff0f\uff1a-\uff20]+"
)
COMBINING_MARKS = r"[\u0300-\u036f]+"
# PostgreSQL: beginnings up to this many characters are keys of the index. Every product has other numbers, and their
# longer beginnings would double the index for the sake of words that are rare anyway.
BEGINNING, BEGINNING_WITH_DIGITS = 8, 5

_SQLITE_WORDS = (
    "{row}.title || ' ' || {row}.external_id"
    f" || ' ' || coalesce(substr(json_extract({{row}}.attributes, '$.brand'), 1, {BRAND_LENGTH}), '')"
    f" || ' {FACET}t' || coalesce({{row}}.type_id, 0) || ' {FACET}s' || hex({{row}}.source)"
    f" || CASE {{row}}.photo_count WHEN 0 THEN ' {FACET}p0' ELSE '' END"
)
_OLD, _NEW, _ROW = (_SQLITE_WORDS.format(row=row) for row in ("old", "new", "catalog_product"))
_INDEXED_COLUMNS = "title, external_id, attributes, type_id, source, photo_count"
_FORGET_OLD = (
    f"INSERT INTO catalog_product_search(catalog_product_search, rowid, words) VALUES ('delete', old.id, {_OLD});"
)
_TAKE_NEW = f"INSERT INTO catalog_product_search(rowid, words) VALUES (new.id, {_NEW});"

_SQLITE_REMOVE = (
    "DROP TRIGGER IF EXISTS catalog_product_search_insert",
    "DROP TRIGGER IF EXISTS catalog_product_search_delete",
    "DROP TRIGGER IF EXISTS catalog_product_search_update",
    "DROP TABLE IF EXISTS catalog_product_search",
)
_SQLITE_INSTALL = (
    # prefix: the last word of a search is taken as the beginning of one, and one letter begins a third of all products
    "CREATE VIRTUAL TABLE catalog_product_search USING fts5("
    "words, content='', columnsize=0, prefix='1 2 3 4 5', tokenize='unicode61 remove_diacritics 2')",
    f"INSERT INTO catalog_product_search(rowid, words) SELECT id, {_ROW} FROM catalog_product",
    f"CREATE TRIGGER catalog_product_search_insert AFTER INSERT ON catalog_product BEGIN {_TAKE_NEW} END",
    f"CREATE TRIGGER catalog_product_search_delete AFTER DELETE ON catalog_product BEGIN {_FORGET_OLD} END",
    f"CREATE TRIGGER catalog_product_search_update AFTER UPDATE OF id, {_INDEXED_COLUMNS} ON catalog_product"
    f" WHEN old.id <> new.id OR ({_OLD}) <> ({_NEW}) BEGIN {_FORGET_OLD} {_TAKE_NEW} END",
)

_POSTGRES_WORDS = f"""
    array_to_tsvector(
        array_remove(regexp_split_to_array(lower(normalize(regexp_replace(normalize(
            title || ' ' || external_id || ' ' || left(coalesce(attributes ->> 'brand', ''), {BRAND_LENGTH}), NFD),
            '{COMBINING_MARKS}', '', 'g'), NFC)), '{SEPARATORS}'), '')
        || ARRAY['{FACET}t' || coalesce(type_id, 0), '{FACET}s' || source]
        || CASE photo_count WHEN 0 THEN ARRAY['{FACET}p0'] ELSE ARRAY[]::text[] END
    )
"""


def _beginnings(words: str, first: int, last: int) -> str:
    return " || ".join(f"{words}::varchar({length})[]" for length in range(first, last + 1))


_POSTGRES_REMOVE_WORDS = (
    # ALTER TABLE and DROP INDEX refuse while rows written in this transaction still wait for the check of their keys.
    "SET CONSTRAINTS ALL IMMEDIATE",
    "DROP INDEX IF EXISTS catalog_product_search",
    "DROP FUNCTION IF EXISTS catalog_product_beginnings",
)
# The words without facets, cut by casts: several times as quick as a loop over them. Restricted, as the two
# processes that PostgreSQL would else start to help with collecting take longer to start than to help.
_POSTGRES_INSTALL_WORDS = (
    f"""
    CREATE FUNCTION catalog_product_beginnings(search tsvector) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL RESTRICTED AS $$
    DECLARE
        listed text := regexp_replace(array_to_string(tsvector_to_array(search), ' '), '{FACET}[^ ]*', '', 'g');
        words text[] := string_to_array(listed, ' ');
        -- Up to the first digit: a longer beginning without digits, "airpod" of "airpods4", is found by these.
        plain text[] := string_to_array(regexp_replace(listed, '[0-9][^ ]*', '', 'g'), ' ');
    BEGIN
        RETURN array_to_tsvector(array_remove({_beginnings("words", 1, BEGINNING_WITH_DIGITS)}
            || {_beginnings("plain", BEGINNING_WITH_DIGITS + 1, BEGINNING)}, ''));
    END $$
    """,
    # A short pending list: an import stays quick, and a search right after it does not read megabytes of it.
    "CREATE INDEX catalog_product_search ON catalog_product USING gin (search, catalog_product_beginnings(search))"
    " WITH (gin_pending_list_limit = 1024)",
)
_POSTGRES_REMOVE = (
    *_POSTGRES_REMOVE_WORDS,
    "DROP INDEX IF EXISTS catalog_product_by_source",
    "DROP INDEX IF EXISTS catalog_product_without_photos",
    "ALTER TABLE catalog_product DROP COLUMN IF EXISTS search",
)
_POSTGRES_INSTALL = (
    f"ALTER TABLE catalog_product ADD COLUMN search tsvector GENERATED ALWAYS AS ({_POSTGRES_WORDS}) STORED",
    *_POSTGRES_INSTALL_WORDS,
    # GIN knows no order: pages of one source, or of products without photos, are walked by id.
    "CREATE INDEX catalog_product_by_source ON catalog_product (source, id)",
    "CREATE INDEX catalog_product_without_photos ON catalog_product (id) WHERE photo_count = 0",
    # Words of one title go together; the default of 100 common ones would leave the planner guessing at the rest.
    "ALTER TABLE catalog_product ALTER COLUMN search SET STATISTICS 1000",
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the index and what keeps it, and fill it from the products there are; whatever stood there is replaced."""
    remove(connection)
    _run(connection, _POSTGRES_INSTALL if connection.vendor == "postgresql" else _SQLITE_INSTALL)


def install_beginnings(connection: BaseDatabaseWrapper) -> None:
    """Make PostgreSQL's index over words anew, with their beginnings; the column stays. SQLite's always had them."""
    if connection.vendor == "postgresql":
        _run(connection, (*_POSTGRES_REMOVE_WORDS, *_POSTGRES_INSTALL_WORDS))


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the index away, with its triggers or its column."""
    _run(connection, _POSTGRES_REMOVE if connection.vendor == "postgresql" else _SQLITE_REMOVE)


def _run(connection: BaseDatabaseWrapper, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
