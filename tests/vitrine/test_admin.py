"""The operators' admin."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories.accounts import make_user
from tests.factories.catalog import make_product
from vitrine.access import Role
from vitrine.admin import BoundedPaginator, OperatorModelAdmin

ClientFor = Callable[[User | None], Client]


def test_every_table_follows_the_role_and_counts_no_further_than_it_must() -> None:
    assert admin.site._registry
    for model, table in admin.site._registry.items():
        assert isinstance(table, OperatorModelAdmin), model
        assert table.paginator is BoundedPaginator
        assert table.show_full_result_count is False


def test_tables_that_other_apps_bring_stay_out() -> None:
    admin.site.register(Group, admin.ModelAdmin)
    assert not admin.site.is_registered(Group)


def test_its_pages_alone_loosen_the_content_security_policy(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    for page in ("/admin/", "/admin/accounts/user/"):
        policy = client.get(page).headers["Content-Security-Policy"]
        assert "script-src 'self' 'unsafe-eval'" in policy
        assert "style-src 'self' 'unsafe-inline'" in policy
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    for page in ("/account/", "/products/", "/no-such-page/"):
        policy = client.get(page).headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy


@pytest.mark.parametrize("asked", ["/admin/accounts/user/", "https://evil.example/", ""])
def test_its_login_is_the_sites_login(db: None, asked: str) -> None:
    target = asked if asked.startswith("/") else "/admin/"
    response = Client().get("/admin/login/", {"next": asked})
    assert response.headers["Location"] == f"{reverse('accounts:login')}?next={target}"


@pytest.mark.parametrize("page", ["/admin/password_change/", "/admin/logout/"])
def test_its_account_pages_are_the_sites(client_for: ClientFor, rater: User, page: str) -> None:
    assert client_for(rater).get(page).headers["Location"] == reverse("accounts:account")


@pytest.mark.parametrize("who", [Role.RATER, Role.ANALYST])
def test_staff_flags_open_nothing(client_for: ClientFor, db: None, who: Role) -> None:
    person = make_user(who)
    person.is_staff = True
    person.save()
    assert client_for(person).get("/admin/").status_code == 403


def test_a_long_table_is_counted_to_a_limit(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedPaginator, "MOST", 3)
    for _ in range(5):
        make_user()
    assert BoundedPaginator(User.objects.order_by("pk"), 2).count == 3
    assert BoundedPaginator(User.objects.order_by("pk")[:2], 2).count == 2
    assert BoundedPaginator([1, 2, 3, 4], 2).count == 4


def test_a_read_only_table_shows_and_refuses(client_for: ClientFor, operator: User) -> None:
    client, product = client_for(operator), make_product()
    page = reverse("admin:catalog_product_change", args=[product.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"title": "changed"}).status_code == 403
    product.refresh_from_db()
    assert product.title != "changed"


def test_its_list_costs_the_same_for_many_rows(
    client_for: ClientFor, operator: User, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for _ in range(8):
        make_user(Role.RATER, Role.ANALYST)
    client = client_for(operator)
    with django_assert_max_num_queries(9):  # type: ignore[attr-defined]
        client.get("/admin/accounts/user/")
