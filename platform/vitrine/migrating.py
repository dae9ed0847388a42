"""Migrations that make many tables, in a fraction of the time: what Django knows of the models is built once for all.

Django builds every model that is reachable from a new one anew, for each table that a migration makes: with our tables
that was four fifths of all that an empty database costs (of 7 s of CPU). The tables are the same in either way.

One thing it costs: `migrate --fake-initial` looks for CreateModel and sees no CreateTables, so it fakes no migration of
this kind. A database that has the tables already, but no word of the migrations, needs `migrate --fake APP 0001`.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db.migrations import CreateModel, Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class CreateTables(Operation):
    """As these CreateModel operations one after another."""

    def __init__(self, operations: Sequence[CreateModel]) -> None:
        self.operations = list(operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.operations], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)  # built anew when it is asked for next, and not for each model in between
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def references_model(self, name: str, app_label: str) -> bool:
        return any(operation.references_model(name, app_label) for operation in self.operations)

    def describe(self) -> str:
        return "Create models " + ", ".join(operation.name for operation in self.operations)

    @property
    def migration_name_fragment(self) -> str:
        return "_".join(operation.name_lower for operation in self.operations)


class TablesAtOnce(Migration):
    """A migration whose CreateModel operations, where some stand one after another, are one CreateTables."""

    def __init__(self, name: str, app_label: str) -> None:
        super().__init__(name, app_label)
        self.operations = joined(self.operations)  # type: ignore[misc]  # as Migration.__init__ does


def joined(operations: Sequence[Operation]) -> list[Operation]:
    """The operations with each run of CreateModel as one."""
    found: list[Operation] = []
    for makes_a_table, run in groupby(operations, lambda one: type(one) is CreateModel):
        ones: list[Any] = list(run)
        found += [CreateTables(ones)] if makes_a_table and len(ones) > 1 else ones
    return found
