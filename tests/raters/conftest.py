"""What several tests of raters stand on."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories.listening import Heard, listening


@pytest.fixture
def listener(settings: Any) -> Iterator[Heard]:
    settings.WEBHOOKS_TO_PRIVATE = True
    with listening() as server:
        yield server
