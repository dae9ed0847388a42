"""Emptying the database after a test that commits, in place of Django's way (put there by tests/conftest.py).

Django truncates all tables, those without a row too, which on PostgreSQL means hundreds of new files, and then writes
the content types and permissions of all models anew: a third of a second for each such test. Here rows are deleted
where there are any, and those two tables, which no test changes, stay as they are.
"""

from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections, transaction
from django.test import TransactionTestCase

KEPT = (ContentType, Permission)
WHAT = (("pk", "app_label", "model"), ("pk", "content_type_id", "codename", "name"))
_kept_rows: dict[str, list[set[tuple[Any, ...]]]] = {}  # by database: those that there are after Django's own flush


def install() -> None:
    """From now on tests that commit are followed by `empty`."""
    TransactionTestCase._fixture_teardown = _after_a_test


def _after_a_test(test: Any) -> None:
    for alias in test._databases_names(include_mirrors=False):
        empty(alias)


def empty(alias: str) -> None:
    """Leave no row but those of `KEPT`; all as Django does it, where these are not what they were."""
    if alias in _kept_rows and _kept_rows[alias] == _read(alias):
        _delete(alias)
    else:
        call_command("flush", verbosity=0, interactive=False, database=alias, reset_sequences=False)
        _kept_rows[alias] = _read(alias)


def _read(alias: str) -> list[set[tuple[Any, ...]]]:
    return [
        set(model._default_manager.using(alias).values_list(*names)) for model, names in zip(KEPT, WHAT, strict=True)
    ]


def _delete(alias: str) -> None:
    connection = connections[alias]
    existing = connection.introspection.django_table_names(only_existing=True, include_views=False)
    kept = {model._meta.db_table for model in KEPT}
    names = {table: connection.ops.quote_name(table) for table in existing if table not in kept}
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {name})" for table, name in names.items())  # noqa: S608 - our own tables
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # As TRUNCATE does, it waits for whoever is in the middle of something: that would come after us.
            cursor.execute(f"LOCK TABLE {', '.join(names.values())} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(asked)
        for (table,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {names[table]}")  # noqa: S608
