"""Computes the figures of a campaign and keeps them. For workers and commands only: it reaches pandas.

Ratings are read once, in batches by id, into small columns (`statistics.ballots`); results are written in short
transactions, so that raters never wait for them.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from raters.models import AlternativeVerdict, Campaign, CampaignFigures, GoldItem, RaterFigures, Rating, Verdict
from raters.models.ratings import Outcome
from raters.questions import rule_book
from raters.services.gold import marks
from raters.statistics import consensus
from raters.statistics.agreement import agreement_of
from raters.statistics.ballots import BallotBox, Ballots, Scale
from raters.statistics.flags import flags
from raters.statistics.people import GoldMarks, fast_limit_ms, rater_figures
from raters.statistics.people import RaterFigures as Figures

BATCH = 2_000
PARTS = 4  # of the work, for its progress
Progress = Callable[[int, int, str], None]


def compute(campaign: Campaign, progress: Progress = lambda *_: None) -> CampaignFigures:
    """Agreement, figures and flags of each rater, and the verdicts of the other methods, as of now."""
    started, now = time.monotonic(), timezone.now()
    progress(0, PARTS, "reading ratings")
    ballots, gold = read(campaign)
    progress(1, PARTS, "agreement")
    agreement = [asdict(one) for one in agreement_of(ballots, seed=campaign.seed)]
    progress(2, PARTS, "raters")
    usual = _keep_raters(campaign, ballots, gold, now)
    progress(3, PARTS, "other verdicts")
    compared = _keep_alternatives(campaign, ballots, now)
    kept, _ = CampaignFigures.objects.update_or_create(
        campaign=campaign,
        defaults={
            "asked_at": None,
            "computed_at": now,
            "seconds": round(time.monotonic() - started, 2),
            "ratings": len(ballots),
            "agreement": agreement,
            "usual": usual,
            "consensus": compared,
            "problem": "",
        },
    )
    progress(PARTS, PARTS, "done")
    return kept


def read(campaign: Campaign) -> tuple[Ballots, GoldMarks]:
    """The ratings that count, without those of gold items; and how these were answered, by the same raters."""
    rules = rule_book(campaign.question_set).rules
    box = BallotBox([Scale(rule.key, rule.answers, rule.passing) for rule in rules])
    expected = dict(GoldItem.objects.filter(campaign=campaign).values_list("task", "expected"))
    golden: list[tuple[int, int, int]] = []
    for task, rater, answers, active_ms, is_gold in _ratings(campaign):
        if not is_gold:
            box.add(task, rater, answers, active_ms)
        elif task in expected:
            golden.append((rater, *marks([(expected[task], answers)])))
    ballots = box.ballots()
    return ballots, _gold_marks(golden, ballots)


def _ratings(campaign: Campaign) -> Iterator[tuple[int, int, dict[str, str], int, bool]]:
    after = 0
    rows = Rating.objects.filter(campaign=campaign, withdrawn_at=None, excluded=False).order_by("pk")
    while True:
        batch = list(
            rows.filter(pk__gt=after).values_list("task", "rater", "answers", "active_ms", "gold", "pk")[:BATCH]
        )
        for row in batch:
            yield row[:5]
        if len(batch) < BATCH:
            return
        after = batch[-1][5]


def _gold_marks(golden: list[tuple[int, int, int]], ballots: Ballots) -> GoldMarks:
    """Marks by position of the rater; of raters who rated gold items only, there are no figures."""
    places = {rater: number for number, rater in enumerate(ballots.rater_ids)}
    rows = [(places[rater], right, of) for rater, right, of in golden if rater in places]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return GoldMarks(columns[0].astype(np.int32), columns[1], columns[2])


def _keep_raters(campaign: Campaign, ballots: Ballots, gold: GoldMarks, now: datetime) -> dict[str, Any]:
    """Write each rater's figures; returns what is usual here."""
    found = rater_figures(ballots, gold)
    usual = {
        "agreement": _median([one.agreement.value for one in found]),
        "seconds": _median([one.seconds for one in found]),
        "fast_seconds": fast_limit_ms(ballots) / 1000,
        "passing": _median([one.passing for one in found]),
        "flagged": 0,
    }
    rows = [_row(campaign, one, usual["agreement"], now) for one in found]
    usual["flagged"] = sum(bool(row.flags) for row in rows)
    names = ["computed_at", "ratings", "figures", "flags"]
    for part in _parts(rows):
        RaterFigures.objects.bulk_create(
            part, update_conflicts=True, unique_fields=["campaign", "rater"], update_fields=names
        )
    RaterFigures.objects.filter(campaign=campaign, computed_at__lt=now).delete()
    return usual


