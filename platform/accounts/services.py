"""Makes and changes accounts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.exceptions import AccountError
from accounts.models import Identity, User
from vitrine.access import Role

_LONGEST = {"subject": 255, "email": 254}  # as the tables have it


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


@dataclass(frozen=True)
class Claims:
    """What an OpenID Connect provider vouches for."""

    issuer: str
    subject: str
    name: str = ""
    email: str = ""
    email_verified: bool = False


def person_of(claims: Claims, *, role: str = "") -> User:
    """The user behind an identity elsewhere: known by its subject, else the one person with its verified address.

    Who is neither gets an account with this role and without a password; without a role, only known people get in. An
    administrator is never found by an address, nor is who is somebody else to that provider already. A password that
    an operator chose ends: the person never had it. Raises AccountError.
    """
    for name, longest in _LONGEST.items():
        if len(getattr(claims, name)) > longest:
            raise AccountError(f"Your {name} there has over {longest} characters, more than this site can keep.")
    try:
        return _person_of(claims, role)
    except IntegrityError:  # signed in twice at once for the first time: the other one has made what is needed
        return _person_of(claims, role)


@transaction.atomic
def _person_of(claims: Claims, role: str) -> User:
    known = Identity.objects.filter(issuer=claims.issuer, subject=claims.subject).select_related("user").first()
    person = known.user if known else _by_address(claims)
    if person is None:
        person = _made(claims, role)
    if not person.is_active:
        raise AccountError("This account is switched off. Ask an operator of this site.")
    if known is None:
        Identity.objects.create(user=person, issuer=claims.issuer, subject=claims.subject)
    if person.password_is_temporary:
        person.set_unusable_password()
        person.password_is_temporary = False
        person.save(update_fields=["password", "password_is_temporary"])
    return person


def _by_address(claims: Claims) -> User | None:
    if not (claims.email and claims.email_verified):
        return None
    found = list(User.objects.filter(email__iexact=claims.email, is_superuser=False)[:2])
    if len(found) != 1 or found[0].identities.filter(issuer=claims.issuer).exists():
        return None
    return found[0]


def _made(claims: Claims, role: str) -> User:
    if not role:
        raise AccountError("You have no account here yet. Ask an operator of this site for one, with your address.")
    user = User(username=_free_name(claims), email=claims.email if claims.email_verified else "")
    user.set_unusable_password()
    user.save()
    user.groups.set([Group.objects.get_or_create(name=Role(role).value)[0]])
    return user


def _free_name(claims: Claims) -> str:
    wanted = claims.name or claims.email.partition("@")[0]
    name = re.sub(r"[^\w.+-]", "-", wanted)[:120] or "person"
    taken = set(User.objects.filter(username__istartswith=name).values_list("username", flat=True))
    lowered = {one.lower() for one in taken}
    return next(one for one in _names(name) if one.lower() not in lowered)


def _names(name: str) -> Iterable[str]:
    yield name
    for number in range(2, 1_000_000):
        yield f"{name}-{number}"
