"""After a test that commits no row is left, but for what no test changes; and that is put right if one did."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.test import TransactionTestCase

from tests import emptying
from tests.factories.accounts import make_user
from tests.factories.generation import make_candidate
from tests.factories.jobs import make_job
from tests.factories.rating import make_campaign, make_gold, make_rater, rate
from vitrine.access import Role

pytestmark = pytest.mark.django_db(transaction=True)


def rows() -> dict[str, int]:
    """How many rows the tables have that have any."""
    found = {}
    for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables
            found[table] = cursor.fetchone()[0]
    return {table: count for table, count in found.items() if count}


def kept() -> set[tuple[int, str]]:
    rows = [row for model in emptying.KEPT for row in model._default_manager.all()]
    return {(row.pk, f"{row} {getattr(row, 'codename', '')}") for row in rows}


@pytest.fixture
def standing() -> set[tuple[int, str]]:
    """The content types and permissions of all models, on an empty database."""
    emptying.empty("default")
    emptying.empty("default")
    return kept()


def test_all_rows_go_whatever_points_at_them_and_what_no_test_changes_stays(standing: set[tuple[int, str]]) -> None:
    campaign = make_campaign(2)
    make_gold(campaign)
    rate(make_rater(), campaign)
    make_candidate()
    make_job(asked_by=make_user(Role.OPERATOR))
    assert len(rows()) > 20
    emptying.empty("default")
    assert set(rows()) == {"django_content_type", "auth_permission"}
    assert kept() == standing


def test_a_plain_flush_leaves_rows_in_no_other_table() -> None:
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
    assert set(rows()) == {model._meta.db_table for model in emptying.KEPT}


CHANGES: dict[str, tuple[type[Model], str, dict[str, str]]] = {
    "a type deleted": (ContentType, "user", {}),
    "a permission deleted": (Permission, "add_user", {}),
    "a type renamed": (ContentType, "user", {"model": "renamed"}),
    "a permission renamed": (Permission, "add_user", {"name": "Renamed"}),
    "a permission for something else": (Permission, "add_user", {"codename": "renamed"}),
}


@pytest.mark.parametrize(("model", "name", "change"), CHANGES.values(), ids=CHANGES)
def test_what_a_test_did_change_is_made_again(
    standing: set[tuple[int, str]], model: type[Model], name: str, change: dict[str, str]
) -> None:
    of_users = model._default_manager.filter(**{"model" if model is ContentType else "codename": name})
    assert (of_users.update(**change) if change else of_users.delete()[0]) > 0
    emptying.empty("default")
    assert {said for _, said in kept()} == {said for _, said in standing}
    assert ContentType.objects.count() == len(apps.get_models())


def test_ids_go_on_as_after_a_flush(standing: set[tuple[int, str]]) -> None:
    """A test that counts on the id 1 fails here as well as after Django's own way."""
    first = make_user()
    emptying.empty("default")
    assert make_user().pk > first.pk


def test_it_is_what_follows_a_test_that_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[str] = []
    monkeypatch.setattr(emptying, "empty", emptied.append)
    TransactionTestCase("__init__")._fixture_teardown()
    assert emptied == ["default"]
