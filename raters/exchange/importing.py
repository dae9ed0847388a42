"""Others' ratings as a campaign of their own, closed from the start: all of a file, or nothing of it."""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone

from raters import signals, voting
from raters.exceptions import BadCampaign
from raters.exchange.reading import BadFile, lines_of
from raters.exchange.staging import Found, Staged, Staging
from raters.models import Assignment, Campaign, CampaignRater, QuestionSet, Rater, Rating, Subject, Task, Verdict
from raters.models.campaigns import CampaignState, Origin
from raters.models.questions import Answer
from raters.models.tasks import AssignmentState, TaskState
from raters.questions import RuleBook, rule_book
from raters.services import campaigns, questions, verdicts

BATCH = 500
_KEY = re.compile(r"^[-a-zA-Z0-9_]{1,40}$")


@dataclass(frozen=True)
class Wish:
    """How a file is to be read: the campaign's name, and its questions, which else follow from the answers.

    `scale` is the order of the answers, best or worst first; `passing` those that pass.
    """

    name: str
    question_set: QuestionSet | None = None
    scale: Sequence[str] = ()
    passing: Sequence[str] = ()
    by: Any = None


@dataclass
class Report:
    """What came of an import; `campaign` is None where nothing was taken, and `problems` says why.

    `questions` is what will be asked or was: [{"key", "answers", "passing", "given": {answer: how often}}].
    """

    campaign: Campaign | None = None
    rows: int = 0
    bad: int = 0
    ratings: int = 0
    tasks: int = 0
    problems: list[str] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)


Note = Callable[[Report], None]


def import_ratings(
    file: BinaryIO, file_name: str, wish: Wish, *, dry: bool = False, note: Note = lambda _report: None
) -> Report:
    """Read, check, and only then write, in one transaction. One bad row refuses the file: `problems` tells each.

    `dry` leaves the writing out; `note` is called with the report in the transaction that writes. Raises BadFile for a
    file that cannot be read at all, BadCampaign for a wish that cannot be.
    """
    # Closed at once where reading stops early: a reader that is left hanging holds the file open.
    with Staging() as staging, closing(lines_of(file, file_name)) as lines:
        found = staging.take(lines)
        report = Report(rows=found.rows, bad=found.bad, problems=list(found.problems))
        if not found.answers and not found.bad:
            raise BadFile("The file has no answers.")
        if wish.question_set is not None:
            _check_answers(found, rule_book(wish.question_set), report)
        if report.problems:
            return report
        report.questions = _asked(found, wish)
        if dry:
            _check_could_be_written(staging, found, wish)
            report.tasks, report.ratings = staging.shape()[0], staging.ratings_there()
        else:
            with transaction.atomic():
                _write(staging, found, wish, report)
                note(report)
    return report


def _asked(found: Found, wish: Wish) -> list[dict[str, Any]]:
    """The questions of the wish, or those that follow from the answers, with how often each answer was given."""
    if wish.question_set is None:
        asked = derived_questions(found.answers, wish)
    else:
        rules = rule_book(wish.question_set).rules
        asked = [{"key": rule.key, "answers": rule.answers, "passing": sorted(rule.passing)} for rule in rules]
    return [
        {
            "key": one["key"],
            "answers": list(one["answers"]),
            "passing": list(one["passing"]),
            "given": found.answers.get(one["key"], {}),
        }
        for one in asked
    ]


def derived_questions(answers: Mapping[str, Mapping[str, int]], wish: Wish) -> list[dict[str, Any]]:
    """Questions out of the answers that were given to them, in the order in which they first came.

    Answers are in the order of `wish.scale`; else numbers by size, ours in ours, and others by the alphabet. What
    passes is `wish.passing`; else yes, or the largest number. Raises BadCampaign where that is not to be told.
    """
    everywhere = {answer for given in answers.values() for answer in given}
    return [
        {
            "key": _key(key),
            "topic": key[:60],
            "wording": key,
            "answers": (scale := _scale(set(given) if len(given) > 1 else everywhere, wish, key)),
            "passing": _passing(scale, wish, key),
        }
        for key, given in answers.items()
    ]


