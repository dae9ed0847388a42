"""Who orders a product's measured images: the plain sum, until a later room names its function.

    ordering.provide("ranking.running.ordering.order")

The function takes the stage's result that is to be made and gives an `Order`, or None where the sum decides. It is
called by workers only, and named by its path, so that nothing heavy is imported before it is asked for. A result of
the stage is not known by its ranker: who is champion when a run is planned says nothing of who is when it is ranked.
"""

from collections.abc import Callable

from django.utils.module_loading import import_string

from generation.models import StageResult
from generation.records import Order

MakeOrder = Callable[[StageResult], Order | None]
_provided: list[str] = []


def provide(path: str) -> None:
    """Order images with the function at that dotted path from now on."""
    _provided[:] = [path]


def withdraw() -> None:
    """Have the plain sum decide again."""
    _provided.clear()


def order_for(result: StageResult) -> Order | None:
    """The order of a product's images by whoever is named; None: the plain sum."""
    if not _provided:
        return None
    make: MakeOrder = import_string(_provided[0])
    return make(result)
