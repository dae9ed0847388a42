"""The user: Django's own, as a model of ours so that it can grow without touching everything that points at it."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person who signs in. What they may do is decided by their groups (vitrine.access.Role)."""

    # Set by an operator and known to two people: signing in with it leads to the page where one's own is chosen.
    password_is_temporary = models.BooleanField(default=False, editable=False)
    # Where they are in the demonstration's tour: {"seen": [names of stops], "hidden": bool}.
    tour = models.JSONField(default=dict, blank=True, editable=False)


class Identity(models.Model):
    """Who a user is to an OpenID Connect provider; `subject` is its name for them, which never changes."""

    user = models.ForeignKey(User, models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class ApiToken(models.Model):
    """Lets a program act as a person. Of the token itself only a hash is kept: it is shown once, when it is made."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)  # what it is for
    hash = models.CharField(max_length=64, unique=True, editable=False)
    start = models.CharField(max_length=12, editable=False)  # the first letters, to know it again
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)  # to a minute
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"
