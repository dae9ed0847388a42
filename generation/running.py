"""Run one stage in a worker: inputs read, models warm, cost measured, result kept. No tensor work here."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from django.db import transaction
from pydantic import TypeAdapter

from generation import ordering
from generation.checkpoints.roles import Role
from generation.exceptions import GenerationError, NotPossible, ProductNotFound
from generation.fingerprints import config_from
from generation.model_sets import model_set, worker_models
from generation.models import StageResult
from generation.models.results import StageState
from generation.pipeline import BY_NAME, Stage
from generation.records import NewContextsResult, Picture, from_plain
from generation.services import finishing, keeping, sharing, states
from generation.storage import Checkpoints, site_files
from jobs.context import JobContext
from jobs.exceptions import JobError

if TYPE_CHECKING:
    from generation.checkpoints.cache import ModelCache

_KEPT = "result kept"  # the last step of each stage
_NAME_LENGTH = 200
CURVE_EVERY = 3.0  # seconds between two writes of a loss curve: as often as a page looks


class StageFailed(JobError):
    """A stage failed for a reason that is said in one sentence; no stack is needed to understand it."""


class StageJob:
    """A stage's context over its job's: the steps are the job's, checkpoints are files, pictures are rows."""

    def __init__(self, job: JobContext, result: StageResult) -> None:
        self._job = job
        self._result = result
        self._checkpoints = Checkpoints(result.fingerprint)
        self._curve_at = -CURVE_EVERY

    def step(self, name: str, work: Any) -> Any:
        return self._job.step(_step_name(name), work)

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        self._job.progress(done, total, message)

    def check(self) -> None:
        self._job.check()

    def batch_size(self, largest: int) -> int:
        return self._job.batch_size(largest)

    def show(self, title: str, picture: Picture) -> None:
        keeping.show(self._result, title, picture)

    def curve(self, points: Sequence[tuple[int, float]]) -> None:
        if time.monotonic() - self._curve_at >= CURVE_EVERY:
            self._curve_at = time.monotonic()
            keeping.tell(self._result.pk, {"loss": [list(point) for point in points]})

    def keep_checkpoint(self, name: str, data: bytes) -> None:
        # A worker whose lease is lost must not put its state over that of whoever goes on in its place.
        self._checkpoints.keep(name, data, self._job.write_held)
        # A step of the job's: one that is killed again and again between checkpoints gets on, and is not given up.
        self.step(f"checkpoint {hashlib.sha256(data).hexdigest()} {name}", lambda: None)

    def checkpoint(self, name: str) -> bytes | None:
        return self._checkpoints.read(name)

    def keep(self, record: Any) -> None:
        """The stage's last step: the record and its rows are written, and its checkpoints go."""
        self._job.step(_KEPT, lambda: None, save=lambda _: keeping.keep(self._result, record))
        self._checkpoints.forget()


@dataclass(frozen=True)
class Prepared:
    """A stage ready to run."""

    result: StageResult
    stage: Stage
    inputs: Any
    config: Any
    context: StageJob


def run_stage(job: JobContext, result_id: int) -> dict[str, Any]:
    """Make one stage's result, unless it is there already; then move on the runs that use it.

    Raises StageFailed with a sentence for what a person can act on; lack of memory goes through to the job.
    """
    began = time.monotonic()
    prepared = begin(job, result_id)
    if prepared is None:
        return {"made": False}
    result = prepared.result
    try:
        models = worker_models(model_set(result.model_set))
        with Cost([result.pk], models.device, began):
            record = prepared.stage.code().run(prepared.inputs, prepared.config, models, prepared.context, site_files())
    except GenerationError as error:
        raise refused(result, error) from error
    return complete(prepared, record) | {"warm": warm_in(models)}