def _row(campaign: Campaign, one: Figures, usual: float | None, now: datetime) -> RaterFigures:
    figures = asdict(one)
    raised = [flag._asdict() for flag in flags(one, usual)]
    rater = figures.pop("rater")
    return RaterFigures(
        campaign=campaign, rater_id=rater, computed_at=now, ratings=one.ratings, figures=figures, flags=raised
    )


def _median(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.median(there)) if there else None


def _keep_alternatives(campaign: Campaign, ballots: Ballots, now: datetime) -> dict[str, Any]:
    """Write the verdicts of each method; returns {method: counts, and how often it agrees with the majority}."""
    told = {}
    for method in consensus.METHODS:
        told[method] = {"images": 0, "passed": 0, "compared": 0, "same": 0}
        for part in _parts(_alternatives(campaign, ballots, method, now)):
            _keep_part(part)
            _compare(part, told[method])
    AlternativeVerdict.objects.filter(campaign=campaign, computed_at__lt=now).delete()
    return told


@transaction.atomic
def _keep_part(part: list[AlternativeVerdict]) -> None:
    names = ["campaign", "outcome", "probability", "questions", "computed_at"]
    AlternativeVerdict.objects.bulk_create(
        part, update_conflicts=True, unique_fields=["task", "method"], update_fields=names
    )


def _compare(part: list[AlternativeVerdict], told: dict[str, int]) -> None:
    decided = (Outcome.PASSED, Outcome.FAILED)
    tasks = [row.task_id for row in part]
    majority = dict(
        Verdict.objects.filter(task__in=tasks, final=True, outcome__in=decided).values_list("task", "outcome")
    )
    told["images"] += len(part)
    told["passed"] += sum(row.outcome == Outcome.PASSED for row in part)
    told["compared"] += sum(row.task_id in majority for row in part)
    told["same"] += sum(majority.get(row.task_id) == row.outcome for row in part)


def _alternatives(campaign: Campaign, ballots: Ballots, method: str, now: datetime) -> Iterator[AlternativeVerdict]:
    """One for each task with an answer, from the method run on each question by itself."""
    by_question = []
    for number, scale in enumerate(ballots.scales):
        given = consensus.Labels(
            ballots.task, ballots.rater, ballots.answers[:, number], scale.answers, len(ballots.task_ids)
        )
        by_question.append((scale, consensus.METHODS[method](given)))
    for place, task in enumerate(ballots.task_ids):
        questions = {scale.key: _said(scale, found, place) for scale, found in by_question if found.label[place] >= 0}
        if questions:
            yield _alternative(campaign, task, method, questions, now)


def _said(scale: Scale, found: consensus.Consensus, place: int) -> dict[str, Any]:
    answer = scale.answers[found.label[place]]
    passing = float(
        sum(found.probability[place, code] for code, one in enumerate(scale.answers) if one in scale.passing)
    )
    passes = answer in scale.passing
    return {"answer": answer, "passes": passes, "probability": round(passing if passes else 1 - passing, 4)}


def _alternative(
    campaign: Campaign, task: int, method: str, questions: dict[str, Any], now: datetime
) -> AlternativeVerdict:
    failed = [said["probability"] for said in questions.values() if not said["passes"]]
    return AlternativeVerdict(
        task_id=task,
        campaign=campaign,
        method=method,
        outcome=Outcome.FAILED if failed else Outcome.PASSED,
        probability=max(failed) if failed else min(said["probability"] for said in questions.values()),
        questions=questions,
        computed_at=now,
    )


def _parts(rows: Any) -> Iterator[list[Any]]:
    coming = iter(rows)
    while part := list(islice(coming, BATCH)):
        yield part
