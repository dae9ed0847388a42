"""Lay runs out as stages and jobs, many at once: results by fingerprint, links to them, and a job for each to be made.

A result that is there, or being made for another run, is used as it is; the job of one that failed is tried again.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import F

from generation.fingerprints import PlannedStage
from generation.models import Method, Run, RunStage, StageResult
from generation.models.results import StageState
from generation.models.runs import RunState
from generation.pipeline import BY_NAME, STAGES
from jobs import services
from jobs.models import Job, State
from jobs.services import Order

STAGE_KIND = "generation.stage"
FINETUNE_KIND = "generation.finetune"  # several at once, of one recipe
GOING_ON = (RunState.PLANNED, RunState.RUNNING)
AT_ONCE = 500  # rows in one statement; SQLite takes 32,766 values
Results = dict[str, StageResult]  # by fingerprint


@dataclass(frozen=True)
class Layout:
    """One run's stages of one tier, and what its product is called."""

    run: Run
    method: Method
    tier: int
    subject: str
    stages: list[PlannedStage]


def lay_out(layouts: Sequence[Layout], *, asked_by: AbstractBaseUser | None) -> set[int]:
    """Inside a transaction that holds the runs' rows: write results and links, and queue what is to be made.

    Returns the ids of results whose jobs had failed or been cancelled and are now tried again: other runs may use them.
    """
    there, results = _results(layouts)
    old = _link(layouts, there, results)
    revived = queue_jobs(results, subjects=_subjects(layouts), asked_by=asked_by)
    drop_unused(old - {result.pk for result in results.values()})
    return revived


def queue_jobs(
    results: Results, *, subjects: dict[str, str] | None = None, asked_by: AbstractBaseUser | None = None
) -> set[int]:
    """Inside a transaction: see that each of these results is made or being made, in the order of the stages.

    Returns the ids of those that had failed or been cancelled before, or that wait for an adapter to be trained anew.
    """
    anew = _make_anew(results)
    open_ = {print_: result for print_, result in results.items() if result.state != StageState.SUCCEEDED}
    revived = _try_again(open_.values())
    for stage in STAGES:
        level = [result for result in open_.values() if result.stage == stage.name and result.job is None]
        orders = [_order(result, results, (subjects or {}).get(result.fingerprint, "")) for result in level]
        for result, job in zip(level, services.submit_many(orders, asked_by=asked_by), strict=True):
            result.job, result.state, result.error = job, StageState.WAITING, ""
        StageResult.objects.bulk_update(level, ["job", "state", "error"], batch_size=AT_ONCE)
    return revived | anew


def results_with(fingerprints: Iterable[str]) -> Results:
    """The results of these fingerprints with their jobs, without what is long in them."""
    wanted, found = sorted(set(fingerprints)), Results()
    for start in range(0, len(wanted), AT_ONCE):
        rows = StageResult.objects.filter(fingerprint__in=wanted[start : start + AT_ONCE])
        found |= {row.fingerprint: row for row in rows.select_related("job").defer("result", "job__params")}
    return found


def drop_unused(result_ids: Collection[int]) -> None:
    """Inside a transaction: cancel the jobs of results that no run uses any more."""
    unused = StageResult.objects.filter(pk__in=result_ids, uses=None).exclude(state=StageState.SUCCEEDED)
    jobs = list(unused.exclude(job=None).values_list("job_id", flat=True))
    if jobs:
        services.cancel_many(jobs)
        note_cancelled(result_ids)


def own_jobs(run_ids: Collection[int], *, beside: Collection[str] = GOING_ON) -> list[int]:
    """The jobs still to be done for these runs, without those that another run in a state of `beside` needs as well."""
    open_ = (StageState.WAITING, StageState.RUNNING)
    jobs: set[int] = set()
    for ids in portions(run_ids):
        links = RunStage.objects.filter(run__in=ids, result__state__in=open_).exclude(result__job=None)
        jobs |= set(links.values_list("result__job_id", flat=True))
    others = set[int]()
    for ids in portions(jobs):
        links = RunStage.objects.filter(result__job__in=ids, run__state__in=beside).exclude(run__in=run_ids)
        others |= set(links.values_list("result__job_id", flat=True))
    return sorted(jobs - others)