def run_finetunes(jobs: Sequence[JobContext], result_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Train the adapters of several results of one recipe and model set in shared passes; a result for each job.

    Raises StageFailed for any of them: each is then tried alone, where those that are made need nothing more.
    """
    began = time.monotonic()
    begun = [begin(job, result_id) for job, result_id in zip(jobs, result_ids, strict=True)]
    at_work = [prepared for prepared in begun if prepared is not None]
    told = _train(at_work, began) if at_work else {}
    return [told[prepared.result.pk] if prepared else {"made": False} for prepared in begun]


def _train(at_work: list[Prepared], began: float) -> dict[int, dict[str, Any]]:
    first, told, trouble = at_work[0], dict[int, dict[str, Any]](), list[GenerationError]()
    try:
        models = worker_models(model_set(first.result.model_set))
        with Cost([prepared.result.pk for prepared in at_work], models.device, began):
            inputs, contexts = [each.inputs for each in at_work], [each.context for each in at_work]
            records = first.stage.code().run_group(inputs, first.config, models, contexts, site_files())
    except GenerationError as error:
        raise refused(first.result, error) if len(at_work) == 1 else StageFailed(str(error)) from error
    for prepared, record in zip(at_work, records, strict=True):
        if isinstance(record, GenerationError):
            trouble.append(record)
        else:
            told[prepared.result.pk] = complete(prepared, record) | {"warm": warm_in(models)}
    if trouble:
        raise StageFailed(str(trouble[0]))
    return told


def begin(job: JobContext, result_id: int) -> Prepared | None:
    """Take a result up: its inputs and config as its stage wants them. None when there is nothing to do.

    Raises StageFailed when a result that it needs is not there.
    """
    result = StageResult.objects.filter(pk=result_id).first()
    if result is None:
        return None
    if result.state == StageState.SUCCEEDED:
        finishing.stage_ended(result)
        return None
    _mark_running(result)
    stage = BY_NAME[result.stage]
    try:
        _check_unchanged(stage, result)
        inputs = inputs_for(stage, result)
    except GenerationError as error:
        raise refused(result, error) from error
    return Prepared(result, stage, inputs, config_from(stage, result.config), StageJob(job, result))


def complete(prepared: Prepared, record: Any) -> dict[str, Any]:
    """Keep a record that was made, and move on the runs that use it."""
    prepared.context.keep(record)
    finishing.stage_ended(prepared.result)
    return {"made": True, "images": prepared.result.images, "steps": prepared.result.steps}


def warm_in(models: "ModelCache") -> list[str]:
    """What this worker holds loaded now, a line for each checkpoint: it stands on the job's page."""
    return [
        f"{', '.join(one.roles)}: {one.name}, {one.bytes / 1e6:.0f} MB on {one.where},"
        f" read {'once' if one.loads == 1 else f'{one.loads} times'}, used {one.loads + one.hits} times"
        for one in models.report()
    ]


def refused(result: StageResult, error: GenerationError) -> StageFailed:
    """What a stage's error is for its job; one that only a person can put right is marked as such."""
    StageResult.objects.filter(pk=result.pk).update(asks_person=isinstance(error, ProductNotFound))
    return StageFailed(str(error))


def inputs_for(stage: Stage, result: StageResult) -> Any:
    """The stage's `Inputs`, filled by the names of its fields: its own inputs, and the results of stages before it."""
    code = stage.code()
    hints = get_type_hints(code.Inputs)
    own = {name: value for name, value in result.inputs.items() if name not in ("upstream", "labels")}
    own = result.inputs.get("labels", {}) | own
    values = {
        each.name: TypeAdapter(hints[each.name]).validate_python(own[each.name])
        for each in fields(code.Inputs)
        if each.name in own
    }
    if stage.name == "select":
        values["order"] = ordering.order_for(result)
    upstream = _upstream(result, {each.name for each in fields(code.Inputs)})
    if isinstance(contexts := upstream.get("new_contexts"), NewContextsResult) and "there" in hints:
        values["there"] = sharing.there(result, {image.template for image in contexts.images})
    return code.Inputs(**values, **upstream)


class Cost:
    """Measures a block and adds what it cost to results, in equal shares, whether it succeeds or not.

    `began` is when the work was taken up, by `time.monotonic`: loading torch and the models is part of the cost.
    """

    def __init__(self, result_ids: list[int], device: Any, began: float) -> None:
        from generation.checkpoints.devices import Meter  # noqa: PLC0415 - torch: workers only

        self._ids = result_ids
        self._began = began
        self._meter = Meter(device)

    def __enter__(self) -> None:
        self._meter.__enter__()

    def __exit__(self, *told: Any) -> None:
        self._meter.__exit__(*told)
        share = 1 / len(self._ids)
        for result_id in self._ids:
            keeping.add_cost(
                result_id,
                seconds=(time.monotonic() - self._began) * share,
                gpu_seconds=self._meter.gpu_seconds * share,
                peak_bytes=self._meter.peak_bytes,
            )


def _check_unchanged(stage: Stage, result: StageResult) -> None:
    """Raise NotPossible where what runs now is not what the fingerprint was taken of: it would lie."""
    now = model_set(result.model_set).identities(tuple(cast("Role", role) for role in result.checkpoints))
    for role, identity in result.checkpoints.items():
        if now.get(cast("Role", role)) != identity:
            raise NotPossible(
                f"The {role} of the model set {result.model_set} has changed since this was planned. Retry the run,"
                " which plans it anew; one that has images already needs the former checkpoint, or another seed."
            )
    if "version" in result.inputs and result.inputs["version"] != stage.version_of(result.config):
        raise NotPossible(
            f"The stage {stage.title!r} works in another way since Vitrine was updated. Retry the run, which plans it"
            " anew; one that has images already needs another seed."
        )


def _mark_running(result: StageResult) -> None:
    with transaction.atomic():
        StageResult.objects.filter(pk=result.pk).update(state=StageState.RUNNING, error="", asks_person=False)
        result.refresh_from_db(fields=["state"])
    states.settle_users(result)


def _upstream(result: StageResult, names: set[str]) -> dict[str, Any]:
    wanted = {print_: name for name, print_ in result.inputs["upstream"].items() if name in names}
    found = {row.fingerprint: row for row in StageResult.objects.filter(fingerprint__in=wanted)}
    values = {}
    for print_, name in wanted.items():
        row = found.get(print_)
        if row is None or row.result is None:
            raise NotPossible(
                f"The result of the stage {BY_NAME[name].title!r} is gone; retry the run to have it again."
            )
        values[name] = from_plain(BY_NAME[name].result, row.result)
    return values


def _step_name(name: str) -> str:
    """The name, or where it is too long for its column, its beginning and its hash."""
    if len(name) <= _NAME_LENGTH and name != _KEPT:
        return name
    return f"{name[:120]} {hashlib.sha256(name.encode()).hexdigest()}"
