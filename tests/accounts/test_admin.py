"""What an operator may do to people, and must never be able to."""

from collections.abc import Callable
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts.models import Identity, User
from tests.factories.accounts import make_user
from vitrine.access import Role, roles_of

ClientFor = Callable[[User | None], Client]
PASSWORD = "blue-mug-on-a-shelf"
PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def admin(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


def group(role: Role) -> int:
    return Group.objects.get_or_create(name=role.value)[0].pk


def change(client: Client, person: User, **fields: Any) -> Any:
    values = {"username": person.username, "first_name": "", "last_name": "", "email": "", "is_active": "on"}
    return client.post(f"{PEOPLE}{person.pk}/change/", values | fields)


def test_makes_a_person_with_roles_and_a_temporary_password(admin: Client) -> None:
    fields = {"username": "cleo", "password1": PASSWORD, "password2": PASSWORD, "groups": [group(Role.RATER)]}
    response = admin.post(f"{PEOPLE}add/", fields)
    assert response.status_code == 302, response.context["errors"]
    cleo = User.objects.get(username="cleo")
    assert roles_of(cleo) == {Role.RATER}
    assert cleo.check_password(PASSWORD)
    assert cleo.password_is_temporary


def test_changes_roles_and_closes_an_account(admin: Client, rater: User) -> None:
    change(admin, rater, groups=[group(Role.ANALYST)])
    assert roles_of(User.objects.get(pk=rater.pk)) == {Role.ANALYST}
    change(admin, rater, is_active="")
    assert not User.objects.get(pk=rater.pk).is_active


def test_a_new_temporary_password_ends_the_persons_sessions(admin: Client, client_for: ClientFor, rater: User) -> None:
    theirs = client_for(rater)
    response = admin.post(f"{PEOPLE}{rater.pk}/password/", {"password1": PASSWORD, "password2": PASSWORD})
    assert response.status_code == 302
    rater.refresh_from_db()
    assert rater.check_password(PASSWORD)
    assert rater.password_is_temporary
    assert theirs.get("/account/").status_code == 302


@pytest.mark.parametrize("field", ["is_superuser", "is_staff"])
@pytest.mark.parametrize("whom", ["rater", "operator"])
def test_nobody_is_made_superuser_by_a_forged_field(
    admin: Client, rater: User, operator: User, field: str, whom: str
) -> None:
    person = {"rater": rater, "operator": operator}[whom]
    change(admin, person, **{field: "on"}, groups=[group(Role.OPERATOR)])
    assert getattr(User.objects.get(pk=person.pk), field) is False


def test_nobody_is_born_superuser_by_a_forged_field(admin: Client) -> None:
    fields = {"username": "cleo", "password1": PASSWORD, "password2": PASSWORD, "is_superuser": "on", "is_staff": "on"}
    admin.post(f"{PEOPLE}add/", fields)
    cleo = User.objects.get(username="cleo")
    assert (cleo.is_superuser, cleo.is_staff) == (False, False)


def test_single_permissions_and_foreign_groups_are_not_given(admin: Client, rater: User) -> None:
    foreign = Group.objects.create(name="wheel")
    permission = Permission.objects.first()
    assert permission is not None
    change(admin, rater, user_permissions=[permission.pk], groups=[foreign.pk])
    assert not rater.user_permissions.exists()
    assert not rater.groups.filter(pk=foreign.pk).exists()


@pytest.mark.parametrize("page", ["change/", "password/", "history/", "delete/"])
def test_superusers_are_out_of_sight_and_reach(admin: Client, db: None, page: str) -> None:
    root = make_user(superuser=True, password=PASSWORD)
    for send in (admin.get, admin.post):
        response = send(f"{PEOPLE}{root.pk}/{page}", {"password1": "taken-over-1!", "password2": "taken-over-1!"})
        assert response.status_code in (302, 403, 404)
        assert response.headers.get("Location") in (None, "/admin/")
    root.refresh_from_db()
    assert root.check_password(PASSWORD)
    assert root.username not in admin.get(PEOPLE).content.decode()


def test_a_superuser_sees_superusers(client_for: ClientFor, db: None) -> None:
    root, other = make_user(superuser=True), make_user(superuser=True)
    assert client_for(root).get(f"{PEOPLE}{other.pk}/change/").status_code == 200


def test_password_hashes_are_shown_nowhere(admin: Client, db: None) -> None:
    person = make_user(Role.RATER, password=PASSWORD)
    algorithm, *_, salt, digest = person.password.split("$")
    for page in (PEOPLE, f"{PEOPLE}{person.pk}/change/", f"{PEOPLE}{person.pk}/password/"):
        text = admin.get(page).content.decode()
        assert person.username in text
        assert not any(part in text for part in (f"{algorithm}$", salt, digest, salt[:6], digest[:6]))


@pytest.mark.parametrize(
    "lookup", ["password__startswith", "password", "is_superuser__exact", "groups__user__password"]
)
def test_hashes_cannot_be_guessed_by_filtering(admin: Client, lookup: str) -> None:
    response = admin.get(PEOPLE, {lookup: "md5"})
    assert response.status_code in (302, 400)  # refused, or sent to the list without the filter


def test_nobody_is_deleted(admin: Client, rater: User) -> None:
    assert admin.post(f"{PEOPLE}{rater.pk}/delete/", {"post": "yes"}).status_code == 403
    admin.post(PEOPLE, {"action": "delete_selected", "_selected_action": [rater.pk], "post": "yes"})
    assert User.objects.filter(pk=rater.pk).exists()


def test_the_last_operator_cannot_lock_everyone_out(admin: Client, operator: User) -> None:
    change(admin, operator, is_active="", groups=[])
    operator.refresh_from_db()
    assert operator.is_active
    assert roles_of(operator) == {Role.OPERATOR}


def test_groups_have_no_page(admin: Client) -> None:
    assert admin.get("/admin/auth/group/").status_code == 404


def test_staff_without_the_role_stays_outside(client_for: ClientFor, rater: User) -> None:
    rater.is_staff = True
    rater.save()
    assert client_for(rater).get(PEOPLE).status_code == 403


def test_unlocking_forgets_the_failures(admin: Client, rater: User) -> None:
    for _ in range(5):
        Client(REMOTE_ADDR="192.0.2.1").post("/account/login/", {"username": rater.username, "password": "wrong"})
    attempt = AccessAttempt.objects.get(username=rater.username)
    page = reverse("admin:axes_accessattempt_changelist")
    assert rater.username in admin.get(page).content.decode()
    admin.post(page, {"action": "unlock", "_selected_action": [attempt.pk]})
    assert not AccessAttempt.objects.exists()


def test_failed_sign_ins_are_read_only(admin: Client, rater: User) -> None:
    Client().post("/account/login/", {"username": rater.username, "password": "wrong"})
    attempt = AccessAttempt.objects.get()
    admin.post(reverse("admin:axes_accessattempt_change", args=[attempt.pk]), {"failures_since_start": "0"})
    attempt.refresh_from_db()
    assert attempt.failures_since_start == 1
    assert admin.get(reverse("admin:axes_accessattempt_add")).status_code == 403


def test_an_identity_is_shown_and_taken_away_and_not_written(admin: Client, rater: User) -> None:
    identity = Identity.objects.create(user=rater, issuer="https://id.example", subject="ada-1")
    page = reverse("admin:accounts_identity_changelist")
    one = reverse("admin:accounts_identity_change", args=[identity.pk])
    assert rater.username in admin.get(page).content.decode()
    assert "ada-1" in admin.get(one).content.decode()
    assert admin.get(reverse("admin:accounts_identity_add")).status_code == 403
    assert admin.post(one, {"user": rater.pk, "issuer": "https://id.example", "subject": "eve"}).status_code == 403
    identity.refresh_from_db()
    assert identity.subject == "ada-1"
    admin.post(reverse("admin:accounts_identity_delete", args=[identity.pk]), {"post": "yes"})
    assert not Identity.objects.exists()
    assert User.objects.filter(pk=rater.pk).exists()


def test_a_superusers_identity_is_out_of_reach(admin: Client, client_for: ClientFor, db: None) -> None:
    root = make_user(superuser=True)
    identity = Identity.objects.create(user=root, issuer="https://id.example", subject="root-1")
    assert "root-1" not in admin.get(reverse("admin:accounts_identity_changelist")).content.decode()
    admin.post(reverse("admin:accounts_identity_delete", args=[identity.pk]), {"post": "yes"})
    assert Identity.objects.exists()
    assert "root-1" in client_for(root).get(reverse("admin:accounts_identity_changelist")).content.decode()


@pytest.mark.parametrize("role", [Role.RATER, Role.ANALYST])
def test_identities_are_for_operators(client_for: ClientFor, db: None, role: Role) -> None:
    assert client_for(make_user(role)).get(reverse("admin:accounts_identity_changelist")).status_code == 403
