"""Write what a stage has made: its record, pictures for pages, adapters, candidates, and the files it names."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from generation import records
from generation.files import DATA, PICTURES
from generation.models import Adapter, ResultFile, RunStage, StageImage, StageResult, TrainingImage
from generation.models.results import StageState
from generation.records import Picture, to_plain
from generation.services import candidates, sharing

Kind = StageImage.Kind
_REASON_LENGTH = 300


def keep(result: StageResult, record: Any) -> None:
    """Inside a transaction: the result is made. Rows of an earlier making are replaced."""
    now = timezone.now()
    result.result, result.state, result.error = to_plain(record), StageState.SUCCEEDED, ""
    result.asks_person, result.finished_at, result.told = False, now, {}
    result.images, result.steps = _images_in(record), getattr(record, "steps", 0)
    result.save(update_fields=["result", "state", "error", "asks_person", "finished_at", "told", "images", "steps"])
    _keep_pictures(result, record)
    if isinstance(record, records.FinetuneResult):
        _keep_adapter(result, record)
    if isinstance(record, records.NegativesResult):
        sharing.keep(result, record)
    _keep_files(result, result.result)
    links = RunStage.objects.filter(result=result, stage=result.stage).select_related("run")
    candidates.write(result, list(links))


def add_cost(result_id: int, *, seconds: float, gpu_seconds: float, peak_bytes: int) -> None:
    """Add what one attempt has cost, whether it succeeded or not."""
    StageResult.objects.filter(pk=result_id).update(
        seconds=F("seconds") + seconds,
        gpu_seconds=F("gpu_seconds") + gpu_seconds,
        peak_bytes=Greatest(F("peak_bytes"), peak_bytes),
    )


def show(result: StageResult, title: str, picture: Picture) -> None:
    """Show a picture while the stage still works; shown again, it is one row."""
    StageImage.objects.get_or_create(
        result=result,
        kind=Kind.VALIDATION,
        key=picture.key,
        text=title,
        defaults={"sha256": picture.sha256, "width": picture.width, "height": picture.height},
    )
    ResultFile.objects.get_or_create(result=result, key=picture.key)


def tell(result_id: int, words: dict[str, Any]) -> None:
    """Keep what a stage says of itself while it works, in place of what it said before."""
    StageResult.objects.filter(pk=result_id).update(told=words)


def expiry() -> Any:
    """When an adapter made now is to lose its file; None for never."""
    return timezone.now() + timedelta(days=settings.ADAPTER_DAYS) if settings.ADAPTER_DAYS else None


def files_named(values: Any) -> Iterator[str]:
    """Every key of a file of ours that plain values name, however deep."""
    if isinstance(values, dict):
        values = values.values()
    elif isinstance(values, str):
        if values.startswith((f"{PICTURES}/", f"{DATA}/")):
            yield values
        return
    elif not isinstance(values, list | tuple):
        return
    for value in values:
        yield from files_named(value)


def _keep_pictures(result: StageResult, record: Any) -> None:
    shown = set(StageImage.objects.filter(result=result, kind=Kind.VALIDATION).values_list("key", flat=True))
    StageImage.objects.filter(result=result).exclude(kind=Kind.VALIDATION).delete()
    TrainingImage.objects.filter(result=result).delete()
    rows = [row for row in _rows(result, record) if row.key not in shown or row.kind != Kind.VALIDATION]
    StageImage.objects.bulk_create([row for row in rows if isinstance(row, StageImage)], batch_size=500)
    TrainingImage.objects.bulk_create([row for row in rows if isinstance(row, TrainingImage)], batch_size=500)


def _keep_adapter(result: StageResult, made: records.FinetuneResult) -> None:
    fields = {
        "token": made.token, "rank": made.rank, "steps": made.steps, "steps_saved": made.steps_saved,
        "images": made.images, "key": made.adapter, "sha256": made.sha256, "bytes": made.bytes,
        "loss": [list(point) for point in made.loss], "expires_at": expiry(), "dropped_at": None,
    }  # fmt: skip
    Adapter.objects.update_or_create(result=result, defaults=fields)


def _keep_files(result: StageResult, plain: dict[str, Any]) -> None:
    keys = {key for key in files_named(plain) if len(key) <= 120}
    shown = StageImage.objects.filter(result=result, kind=Kind.VALIDATION).values_list("key", flat=True)
    ResultFile.objects.filter(result=result).exclude(key__in=[*keys, *shown]).delete()
    files = [ResultFile(result=result, key=key) for key in sorted(keys)]
    ResultFile.objects.bulk_create(files, batch_size=500, ignore_conflicts=True)


def _images_in(record: Any) -> int:
    """Pictures that the stage made, or looked at where it makes none."""
    for name in ("images", "views", "masks", "cutouts", "captions", "metrics", "choices", "validation"):
        found = getattr(record, name, None)
        if isinstance(found, tuple):
            return len(found)
    return 0


def _rows(result: StageResult, record: Any) -> Iterator[StageImage | TrainingImage]:
    writer = _WRITERS.get(type(record))
    return writer(result, record) if writer else iter(())


def _picture(picture: Picture, mask: Picture | None = None, source: Picture | None = None) -> dict[str, Any]:
    return {
        "key": picture.key,
        "sha256": picture.sha256,
        "width": picture.width,
        "height": picture.height,
        "mask_key": mask.key if mask else "",
        "mask_sha256": mask.sha256 if mask else "",
        "source_key": source.key if source else "",
    }


def _masks(result: StageResult, made: records.SegmentResult) -> Iterator[StageImage]:
    for mask in made.masks:
        scored = mask.mask is not None or mask.score  # where there is neither, no segmenter was asked, or found nothing
        yield StageImage(
            result=result, kind=Kind.MASK, scores={"score": mask.score, "share": mask.share} if scored else {},
            kept=mask.mask is not None, reason=mask.problem[:_REASON_LENGTH],
            **_picture(mask.picture, mask.mask, mask.picture),
        )  # fmt: skip


def _cutouts(result: StageResult, made: records.MatteResult) -> Iterator[StageImage]:
    for cut in made.cutouts:
        scores = {"quality": cut.quality} if cut.alpha else {}
        shown = _picture(cut.colours or cut.picture, cut.alpha, cut.picture)
        yield StageImage(
            result=result, kind=Kind.MASK, scores=scores, kept=cut.alpha is not None,
            reason=cut.problem[:_REASON_LENGTH], **shown,
        )  # fmt: skip


def _captions(result: StageResult, made: records.CaptionResult) -> Iterator[StageImage]:
    for caption in made.captions:
        yield StageImage(
            result=result, kind=Kind.CAPTION, text=caption.template, **_picture(caption.picture, None, caption.picture)
        )


def _views(result: StageResult, made: records.NovelViewsResult) -> Iterator[StageImage]:
    for view in made.views:
        scores = {"similarity": view.similarity, "seg_similarity": view.seg_similarity, "growth": view.growth}
        yield StageImage(
            result=result, kind=Kind.NOVEL_VIEW, text=f"Frame {view.frame}", scores=scores, kept=view.kept,
            reason=view.reason[:_REASON_LENGTH], made_from_key=view.source.key,
            **_picture(view.picture, view.mask, view.source),
        )  # fmt: skip


def _contexts(result: StageResult, made: records.NewContextsResult) -> Iterator[StageImage]:
    for image in made.images:
        yield StageImage(
            result=result, kind=Kind.NEW_CONTEXT, text=image.template, made_from_key=image.made_from.key,
            **_picture(image.picture, image.mask, image.source),
        )  # fmt: skip


def _negatives(result: StageResult, made: records.NegativesResult) -> Iterator[StageImage]:
    for image in made.images:
        yield StageImage(
            result=result, kind=Kind(image.kind), text=image.prompt, made_from_key=image.source.key,
            **_picture(image.picture, None, image.source),
        )  # fmt: skip


def _class_images(result: StageResult, made: records.ClassImagesResult) -> Iterator[StageImage]:
    for image in made.images:
        yield StageImage(result=result, kind=Kind.CLASS, text=image.prompt, **_picture(image.picture))


def _validation(result: StageResult, made: records.FinetuneResult) -> Iterator[StageImage]:
    for image in made.validation:
        text = f"Step {image.step}: {image.prompt}"
        yield StageImage(result=result, kind=Kind.VALIDATION, text=text, **_picture(image.picture))


def _judged(result: StageResult, made: records.FilterResult) -> Iterator[TrainingImage]:
    for image in made.images:
        yield TrainingImage(
            result=result, kind=TrainingImage.Kind(image.kind), text=image.text, scores=image.scores, kept=image.kept,
            reason=image.reason[:_REASON_LENGTH], **_picture(image.picture, image.mask, image.source),
        )  # fmt: skip


_WRITERS: dict[type[Any], Callable[[StageResult, Any], Iterator[StageImage | TrainingImage]]] = {
    records.SegmentResult: _masks,
    records.MatteResult: _cutouts,
    records.CaptionResult: _captions,
    records.NovelViewsResult: _views,
    records.NewContextsResult: _contexts,
    records.NegativesResult: _negatives,
    records.ClassImagesResult: _class_images,
    records.FinetuneResult: _validation,
    records.FilterResult: _judged,
}
