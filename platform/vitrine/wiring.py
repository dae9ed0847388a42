"""Joins rooms that may not import each other: catalog's imports run as jobs, and neither app knows the other."""


def connect() -> None:
    """Connect the signals; called once, when Django is ready."""