def held_jobs(run_ids: Collection[int]) -> list[int]:
    """The jobs of these runs that are kept from starting."""
    results, jobs = open_results(run_ids), set[int]()
    for ids in portions(results):
        rows = StageResult.objects.filter(pk__in=ids, job__paused=True)
        jobs |= {job_id for job_id in rows.values_list("job_id", flat=True) if job_id is not None}
    return sorted(jobs)


def open_results(run_ids: Collection[int]) -> set[int]:
    """The results that these runs still lack."""
    found: set[int] = set()
    for ids in portions(run_ids):
        links = RunStage.objects.filter(run__in=ids).exclude(result__state=StageState.SUCCEEDED)
        found |= set(links.values_list("result_id", flat=True))
    return found


def note_cancelled(result_ids: Collection[int]) -> None:
    """Say of those results whose jobs are cancelled that they are."""
    for ids in portions(result_ids):
        rows = StageResult.objects.filter(pk__in=ids).exclude(state=StageState.SUCCEEDED)
        # Asked for by id: joined, SQLite goes through all cancelled jobs for each portion.
        jobs = [job_id for job_id in rows.values_list("job_id", flat=True) if job_id is not None]
        states = dict(Job.objects.filter(pk__in=jobs).values_list("pk", "state"))
        rows.filter(job__in=[pk for pk, state in states.items() if state == State.CANCELLED]).update(
            state=StageState.CANCELLED
        )


def portions(ids: Collection[int]) -> Iterable[list[int]]:
    """The ids in pieces that fit one statement."""
    ordered = sorted(set(ids))
    return (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))


def _results(layouts: Sequence[Layout]) -> tuple[set[str], Results]:
    """The fingerprints that were there before, and all results of the layouts, the missing ones written."""
    wanted = {stage.fingerprint: (layout, stage) for layout in layouts for stage in layout.stages}
    there = set(results_with(wanted))
    # By fingerprint: two who lay out the same at once wait for each other in one order.
    missing = [_new(*wanted[print_]) for print_ in sorted(set(wanted) - there)]
    StageResult.objects.bulk_create(missing, batch_size=AT_ONCE, ignore_conflicts=True)
    return there, results_with(wanted)


def _new(layout: Layout, planned: PlannedStage) -> StageResult:
    run, beside = layout.run, {"upstream": planned.upstream, "labels": _labels(layout)}
    return StageResult(
        fingerprint=planned.fingerprint,
        stage=planned.stage.name,
        product_id=None if planned.is_shared else run.product_id,
        model_set=run.model_set,
        config=planned.config,
        inputs=planned.inputs | beside | {"version": planned.stage.version_of(planned.config)},
        checkpoints=planned.checkpoints,
    )


def _labels(layout: Layout) -> dict[str, str]:
    """What pictures say of their making; of a shared result, of the run that asked for it first.

    Only candidates name method and run: training images are equal to the last bit whoever asks for them.
    """
    return {"model_set": layout.run.model_set, "method": str(layout.method), "run": str(layout.run.pk)}


def _link(layouts: Sequence[Layout], there: set[str], results: Results) -> set[int]:
    """Write which result each stage of a run uses; returns the ids of results that were used before."""
    tiers = {layout.run.pk: layout.tier for layout in layouts}
    before = {
        (link.run_id, link.stage): link
        for link in RunStage.objects.filter(run__in=tiers)
        if link.tier == tiers[link.run_id]
    }
    RunStage.objects.filter(pk__in=[link.pk for link in before.values()]).delete()
    links = []
    for layout in layouts:
        for order, planned in enumerate(layout.stages):
            result, old = results[planned.fingerprint], before.get((layout.run.pk, planned.stage.name))
            same = old is not None and old.result_id == result.pk
            reused = old.reused if old is not None and same else planned.fingerprint in there
            links.append(
                RunStage(
                    run=layout.run, tier=layout.tier, order=order, stage=planned.stage.name, method=layout.method,
                    result=result, reused=reused,
                )
            )  # fmt: skip
    RunStage.objects.bulk_create(links, batch_size=AT_ONCE)
    return {link.result_id for link in before.values()}


