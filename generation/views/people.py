"""Who is at the page: the roles of a view have made sure that it is somebody."""

from typing import cast

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from vitrine.access import Role, roles_of


def person(request: HttpRequest) -> AbstractBaseUser:
    """The user of a view that only signed-in people reach."""
    return cast(AbstractBaseUser, request.user)


def is_operator(request: HttpRequest) -> bool:
    return Role.OPERATOR in roles_of(request.user)
