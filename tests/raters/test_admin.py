"""Rating's tables in the admin: shown to operators, changed by nobody."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import User
from raters.models import Rating
from tests.factories.rating import make_campaign, make_rater, rate
from vitrine.admin import OperatorModelAdmin

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], Client]
TABLES = [model._meta.model_name for model in admin.site._registry if model._meta.app_label == "raters"]


@pytest.mark.parametrize("table", TABLES)
def test_operators_see_each_table_with_few_queries(
    client_for: ClientFor, operator: User, table: str, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    campaign = make_campaign(3)
    for _ in range(3):
        rate(make_rater(), campaign)
    client = client_for(operator)
    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]
        assert client.get(reverse(f"admin:raters_{table}_changelist")).status_code == 200


def test_nothing_is_changed_here(client_for: ClientFor, operator: User, rater: User) -> None:
    made = rate(make_rater(), make_campaign(1))
    client = client_for(operator)
    assert client.post(reverse("admin:raters_rating_delete", args=[made.pk]), {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:raters_rating_add")).status_code == 403
    assert client_for(rater).get(reverse("admin:raters_rating_changelist")).status_code in {302, 403}
    assert Rating.objects.filter(pk=made.pk).exists()


def test_every_table_here_is_read_only() -> None:
    shown = [site for model, site in admin.site._registry.items() if model._meta.app_label == "raters"]
    assert len(shown) >= 13
    assert all(isinstance(site, OperatorModelAdmin) and site.read_only for site in shown)
