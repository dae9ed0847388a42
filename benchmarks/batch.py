"""A batch of 1,000 products, steered: how long each word of a person takes, and whether it does what it says.

    python benchmarks/batch.py                       # SQLite in a temporary folder
    python benchmarks/batch.py --database postgresql://user@host/empty_database
    python benchmarks/batch.py --products 100

Rows, jobs and services are the site's own; only the stages are stand-ins that take no time, and no messages are sent.
The batch is asked for, planned, paused when a third of its jobs are done, resumed, and goes on to its end, where every
tenth product has failed; these are mended and retried alone. A second batch is cancelled half way. What does not hold,
such as a job that begins in a paused batch, or one too many in a retry, is said, and the exit code is 1.
"""

# ruff: noqa: PLC0415 - Django is set up first, with the environment that the arguments ask for
import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
# Before this folder, which has a `ranking` of its own.
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

if TYPE_CHECKING:
    from generation.models import Batch
    from tests.factories.stand_ins import Workshop

POOR = 10  # every so-many-th product fails until it is mended
AGAIN = ("generate", "measure", "select")  # what is left of a run that failed at generate
Work = Callable[..., int]  # runs what is ready, at most so many jobs; returns how many


@dataclass
class Report:
    """Rows of the table, and what did not hold."""

    rows: list[tuple[str, float, int, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def time(self, name: str, act: Callable[[], Any], note: Callable[[Any], str] = str) -> Any:
        """Do it, and note its seconds and queries."""
        from django.db import connection

        asked = 0

        def counted(execute: Callable[..., Any], *call: Any) -> Any:
            nonlocal asked
            asked += 1
            return execute(*call)

        with connection.execute_wrapper(counted):
            began = time.perf_counter()
            done = act()
            seconds = time.perf_counter() - began
        self.rows.append((name, seconds, asked, note(done)))
        return done

    def expect(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            self.wrong.append(f"{what}: {found}, not {wanted}")

    def __str__(self) -> str:
        lines = [f"{'':30}{'s':>8}{'queries':>9}"]
        lines += [f"{name:30}{seconds:8.2f}{queries:9}  {note}" for name, seconds, queries, note in self.rows]
        return "\n".join([*lines, *(f"WRONG {what}" for what in self.wrong)])


def steer(product_ids: Sequence[int], shop: "Workshop", work: Work) -> Report:
    """Both batches of these products, from being asked for to their ends."""
    report = Report()
    poor = spoil(shop, {product_id for place, product_id in enumerate(product_ids) if place % POOR == 0})
    first = _asked(report, "first", product_ids)
    _pause_and_resume(report, first, shop, work)
    _to_the_end(report, first, shop, work, poor)
    second = _asked(report, "second", product_ids)
    _cancel(report, second, shop, work)
    return report


def spoil(shop: "Workshop", product_ids: set[int]) -> int:
    """Have these products, and those with the very same photo, fail at generate until `shop.trouble` has "mended".

    Returns how many products that is.
    """
    from catalog.models import Photo
    from generation.exceptions import NotEnoughImages

    photos = set(Photo.objects.filter(product__in=product_ids).values_list("sha256", flat=True))
    code = shop.code

    def spoilt(stage: Any) -> Any:
        made = code(stage)

        def run(given: Any, *rest: Any) -> Any:
            spoilt_now = stage.name == "generate" and "mended" not in shop.trouble
            if spoilt_now and given.product.photos[0].picture.sha256 in photos:
                raise NotEnoughImages("The benchmark lets this product fail.")
            return made.run(given, *rest)

        return SimpleNamespace(Inputs=made.Inputs, run=run, run_group=made.run_group)

    shop.code = spoilt  # type: ignore[method-assign]
    return Photo.objects.filter(sha256__in=photos).values("product").distinct().count()


def _asked(report: Report, name: str, product_ids: Sequence[int]) -> "Batch":
    from generation.services.runs import Wish, start_batch

    wish = Wish(_method(name))
    started = report.time(
        f"{name} batch: asked for", lambda: start_batch(product_ids, wish), lambda s: f"{s.added} runs"
    )
    report.expect("runs of the batch", started.added, len(product_ids))
    batch: Batch = started.batch
    return batch


def _method(name: str) -> Any:
    """The stages of DreamBooth's baseline; each method has training of its own, so that batches share little."""
    from generation.recipe import FinetuneConfig, GenerateConfig, Recipe, SelectConfig
    from generation.services import methods

    recipe = Recipe(
        novel_views=None, new_contexts=None, negatives=None, filter=None,
        finetune=FinetuneConfig(steps=len(name), sweep=None, prior_weight=1.0, class_images=2),
        generate=GenerateConfig(candidates=4, prompts=2), select=SelectConfig(top=1, escalate_below=0),
    )  # fmt: skip
    return methods.make_method(f"bench-{name}", recipe, title=name)


def _pause_and_resume(report: Report, batch: "Batch", shop: "Workshop", work: Work) -> None:
    from generation.models import RunStage
    from generation.services import control

    report.time("planned, by a job", lambda: work(most=1), lambda _: "")
    stages = RunStage.objects.filter(run__batch=batch, reused=False).count()
    report.time("a third of its jobs", lambda: work(most=stages // 3), _jobs)
    report.time("paused", lambda: control.pause_batch(batch), _runs)
    ran = len(shop.ran)
    report.expect("jobs begun while it is paused", (work(), len(shop.ran) - ran), (0, 0))
    report.time("resumed", lambda: control.resume_batch(batch), _runs)


def _to_the_end(report: Report, batch: "Batch", shop: "Workshop", work: Work, poor: int) -> None:
    from generation.services import control

    report.time("to its end", work, _jobs)
    report.expect("after its end", _counts(batch), _states(succeeded=batch.total - poor, failed=poor))
    shop.trouble["mended"] = ValueError()
    shop.ran.clear()
    report.time("failures retried", lambda: control.retry_failures(batch), _runs)
    report.time("to its end again", work, _jobs)
    report.expect("stages of the retry", Counter(shop.ran), Counter(dict.fromkeys(AGAIN, poor)))
    report.expect("after the retry", _counts(batch), _states(succeeded=batch.total))


def _cancel(report: Report, batch: "Batch", shop: "Workshop", work: Work) -> None:
    from generation.services import control
    from jobs.models import Job, State

    work(most=1 + batch.total)
    report.time("cancelled half way", lambda: control.cancel_batch(batch), _runs)
    ran = len(shop.ran)
    report.expect("jobs begun after it was cancelled", (work(), len(shop.ran) - ran), (0, 0))
    report.expect("jobs left", Job.objects.filter(state__in=(State.QUEUED, State.RUNNING)).count(), 0)
    report.expect("after it was cancelled", _counts(batch), _states(cancelled=batch.total))


def _states(**numbers: int) -> dict[str, int]:
    return {state: number for state, number in numbers.items() if number}


def _counts(batch: "Batch") -> dict[str, int]:
    """By state, as the batch's row keeps them."""
    from generation.models import Run

    batch.refresh_from_db()
    return {state: number for state in Run.State.values if (number := getattr(batch, state))}


def _jobs(number: int) -> str:
    return f"{number} jobs"


def _runs(number: int) -> str:
    return f"{number} runs"


def run_all(most: int = sys.maxsize) -> int:
    """Run what is ready on every queue, at most so many jobs; returns how many those were."""
    from jobs import execution
    from jobs.models import Queue

    done = 0
    while done < most and any(execution.run_next(queue, f"{queue}@bench:1") for queue in Queue.values):
        done += 1
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=1_000)
    parser.add_argument("--database", default="", help="URL of an empty one; a temporary SQLite file when not given")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as name:
        folder = Path(name)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "vitrine.settings", "DATABASE_URL": asked.database, "VITRINE_DATA_DIR": name,
            "VITRINE_MODEL_SETS_DIR": name, "VITRINE_MODEL_SET": "light", "VITRINE_DEVICE": "cpu",
            "VITRINE_LOG_LEVEL": "ERROR",
        }  # fmt: skip
        report = _set_up_and_steer(folder, asked.products)
        print(report)
        print("load average " + " ".join(f"{load:.1f}" for load in os.getloadavg()))
    sys.exit(bool(report.wrong))


def _set_up_and_steer(folder: Path, count: int) -> Report:
    import django

    django.setup()
    from django.core.management import call_command

    from generation import pipeline
    from jobs import dispatch
    from tests.factories.generation import make_light_set, make_ready_product
    from tests.factories.stand_ins import Workshop

    call_command("migrate", verbosity=0)
    make_light_set(folder)
    shop = Workshop()
    pipeline.Stage.code = lambda stage: shop.code(stage)  # type: ignore[method-assign]  # noqa: PLW0108 - binds
    dispatch._publish = lambda jobs: [job_id for job_id, _ in jobs]
    products = [make_ready_product(title=f"Mug number {number}").pk for number in range(count)]
    return steer(products, shop, run_all)


if __name__ == "__main__":
    main()