def _make_anew(results: Results) -> set[int]:
    """An adapter whose file was dropped is trained once more where images are still to be made with it.

    Returns the ids of results that follow from it: they get jobs anew, as theirs wait for the training before.
    """
    wanted = {
        result.inputs["upstream"].get("finetune", "")
        for result in results.values()
        if result.stage == "generate" and result.state != StageState.SUCCEEDED
    }
    again = StageResult.objects.filter(
        fingerprint__in=wanted, state=StageState.SUCCEEDED, adapter__dropped_at__isnull=False
    )
    prints = set(again.values_list("fingerprint", flat=True))
    if not prints:
        return set()
    after = _after(prints, results)
    jobs = [result.job_id for result in after if result.job_id is not None]
    changed = [*prints, *(result.fingerprint for result in after)]
    StageResult.objects.filter(fingerprint__in=changed).update(
        state=StageState.WAITING, job=None, made=F("made") + 1, result=None, error="", asks_person=False
    )
    services.cancel_many(jobs)
    results |= results_with(changed)
    return {result.pk for result in after}


def _after(prints: set[str], results: Results) -> list[StageResult]:
    """Those of the results not made yet that need one of these, however far."""
    found, reached = [], set(prints)
    for stage in STAGES:
        for result in results.values():
            needs = reached & set(result.inputs["upstream"].values())
            if result.stage == stage.name and needs and result.state != StageState.SUCCEEDED:
                found.append(result)
                reached.add(result.fingerprint)
    return found


def _try_again(open_results: Iterable[StageResult]) -> set[int]:
    jobs = [(result, result.job) for result in open_results if result.job is not None]
    ended = {job.pk: result for result, job in jobs if job.state in (State.FAILED, State.CANCELLED)}
    # One that a worker still runs, and that was to be cancelled, goes on after all.
    services.retry_many([*ended, *(job.pk for _, job in jobs if job.state == State.RUNNING and job.cancel_requested)])
    for result in ended.values():
        result.state, result.error, result.asks_person = StageState.WAITING, "", False
    StageResult.objects.bulk_update(list(ended.values()), ["state", "error", "asks_person"], batch_size=AT_ONCE)
    return {result.pk for result in ended.values()}


def _order(result: StageResult, results: Results, subject: str) -> Order:
    upstream = [results[print_] for print_ in result.inputs["upstream"].values()]
    title = BY_NAME[result.stage].title
    again = f"-{result.made}" if result.made else ""
    together = result.stage == "finetune"
    return Order(
        FINETUNE_KIND if together else STAGE_KIND,
        {"result": result.pk},
        # The row's id as well: a result that was swept and is made again has another job.
        key=f"stage-{result.fingerprint}-{result.pk}{again}",
        subject=f"{title}: {subject}"[:200] if subject else title,
        after=[need.job_id for need in upstream if need.state != StageState.SUCCEEDED and need.job_id],
        affinity=_affinity(result, together),
    )


def _affinity(result: StageResult, together: bool) -> str:
    """What a worker holds warm; of those that are made together, also the recipe that they must share."""
    config = json.dumps(result.config, sort_keys=True)
    recipe = f" {hashlib.sha256(config.encode()).hexdigest()[:12]}" if together else ""
    return f"{result.stage}{recipe} {result.model_set}"[:100]


def _subjects(layouts: Sequence[Layout]) -> dict[str, str]:
    return {
        stage.fingerprint: stage.inputs.get("noun", "") if stage.is_shared else layout.subject
        for layout in layouts
        for stage in layout.stages
    }
