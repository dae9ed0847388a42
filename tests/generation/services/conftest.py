"""Every service can start runs here."""

import pytest


@pytest.fixture(autouse=True)
def ready(asked: None) -> None:
    """A model set, stages that take no time, and no broker."""
