"""Where a candidate comes from: back through adapter and training images to the photos, with what made each."""

from dataclasses import dataclass

from catalog.models import Photo
from generation.models import Adapter, Candidate, Method, Run, RunStage, StageResult, TrainingImage
from generation.pipeline import BY_NAME


@dataclass(frozen=True)
class Link:
    """One stage on the way: its result, the checkpoints that made it, and the results that it was made from."""

    stage: str
    title: str
    result: StageResult
    checkpoints: dict[str, str]
    made_from: tuple[str, ...]  # stages

    @property
    def fingerprint(self) -> str:
        return self.result.fingerprint


@dataclass(frozen=True)
class Lineage:
    """A candidate's whole past. `links` lead from the candidate back to the photos, latest first.

    `trained_on` are the images that its adapter learnt from; `photos` those of the catalogue that all began with, as
    far as they are still there; `photo_keys` all of them.
    """

    candidate: Candidate
    run: Run
    method: Method
    prompt: str
    seed: int
    adapter: Adapter | None
    links: tuple[Link, ...]
    trained_on: tuple[TrainingImage, ...]
    photos: tuple[Photo, ...]
    photo_keys: tuple[str, ...]


def lineage(candidate: Candidate) -> Lineage:
    """The past of a candidate; six queries, whatever its run made."""
    rows = RunStage.objects.filter(run=candidate.run_id, tier=candidate.tier).select_related("result", "method")
    by_stage = {row.stage: row for row in rows.defer("result__result").order_by("order")}
    links = tuple(_links(by_stage))
    filtered = by_stage.get("filter")
    images = TrainingImage.objects.filter(result=filtered.result_id, kept=True) if filtered else ()
    keys = _photo_keys(by_stage["generate"].result)
    found = {photo.key: photo for photo in Photo.objects.filter(product=candidate.run.product_id)}
    return Lineage(
        candidate=candidate,
        run=candidate.run,
        method=by_stage["generate"].method,
        prompt=candidate.prompt,
        seed=candidate.seed,
        adapter=candidate.adapter,
        links=links,
        trained_on=tuple(images),
        photos=tuple(found[key] for key in keys if key in found),
        photo_keys=keys,
    )


def _links(by_stage: dict[str, RunStage]) -> list[Link]:
    """From generate back, each stage that it depends on once, those nearest to the candidate first."""
    wanted, links = {"generate"}, []
    for name in reversed(list(BY_NAME)):
        if name not in wanted or name not in by_stage:
            continue
        result = by_stage[name].result
        made_from = tuple(result.inputs.get("upstream", {}))
        wanted |= set(made_from)
        links.append(Link(name, BY_NAME[name].title, result, dict(result.checkpoints), made_from))
    return links


def _photo_keys(result: StageResult) -> tuple[str, ...]:
    photos = result.inputs.get("product", {}).get("photos", [])
    return tuple(photo["picture"]["key"] for photo in photos)
