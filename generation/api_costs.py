"""What generation has cost, for programs: by stage, in all, and for each image that counts."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from dataclasses import asdict
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from catalog.selectors.products import product_or_404
from generation.api import LOOK, GenerationView
from generation.selectors.batches import batch_or_404
from generation.selectors.costs import (
    Accepted,
    Bill,
    Cost,
    bill_of_batch,
    bill_of_method,
    bill_of_product,
    per_accepted,
)
from generation.selectors.methods import method_or_404
from vitrine.access import allow


@allow(*LOOK)
class MethodCostApi(GenerationView):
    """GET: what a method's runs have cost, by stage and in all, each candidate, each picked and each accepted image.

    `per_accepted` is of the runs that people have judged images of, by final verdicts; null before there are any.
    """

    def get(self, request: Request, pk: int) -> Response:
        return Response(_bill(bill_of_method(method_or_404(pk).pk)) | {"per_accepted": _accepted(per_accepted(pk))})


@allow(*LOOK)
class BatchCostApi(GenerationView):
    """GET: what a batch has cost, each shared result once."""

    def get(self, request: Request, pk: int) -> Response:
        return Response(_bill(bill_of_batch(batch_or_404(pk).pk)))


@allow(*LOOK)
class ProductCostApi(GenerationView):
    """GET: what all runs of a product have cost together; what its type shares is not counted."""

    def get(self, request: Request, pk: int) -> Response:
        return Response(_bill(bill_of_product(product_or_404(pk).pk)))


def _bill(bill: Bill) -> dict[str, Any]:
    return {
        "total": _cost(bill.total),
        "stages": [{"stage": name} | _cost(cost) for name, cost in bill.stages.items()],
        "per_candidate": asdict(bill.per_candidate),
        "per_picked": asdict(bill.per_picked),
    }


def _cost(cost: Cost) -> dict[str, Any]:
    return asdict(cost) | {"money": cost.money}


def _accepted(found: Accepted | None) -> dict[str, Any] | None:
    return None if found is None else {"judged": found.judged} | asdict(found.cost)
