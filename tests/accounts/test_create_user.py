"""`manage.py create_user`."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from vitrine.access import Role, roles_of


def create(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_user", *arguments, stdout=out)
    return out.getvalue()


def test_a_generated_password_works_and_is_temporary(db: None) -> None:
    printed = create("anna", "--role", "operator", "--role", "analyst", "--generate")
    anna = User.objects.get(username="anna")
    assert anna.check_password(printed.split("Temporary password: ")[1].strip())
    assert anna.password_is_temporary
    assert roles_of(anna) == {Role.OPERATOR, Role.ANALYST}
    assert (anna.is_staff, anna.is_superuser) == (False, False)


def test_a_piped_password_is_kept_as_ones_own(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("blue-mug-on-a-shelf\n"))
    create("ben", "--role", "rater")
    ben = User.objects.get(username="ben")
    assert ben.check_password("blue-mug-on-a-shelf")
    assert not ben.password_is_temporary


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("anna", "blue-mug-on-a-shelf", "already exists"),
        ("new person", "blue-mug-on-a-shelf", "'new person' was not created: Enter a valid username"),
        ("cleo", "password", "too common"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nobody_is_made(
    db: None, monkeypatch: pytest.MonkeyPatch, name: str, password: str, sentence: str
) -> None:
    User.objects.create_user("anna")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    with pytest.raises(CommandError, match=sentence):
        create(name)
    assert User.objects.count() == 1
