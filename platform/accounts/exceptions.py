"""What can be wrong with a person's details."""


class AccountError(Exception):
    """Says in one plain sentence why an account was not made or changed."""
