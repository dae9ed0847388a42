"""Django's own password hash in one round: tests make many users, and each would take a third of a second."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class OneRound(PBKDF2PasswordHasher):
    iterations = 1
