"""Whole runs for tests of pages: every stage with a record and pictures, written by the services that write real ones.

Pictures are drawn from the product's photos, small and fast; what they show means nothing.
"""

import math
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from catalog.models import Photo, Product
from generation import records
from generation.files import Files
from generation.models import Method, Run, RunStage, StageResult
from generation.models.results import StageState
from generation.pipeline import stages_of
from generation.recipe import as_plain
from generation.services import keeping
from generation.storage import site_files
from jobs.models import State
from tests.factories.catalog import make_photo, make_product
from tests.factories.generation import make_method, make_result, make_run
from tests.factories.jobs import make_job

SIDE = 192
PLACES = ("on a wooden table by a window", "on a beach at sunset", "on a shelf with books", "in snow, morning light")


class Painter:
    """Pictures made from a product's photos; the same seed gives the same."""

    def __init__(self, product: Product, side: int = SIDE, seed: int = 0) -> None:
        self.files: Files = site_files()
        self.side = side
        self.chance = random.Random(seed)  # noqa: S311 - pictures, no secrets
        self.photos = [(photo, self._opened(photo)) for photo in product.photos.all()]

    def _opened(self, photo: Photo) -> Image.Image:
        with default_storage.open(photo.key) as file:
            return Image.open(file).convert("RGB")

    def photo(self, index: int) -> records.Picture:
        row = self.photos[index][0]
        return records.Picture(row.key, row.sha256, row.width, row.height)

    def varied(self, index: int, strength: float = 1.0) -> Image.Image:
        """A photo turned, tinted and blurred by chance."""
        image = ImageOps.fit(self.photos[index % len(self.photos)][1], (self.side, self.side))
        image = image.rotate(self.chance.uniform(-9, 9) * strength, resample=Image.Resampling.BILINEAR, expand=False)
        image = ImageEnhance.Color(image).enhance(1 + self.chance.uniform(-0.6, 0.6) * strength)
        tint = Image.new("RGB", image.size, tuple(self.chance.randrange(256) for _ in range(3)))
        return Image.blend(image, tint, 0.18 * strength).filter(ImageFilter.GaussianBlur(0.4 * strength))

    def picture(self, index: int, strength: float = 1.0) -> records.Picture:
        return self.files.put_picture(self.varied(index, strength))

    def mask(self, width: int, height: int, size: float = 0.62) -> records.Picture:
        """An ellipse in the middle."""
        y, x = np.mgrid[0:height, 0:width]
        inside = ((x - width / 2) / (width * size / 2)) ** 2 + ((y - height / 2) / (height * size / 2)) ** 2 <= 1
        return self.files.put_mask(inside)

    def cosine(self, low: float = 0.6, high: float = 0.95) -> float:
        return round(self.chance.uniform(low, high), 4)