def _check_could_be_written(staging: Staging, found: Found, wish: Wish) -> None:
    """Refuse what `_write` would refuse, with nothing written: a person is to say yes to what can be taken."""
    if wish.question_set is None:
        questions.check_questions(derived_questions(found.answers, wish))
    campaigns.check_settings(wish.name, raters_per_image=staging.shape()[1], origin=Origin.IMPORT)


def _write(staging: Staging, found: Found, wish: Wish, report: Report) -> None:
    asked = wish.question_set or questions.make_question_set(
        _set_name(wish.name), wish.name[:200], derived_questions(found.answers, wish), by=wish.by
    )
    tasks, most = staging.shape()
    campaign = campaigns.make_campaign(
        wish.name, by=wish.by, question_set=asked, raters_per_image=most, origin=Origin.IMPORT
    )
    questions.freeze(asked)
    book = rule_book(QuestionSet.objects.get(pk=asked.pk))
    raters = _Raters(campaign)
    for batch in _batches(groupby(staging.ratings(), lambda one: one.task)):
        report.ratings += _write_batch(batch, campaign, book, raters)
    raters.save()
    now = timezone.now()
    Campaign.objects.filter(pk=campaign.pk).update(
        state=CampaignState.CLOSED, opened_at=now, closed_at=now, task_count=tasks, rating_target=report.ratings
    )
    campaign.refresh_from_db()
    report.campaign, report.tasks = campaign, tasks


