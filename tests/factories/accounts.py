"""Users for tests."""

import itertools

from django.contrib.auth.models import Group

from accounts.models import User
from vitrine.access import Role

_numbers = itertools.count(1)


def make_user(*roles: Role, password: str | None = None, superuser: bool = False) -> User:
    """A user with these roles and a name that no other test user has."""
    name = f"{'-'.join(roles) or 'nobody'}-{next(_numbers)}"
    make = User.objects.create_superuser if superuser else User.objects.create_user
    user = make(username=name, email=f"{name}@example.org", password=password)
    # Made by a migration, but a transactional test empties every table when it ends, this one too.
    user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
    return user
