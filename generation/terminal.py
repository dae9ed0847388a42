"""Runs in a terminal: a bar for each stage with the time that is left, and a line for each run that has ended."""

import sys
from collections.abc import Collection
from typing import Any

from django.conf import settings
from tqdm import tqdm

from generation.models import Run
from generation.models.runs import RunState
from generation.selectors.costs import bill_of_run
from generation.selectors.progress import StageProgress, stage_progress

_BAR = "{desc:<18}{percentage:3.0f}%|{bar:24}| {postfix[0]} {elapsed}<{remaining}"
GOING_ON = (RunState.PLANNED, RunState.RUNNING, RunState.PAUSED)


class Watch:
    """The bars of some runs. On what is no terminal, a line for each stage that is over."""

    def __init__(self, run_ids: Collection[int], out: Any) -> None:
        self._run_ids = list(run_ids)
        self._out = out
        self._bars: dict[tuple[int, str], Any] = {}
        self._told: set[tuple[int, str]] = set()
        self._live = bool(getattr(out, "isatty", lambda: False)())

    def look(self) -> bool:
        """Draw what has changed; whether any of the runs still goes on."""
        going_on = Run.objects.filter(pk__in=self._run_ids, state__in=GOING_ON).exists()
        for progress in stage_progress(self._run_ids):
            if progress.has_begun and self._live:
                self._draw(progress)
            elif progress.is_over and not self._live:
                self._tell(progress)
        return going_on

    def close(self) -> None:
        """Leave the bars as they are, and the cursor below them."""
        for bar in self._bars.values():
            bar.close()
        self._bars.clear()

    def _draw(self, progress: StageProgress) -> None:
        key = progress.tier, progress.stage
        bar = self._bars.get(key)
        if bar is None:
            # Made when the stage begins: from then on its pace counts.
            bar = self._bars[key] = tqdm(
                total=progress.total, desc=progress.title, bar_format=_BAR, file=sys.stderr, position=len(self._bars),
                postfix=[""], initial=0,
            )  # fmt: skip
        bar.total = progress.total
        bar.n = min(progress.total, progress.done + progress.failed)
        bar.postfix = [_words(progress)]
        bar.refresh()

    def _tell(self, progress: StageProgress) -> None:
        key = progress.tier, progress.stage
        if key not in self._told:
            self._told.add(key)
            self._out.write(f"{progress.title}: {_words(progress)}")


def outcome_of(run: Run) -> str:
    """One line about a run that has ended: what came of it and what it cost, or why nothing did."""
    if run.state != RunState.SUCCEEDED:
        return f"Run #{run.pk} of {run.product}: {run.get_state_display().lower()}. {run.problem}"
    cost = bill_of_run(run).total
    money = f", {cost.money:.4f} {settings.CURRENCY}" if cost.gpu_seconds else ""
    return (
        f"Run #{run.pk} of {run.product}: {run.candidate_count} candidates, {run.picked_count} picked,"
        f" {cost.seconds:.1f} s{money}."
    )


def _words(progress: StageProgress) -> str:
    counts = f"{int(progress.done)}/{progress.total}" if progress.total > 1 else ""
    failed = f"{progress.failed} failed" if progress.failed else ""
    said = ("" if failed else "done") if progress.is_over else progress.message
    return " ".join(word for word in (counts, failed, said) if word)
