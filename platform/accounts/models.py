"""The user: Django's own, as a model of ours so that it can grow without touching everything that points at it."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person who signs in. What they may do is decided by their groups (vitrine.access.Role)."""

    # Set by an operator and known to two people: signing in with it leads to the page where one's own is chosen.
    password_is_temporary = models.BooleanField(default=False, editable=False)
