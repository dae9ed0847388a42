"""The queue before SQLite's one writer: where its lock lies, and where there is none."""

from pathlib import Path

import pytest
from django.db import connection

from raters.turns import writing


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [":memory:", "file:memorydb_default?mode=memory&cache=shared"])
def test_a_database_in_memory_leaves_no_lock_behind(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    connection.ensure_connection()  # by its real name
    with monkeypatch.context() as named:
        named.setitem(connection.settings_dict, "NAME", name)
        with writing():
            assert connection.in_atomic_block
    assert not list(tmp_path.iterdir())
