"""Adapters for whoever wants one elsewhere: by number, or what a run has trained."""

from typing import Any

from django.shortcuts import get_object_or_404

from generation.exceptions import NotPossible
from generation.models import Adapter, Run


def adapter_or_404(pk: int) -> Adapter:
    """The adapter, with its result's product."""
    return get_object_or_404(Adapter.objects.select_related("result__product").defer("result__result"), pk=pk)


def adapter_of(run: Run) -> Adapter:
    """What a run draws with: of several tiers, the last one's. Raises NotPossible without one, or without its file."""
    made = (
        Adapter.objects.filter(result__uses__run=run).select_related("result").order_by("-result__uses__tier").first()
    )
    if made is None:
        raise NotPossible(f"Run #{run.pk} has trained no adapter.")
    if made.dropped_at is not None:
        raise NotPossible(
            f"The adapter of run #{run.pk} was kept until {made.dropped_at:%Y-%m-%d}; it is trained once more when new"
            " images are asked of it."
        )
    return made


def sweep_and_looks(adapter: Adapter) -> dict[str, list[dict[str, Any]]]:
    """The tokens that were tried, with scores or why not, and the looks of early stopping; of results kept so far."""
    kept = adapter.result.result or {}
    return {name: list(kept.get(name, ())) for name in ("sweep", "looks")}


def file_name(adapter: Adapter) -> str:
    """What its file is called on somebody's disk: "4711-sks-rank64.safetensors"."""
    product = adapter.result.product
    return f"{product.external_id if product else 'adapter'}-{adapter.token}-rank{adapter.rank}.safetensors"
