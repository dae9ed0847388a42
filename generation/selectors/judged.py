"""Training images that the filter has judged, read back from stored results: for its calibration."""

from collections.abc import Iterator

from generation.models import StageResult
from generation.models.results import StageState
from generation.records import FilterResult, TrainingImage, from_plain


def judged_images(*, type_name: str = "", model_set: str = "", newest: int = 500) -> Iterator[TrainingImage]:
    """All images of the newest results of the stage filter, of one product type or model set only if named.

    Results are read one at a time: each has some hundred images.
    """
    results = StageResult.objects.filter(stage="filter", state=StageState.SUCCEEDED)
    if type_name:
        results = results.filter(product__type__name=type_name)
    if model_set:
        results = results.filter(model_set=model_set)
    for record in results.order_by("-pk").values_list("result", flat=True)[:newest].iterator(chunk_size=16):
        yield from from_plain(FilterResult, record or {"images": []}).images