def segment(paint: Painter, _run: Run, _count: int) -> records.SegmentResult:
    masks = []
    for index, (photo, _) in enumerate(paint.photos):
        box = (photo.width // 5, photo.height // 5, 4 * photo.width // 5, 4 * photo.height // 5)
        mask = paint.mask(photo.width, photo.height)
        masks.append(records.PhotoMask(paint.photo(index), mask, box, 0.3, paint.cosine(), "automatic"))
    return records.SegmentResult(tuple(masks))


def caption(paint: Painter, _run: Run, _count: int) -> records.CaptionResult:
    template = "a photo of {product}, brown and soft, in the middle of a pale ground, lit from the left"
    found = [records.Caption(paint.photo(index), template, "automatic") for index in range(len(paint.photos))]
    return records.CaptionResult(tuple(found))


def novel_views(paint: Painter, _run: Run, count: int) -> records.NovelViewsResult:
    views = []
    for index in range(count):
        kept = index % 5 != 4
        views.append(
            records.NovelView(
                source=paint.photo(index % len(paint.photos)), frame=4 * index + 4, seed=index,
                picture=paint.picture(index), mask=paint.mask(paint.side, paint.side), similarity=paint.cosine(),
                seg_similarity=paint.cosine(0.4), growth=paint.cosine(0.8, 1.3), kept=kept,
                reason="" if kept else "Its product is broken: segmented DINO-I 0.41 is under 0.50.",
            )
        )  # fmt: skip
    return records.NovelViewsResult(tuple(views))


def new_contexts(paint: Painter, _run: Run, count: int) -> records.NewContextsResult:
    return records.NewContextsResult(
        tuple(
            records.ContextImage(
                paint.photo(index % len(paint.photos)), paint.photo(index % len(paint.photos)),
                f"a photo of {{product}} {PLACES[index % len(PLACES)]}", index, paint.picture(index, 1.6),
                paint.mask(paint.side, paint.side),
            )
            for index in range(count)
        )
    )  # fmt: skip


def negatives(paint: Painter, _run: Run, count: int) -> records.NegativesResult:
    made = []
    for index in range(count):
        kind: Any = "in-class" if index % 2 else "counterfactual"
        made.append(
            records.Negative(
                kind, paint.photo(0), f"a photo of a lamp {PLACES[index % len(PLACES)]}", index,
                paint.picture(index, 2.4), "" if index % 2 else "lamp",
            )
        )  # fmt: skip
    return records.NegativesResult(tuple(made))


def judged(paint: Painter, _run: Run, count: int) -> records.FilterResult:
    made = []
    kinds: tuple[records.Kind, ...] = ("photo", "novel-view", "new-context", "in-class", "counterfactual")
    for index in range(count):
        kept = index % 4 != 3
        scores = {"clip_i": paint.cosine(), "clip_t": paint.cosine(0.2, 0.35), "iou": paint.cosine(0.5)}
        made.append(
            records.TrainingImage(
                kinds[index % 5], paint.photo(0), paint.picture(index, 1.4), paint.mask(paint.side, paint.side),
                f"a photo of {{product}} {PLACES[index % len(PLACES)]}", scores, kept,
                "" if kept else f"IoU {scores['iou']:.2f} with the reference mask is under 0.80: the product grew.",
            )
        )  # fmt: skip
    return records.FilterResult(tuple(made))


def class_images(paint: Painter, _run: Run, count: int) -> records.ClassImagesResult:
    return records.ClassImagesResult(
        tuple(records.ClassImage("a photo of a mug", index, paint.picture(index, 2)) for index in range(count))
    )


def finetune(paint: Painter, _run: Run, _count: int) -> records.FinetuneResult:
    key, sha256 = paint.files.put_data(f"adapter {paint.chance.random()}".encode(), "safetensors")
    loss = tuple(
        (step, 0.12 * math.exp(-step / 600) + 0.05 + paint.cosine(-0.012, 0.012)) for step in range(10, 1810, 10)
    )
    shown = tuple(
        records.ValidationImage(step, f"a photo of ohwx mug {PLACES[place]}", paint.picture(place, 3 - step / 900))
        for step in (600, 1200, 1800)
        for place in range(2)
    )
    sweep = (
        records.TokenScore("ohwx", 0.81, 200), records.TokenScore("sks", None, 0, "it names a rifle"),
        records.TokenScore("zwx", 0.74, 100), records.TokenScore("qzp", 0.69, 100),
    )  # fmt: skip
    return records.FinetuneResult(
        key, sha256, 25_600_000, "ohwx", 64, 1800, 200, 48, loss, shown, sweep,
        (records.QualityLook(600, 0.61, 0.27, 0.4), records.QualityLook(1200, 0.7, 0.27, 0.36)),
    )  # fmt: skip


class Candidates:
    """The last three stages, which are about the same images."""

    def __init__(self, paint: Painter, count: int, top: int = 4) -> None:
        self.paint, self.count, self.top = paint, count, top
        self.pictures = [paint.picture(index, 1.2) for index in range(count)]
        self.held_back = {count - 1} if count > 4 else set()

    def generate(self) -> records.GenerateResult:
        made = []
        for index, picture in enumerate(self.pictures):
            place = PLACES[index % len(PLACES)]
            dropped = "It may not be shown: violence (0.31 over 0.25)." if index in self.held_back else ""
            made.append(
                records.GeneratedImage(
                    f"a photo of {{product}} {place}", f"a photo of ohwx mug {place}", 1000 + index, picture, dropped
                )
            )
        return records.GenerateResult(tuple(made), "DPMSolverMultistepScheduler")

    def measure(self) -> records.MeasureResult:
        cosine = self.paint.cosine
        metrics = [
            records.Metrics(
                picture, cosine(), cosine(0.2, 0.36), cosine(0.4), cosine(), cosine(0.2, 0.3), cosine(0.4), None
            )
            for index, picture in enumerate(self.pictures)
            if index not in self.held_back
        ]
        key, _ = self.paint.files.put_data(f"embeddings {self.paint.chance.random()}".encode(), "safetensors")
        self.metrics = metrics
        return records.MeasureResult(tuple(metrics), key)

    def select(self) -> records.SelectResult:
        best = sorted(self.metrics, key=lambda one: -one.total)
        return records.SelectResult(
            tuple(
                records.Choice(one.picture, one.total, place, place <= self.top)
                for place, one in enumerate(best, start=1)
            )
        )


_MAKERS: dict[str, Callable[[Painter, Run, int], Any]] = {
    "segment": segment, "caption": caption, "novel_views": novel_views, "new_contexts": new_contexts,
    "negatives": negatives, "filter": judged, "class_images": class_images, "finetune": finetune,
}  # fmt: skip


def make_whole_run(
    product: Product | None = None,
    *,
    method: Method | None = None,
    upto: str = "",
    failed: str = "",
    candidates: int = 8,
    pictures: int = 10,
    side: int = SIDE,
    **fields: Any,
) -> Run:
    """A run with its stages made: all, or those before `upto`, which is running, or before `failed`, which says why."""
    if product is None:
        product = make_product("Stoneware mug", type="mug")
        make_photo(product)
    method = method or make_method()
    state = Run.State.RUNNING if upto else Run.State.FAILED if failed else Run.State.SUCCEEDED
    run = make_run(product, method=method, **{"state": state, "started_at": timezone.now()} | fields)
    paint = Painter(product, side, seed=run.pk)
    last = Candidates(paint, candidates) if not (upto or failed) else None
    open_ = True
    for order, stage in enumerate(stages_of(method.parts)):
        config = as_plain(method.parts).get(stage.name) or {}
        inputs = {"product": {"photos": [{"picture": {"key": photo.key}} for photo, _ in paint.photos]}, "upstream": {}}
        result = make_result(stage.name, product=product, config=config, inputs=inputs, model_set=run.model_set)
        RunStage.objects.create(run=run, order=order, stage=stage.name, method=method, result=result)
        if stage.name in (upto, failed):
            open_ = False
            _stopped(result, run, failed=bool(failed))
        elif open_:
            maker = _MAKERS.get(stage.name)
            record = maker(paint, run, pictures) if maker else getattr(last, stage.name)()
            keeping.keep(result, record)
            cost = {"seconds": 20.0 * (order + 1), "gpu_seconds": 15.0 * (order + 1), "peak_bytes": 6_400_000_000}
            StageResult.objects.filter(pk=result.pk).update(**cost)
    run.refresh_from_db()
    return _counted(run)


def _stopped(result: StageResult, run: Run, *, failed: bool) -> None:
    """The stage at which the run stands: at work, or failed with a sentence."""
    subject = f"{result.get_stage_display()}: {run.product.title}"
    if failed:
        result.error = "Memory ran out with a batch of 1; use a smaller size, or a GPU with more memory."
        result.state = StageState.FAILED
        result.job = make_job("generation.stage", subject=subject, state=State.FAILED, error=result.error)
        Run.objects.filter(pk=run.pk).update(problem=result.error)
    else:
        started = timezone.now() - timedelta(minutes=3)
        result.state = StageState.RUNNING
        result.job = make_job(
            "generation.stage", subject=subject, state=State.RUNNING, progress_done=620, progress_total=1800,
            message="step 620, loss 0.081", started_at=started,
        )  # fmt: skip
    result.save()


def _counted(run: Run) -> Run:
    there = run.candidates.filter(dropped="")
    run.candidate_count, run.picked_count = there.count(), there.filter(picked=True).count()
    run.save(update_fields=["candidate_count", "picked_count"])
    return run
