"""Who orders images: nobody, until a room names its function."""

from collections.abc import Iterator

import pytest

from generation import ordering
from generation.models import StageResult
from generation.records import Order


def by_name(result: StageResult) -> Order | None:
    return Order(f"of {result.stage}", {}) if result.stage == "select" else None


@pytest.fixture
def provided() -> Iterator[None]:
    before = list(ordering._provided)
    yield
    ordering._provided[:] = before


def test_without_anybody_the_sum_decides(provided: None) -> None:
    ordering.withdraw()
    assert ordering.order_for(StageResult(stage="select")) is None


def test_the_last_who_was_named_is_asked(provided: None) -> None:
    ordering.provide("no.such.module")
    ordering.provide(f"{__name__}.by_name")
    told = ordering.order_for(StageResult(stage="select"))
    assert told is not None
    assert told.ranker == "of select"
    assert ordering.order_for(StageResult(stage="other")) is None


def test_this_site_asks_its_champion() -> None:
    assert ordering._provided == ["ranking.running.ordering.order"]
