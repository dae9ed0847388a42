"""`manage.py create_user NAME --role operator`: the first operator of a new site, or anybody else."""

import getpass
import secrets
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.exceptions import AccountError
from accounts.services import create_user
from vitrine.access import Role


class Command(BaseCommand):
    """Makes a user with roles; the password is asked for, read from a pipe, or made and printed."""

    help = "Make a user. The password is typed (or piped in), or made up and printed with --generate."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--role", action="append", default=[], choices=Role.values, help="may be given repeatedly")
        parser.add_argument("--email", default="")
        parser.add_argument("--generate", action="store_true", help="make a password up and print it")

    def handle(self, *, name: str, role: list[str], email: str, generate: bool, **_: Any) -> None:
        password = secrets.token_urlsafe(12) if generate else _asked_password()
        try:
            create_user(
                name=name, password=password, roles=[Role(each) for each in role], email=email, temporary=generate
            )
        except AccountError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{name} may sign in, with the roles: {', '.join(role) or 'none'}.")
        if generate:
            self.stdout.write(f"Temporary password: {password}")


def _asked_password() -> str:
    """The password from the terminal, typed twice, or the first line of a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise CommandError("The two passwords differ. Nobody was created.")
    return password
