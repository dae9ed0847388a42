"""Makes and changes accounts."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.exceptions import AccountError
from accounts.models import User
from vitrine.access import Role


@transaction.atomic
def create_user(*, name: str, password: str, roles: Iterable[Role], email: str = "", temporary: bool = True) -> User:
    """Make a user with these roles; with `temporary`, they are asked for a password of their own at first sign-in.

    Raises AccountError for a name that is taken or malformed and for a weak password.
    """
    user = User(username=name, email=email, password_is_temporary=temporary)
    try:
        validate_password(password, user)
        user.set_password(password)
        user.full_clean()
    except ValidationError as error:
        raise AccountError(f"{name!r} was not created: {' '.join(error.messages)}") from None
    user.save()
    user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in set(roles)])
    return user
