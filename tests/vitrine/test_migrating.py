"""Tables made together are those that would be made one after another, whichever way they are made and unmade."""

from typing import Any

import pytest
from django.db import connection, models
from django.db.migrations import AddField, CreateModel, RunPython
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from vitrine.migrating import CreateTables, TablesAtOnce, joined


def table(name: str, *fields: tuple[str, Any], **options: Any) -> CreateModel:
    return CreateModel(name, [("id", models.BigAutoField(primary_key=True)), *fields], options=options)


def shelf_and_books() -> list[CreateModel]:
    """Two tables, the second pointing at the first, with an index and a constraint."""
    shelf = models.ForeignKey("things.shelf", models.CASCADE)
    rule = models.CheckConstraint(condition=models.Q(pages__gt=0), name="book_has_pages")
    index = models.Index(fields=["pages"], name="book_by_pages")
    return [
        table("Shelf", ("name", models.CharField(max_length=20))),
        table("Book", ("shelf", shelf), ("pages", models.IntegerField()), constraints=[rule], indexes=[index]),
    ]


def statements(operations: list[Operation], *, back: bool = False) -> list[str]:
    """What the database is told by these operations; or, then, by their undoing."""
    state, made = ProjectState(), []
    for operation in operations:
        before = state.clone()
        operation.state_forwards("things", state)
        made.append((operation, before, state.clone()))
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        for operation, before, after in reversed(made) if back else made:
            if back:
                operation.database_backwards("things", editor, after, before)
            else:
                operation.database_forwards("things", editor, before, after)
    return [str(line) for line in editor.collected_sql]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("back", [False, True], ids=["forwards", "backwards"])
def test_the_tables_are_the_same(back: bool) -> None:
    together = statements([CreateTables(shelf_and_books())], back=back)
    assert together == statements([*shelf_and_books()], back=back)
    assert len(together) >= 2


def test_the_models_are_the_same_and_are_built_when_asked_for() -> None:
    state = ProjectState()
    assert state.apps  # as it is once a migration has run
    CreateTables(shelf_and_books()).state_forwards("things", state)
    assert "apps" not in state.__dict__
    book = state.apps.get_model("things", "Book")
    assert book._meta.get_field("shelf").related_model is state.apps.get_model("things", "Shelf")


A, B, C = (table(name) for name in "ABC")
FIELD = AddField("a", "size", models.IntegerField(default=0))
CODE = RunPython(RunPython.noop, RunPython.noop)


@pytest.mark.parametrize(
    ("operations", "found"),
    [
        ([], []),
        ([A], [A]),
        ([A, B, C], [[A, B, C]]),
        ([A, FIELD, B, C, CODE], [A, FIELD, [B, C], CODE]),
        ([FIELD, CODE], [FIELD, CODE]),
    ],
    ids=["none", "one", "all", "some", "no table"],
)
def test_tables_that_stand_one_after_another_are_joined(operations: list[Operation], found: list[Any]) -> None:
    told = [one.operations if isinstance(one, CreateTables) else one for one in joined(operations)]
    assert told == found


def test_a_migration_says_what_it_makes() -> None:
    class Migration(TablesAtOnce):
        operations = [A, B]

    (made,) = Migration("0001", "things").operations
    assert (made.describe(), made.migration_name_fragment) == ("Create models A, B", "a_b")
    assert made.references_model("A", "things")
