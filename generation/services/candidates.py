"""Write a run's candidates from what its stages made: the images, then their metrics, then their places."""

from collections.abc import Callable, Collection, Sequence

from generation.models import Adapter, Candidate, RunStage, StageResult
from generation.models.results import StageState
from generation.records import GenerateResult, MeasureResult, SelectResult, from_plain

AT_ONCE = 500  # runs in one statement
_METRICS = ("clip_i", "clip_t", "dino_i", "seg_clip_i", "seg_clip_t", "seg_dino_i")


def write(result: StageResult, links: Sequence[RunStage]) -> None:
    """Inside a transaction: take a finished stage's result over into the candidates of the runs that use it.

    Stages that make no candidates change nothing; what is written already stays.
    """
    writer = _WRITERS.get(result.stage)
    if writer is not None:
        for link in links:
            writer(link, result)


def runs_with(run_ids: Collection[int]) -> set[int]:
    """Those of these runs that have images, however far they are: they never change."""
    found: set[int] = set()
    ordered = sorted(run_ids)
    for start in range(0, len(ordered), AT_ONCE):
        rows = Candidate.objects.filter(run__in=ordered[start : start + AT_ONCE]).order_by()
        found |= set(rows.values_list("run_id", flat=True).distinct())
    return found


def take_over(run_ids: Collection[int]) -> None:
    """Inside a transaction: the same for results that were there before these runs asked for them."""
    links = RunStage.objects.filter(run__in=run_ids, stage__in=_WRITERS, result__state=StageState.SUCCEEDED)
    for link in links.select_related("run", "result").order_by("run", "tier", "order"):
        write(link.result, [link])


def _images(link: RunStage, result: StageResult) -> None:
    made = from_plain(GenerateResult, result.result or {})
    trained = RunStage.objects.filter(run=link.run_id, tier=link.tier, stage="finetune").values("result")
    adapter = Adapter.objects.filter(result__in=trained).first()
    rows = [
        Candidate(
            run_id=link.run_id,
            tier=link.tier,
            result=result,
            adapter=adapter,
            prompt=image.template,
            words=image.prompt,
            seed=image.seed,
            key=image.picture.key,
            sha256=image.picture.sha256,
            width=image.picture.width,
            height=image.picture.height,
            dropped=image.dropped[:300],
        )
        for image in made.images
    ]
    Candidate.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def _metrics(link: RunStage, result: StageResult) -> None:
    measured = from_plain(MeasureResult, result.result or {})
    rows = {metrics.picture.sha256: (number, metrics) for number, metrics in enumerate(measured.metrics)}
    changed = [candidate for candidate in _of(link) if candidate.sha256 in rows]
    for candidate in changed:
        candidate.row, metrics = rows[candidate.sha256]
        candidate.embeddings = measured.embeddings
        for name in _METRICS:
            setattr(candidate, name, getattr(metrics, name))
        if metrics.mask is not None:
            candidate.mask_key, candidate.mask_sha256 = metrics.mask.key, metrics.mask.sha256
    fields = [*_METRICS, "row", "embeddings", "mask_key", "mask_sha256"]
    Candidate.objects.bulk_update(changed, fields, batch_size=500)


def _places(link: RunStage, result: StageResult) -> None:
    choices = {choice.picture.sha256: choice for choice in from_plain(SelectResult, result.result or {}).choices}
    changed = [candidate for candidate in _of(link) if candidate.sha256 in choices]
    for candidate in changed:
        choice = choices[candidate.sha256]
        candidate.score, candidate.place, candidate.picked = choice.score, choice.place, choice.picked
    Candidate.objects.bulk_update(changed, ["score", "place", "picked"], batch_size=500)


def _of(link: RunStage) -> list[Candidate]:
    return list(Candidate.objects.filter(run=link.run_id, tier=link.tier, dropped=""))


_WRITERS: dict[str, Callable[[RunStage, StageResult], None]] = {
    "generate": _images,
    "measure": _metrics,
    "select": _places,
}