class _Raters:
    """The file's raters: each becomes one of this campaign, under the code that the file gives it."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._members: dict[str, CampaignRater] = {}

    def of(self, name: str) -> CampaignRater:
        if name not in self._members:
            rater = Rater.objects.create(code=f"{name}@{self._campaign.pk}"[:80], origin=Origin.IMPORT)
            self._members[name] = CampaignRater(campaign=self._campaign, rater=rater)
        return self._members[name]

    def save(self) -> None:
        CampaignRater.objects.bulk_create(self._members.values(), batch_size=BATCH)


def _write_batch(batch: list[tuple[str, list[Staged]]], campaign: Campaign, book: RuleBook, raters: _Raters) -> int:
    subjects = _subjects(campaign, [rated[0].subject for _, rated in batch])
    tasks = Task.objects.bulk_create(_task(campaign, name, rated, subjects) for name, rated in batch)
    now = timezone.now()
    pairs = [(task, one) for task, (_, rated) in zip(tasks, batch, strict=True) for one in rated]
    assignments = Assignment.objects.bulk_create(
        [_assignment(task, one, raters.of(one.rater), now) for task, one in pairs], batch_size=BATCH
    )
    rows = [_rating(assignment, one, book, now) for assignment, (_, one) in zip(assignments, pairs, strict=True)]
    ratings = Rating.objects.bulk_create(rows, batch_size=BATCH)
    by_task: dict[int, list[Rating]] = {}
    for rating in ratings:
        by_task.setdefault(rating.task_id, []).append(rating)
    found = [verdicts.verdict_of(task, campaign, book, by_task[task.pk]) for task in tasks]
    Verdict.objects.bulk_create([one for one in found if one is not None], batch_size=BATCH)
    signals.verdicts_changed.send(Verdict, tasks=[task.pk for task in tasks])
    for _, rated in batch:
        raters.of(rated[-1].rater).finished += 1
    return len(ratings)


def _task(campaign: Campaign, name: str, rated: list[Staged], subjects: dict[str, Subject]) -> Task:
    return Task(
        campaign=campaign,
        name=name,
        subject=subjects.get(rated[0].subject),
        method=rated[0].method,
        state=TaskState.COMPLETE,
        wanted=len(rated),
        done=len(rated),
    )


def _assignment(task: Task, one: Staged, member: CampaignRater, now: datetime) -> Assignment:
    at = one.rated_at or now
    member.leases += 1
    member.taken += 1
    member.ratings += 1
    member.active_ms += one.active_ms
    came = min(at, now)  # figures are old until they are newer than this: a file may be dated in the future
    member.last_at = max(member.last_at or came, came)
    return Assignment(
        task=task,
        campaign_id=task.campaign_id,
        rater_id=member.rater_id,
        state=AssignmentState.DONE,
        leased_at=at,
        lease_until=at,
        ended_at=at,
        number=member.leases,
        active_ms=one.active_ms,
    )


def _rating(assignment: Assignment, one: Staged, book: RuleBook, now: datetime) -> Rating:
    answers = {rule.key: one.answers[rule.key] for rule in book.rules if rule.key in one.answers}
    return Rating(
        assignment=assignment,
        task_id=assignment.task_id,
        campaign_id=assignment.campaign_id,
        rater_id=assignment.rater_id,
        request_id=uuid.uuid4(),
        answers=answers,
        times=one.times,
        active_ms=one.active_ms,
        accepted=bool(voting.accepts(answers, book.passing)),
        origin=Origin.IMPORT,
        made_at=one.rated_at or now,
    )


def _subjects(campaign: Campaign, names: list[str]) -> dict[str, Subject]:
    wanted = {name for name in names if name}
    found = {row.name: row for row in Subject.objects.filter(campaign=campaign, name__in=wanted)}
    new = [Subject(campaign=campaign, name=name) for name in sorted(wanted - set(found))]
    return found | {row.name: row for row in Subject.objects.bulk_create(new)}


def _check_answers(found: Found, book: RuleBook, report: Report) -> None:
    """Answers that the chosen questions do not know; counted, since lines are no longer at hand."""
    known = {rule.key: rule.answers for rule in book.rules}
    for key, given in found.answers.items():
        if key not in known:
            report.problems.append(f"{key!r} is no question of the chosen set. Its questions: {', '.join(known)}.")
            continue
        report.problems.extend(
            f"{answer!r}, given {often:,} times, is no answer to {key!r}. It may be {', '.join(known[key])}."
            for answer, often in given.items()
            if answer not in known[key]
        )


def _scale(given: set[str], wish: Wish, key: str) -> list[str]:
    if wish.scale:
        strange = sorted(given - set(wish.scale))
        if strange:
            raise BadCampaign(f"{strange[0]!r}, an answer to {key!r}, is not in the scale {', '.join(wish.scale)}.")
        return list(wish.scale)
    if given <= set(Answer.values):
        return list(Answer.values)
    if all(_number(answer) is not None for answer in given):
        return sorted(given, key=lambda answer: _number(answer) or 0.0)
    return sorted(given)


def _passing(scale: list[str], wish: Wish, key: str) -> list[str]:
    if wish.passing:
        return [answer for answer in scale if answer in wish.passing]
    if Answer.YES in scale:
        return [Answer.YES.value]
    if _number(scale[-1]) is not None:
        return [scale[-1]]
    raise BadCampaign(f"Which answers to {key!r} pass? It has {', '.join(scale)}: name them.")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _key(key: str) -> str:
    if not _KEY.match(key):
        raise BadCampaign(f"{key!r} is no key of a question: it has up to 40 letters, digits, hyphens and underscores.")
    return key


def _set_name(name: str) -> str:
    return "import-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]


def _batches(groups: Iterable[tuple[str, Iterator[Staged]]]) -> Iterator[list[tuple[str, list[Staged]]]]:
    held: list[tuple[str, list[Staged]]] = []
    for task, rated in groups:
        held.append((task, list(rated)))
        if len(held) == BATCH:
            yield held
            held = []
    if held:
        yield held
