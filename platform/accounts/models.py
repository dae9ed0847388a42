"""The user: Django's own, as a model of ours so that it can grow without touching everything that points at it."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who signs in. What they may do is decided by their groups (vitrine.access.Role)."""
