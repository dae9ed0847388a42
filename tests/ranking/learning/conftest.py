"""Trees of few rounds: what is tested here does not depend on how many there are."""

from collections.abc import Iterator

import pytest

from tests.ranking.learning.made import few_rounds


@pytest.fixture(scope="package", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        few_rounds(patch.setattr)
        yield
