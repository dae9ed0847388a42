"""What goes with a run that is removed, as it is with its product: its place in its batch, and work for nobody."""

from typing import Any

from django.db import transaction

from generation.models import Run, RunStage
from generation.services import graph, states


def before_run_goes(*, instance: Run, **_: Any) -> None:
    """Remember the results that the run uses: its links go before it does."""
    vars(instance)["left"] = set(RunStage.objects.filter(run=instance.pk).values_list("result_id", flat=True))


@transaction.atomic
def after_run_went(*, instance: Run, **_: Any) -> None:
    """Count its batch anew, and cancel what was to be made for it alone."""
    if instance.batch is not None:
        states.recount(instance.batch)
    graph.drop_unused(vars(instance).get("left", ()))
