"""What a rater does with an image: rate it, skip it, report it, give it back, change their mind, withdraw.

Each is one short transaction that locks the rater's row in the campaign first, so that two tabs of one person never
act at once, and then the task, so that no two raters count it at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from raters import leasing, voting
from raters.exceptions import (
    AlreadyRated,
    BadRequest,
    CampaignNotOpen,
    EnoughRatings,
    NotAllowed,
    NotFound,
    NotHeld,
    Refused,
    RequestReused,
)
from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, Rater, Rating, RatingChange, Task
from raters.models.campaigns import CampaignState
from raters.models.tasks import AGAIN, AssignmentState, TaskState
from raters.questions import RuleBook, rule_book
from raters.services import gold, people, verdicts

LONGEST_REASON = 500
LONGEST_MS = 24 * 3600 * 1000
REPORTS_TO_WITHHOLD = 2


@dataclass(frozen=True)
class Submission:
    """A rating as it arrives: answers by question key, attention in milliseconds per question and in all."""

    request_id: UUID
    answers: Any
    times: Mapping[str, int] = field(default_factory=dict)
    active_ms: int = 0


@dataclass(frozen=True)
class Hands:
    """What a rater has in hand: the image to rate, the one after it; or, with none, the sentence that says why."""

    member: CampaignRater
    campaign: Campaign
    assignments: list[Assignment]
    notice: str | None = None


def lease_next(rater: Rater, campaign: Campaign, *, hold: int = leasing.HELD_AT_ONCE) -> Hands:
    """What the rater is to rate now, and what after it; no assignments when there is nothing for them.

    Raises CampaignNotOpen, NotAllowed or NotQualified.
    """
    with transaction.atomic():
        member = people.locked_member(rater, campaign)
        people.check_may_rate(member, campaign)
        return Hands(member, campaign, leasing.fill_hands(member, campaign, hold=hold))


def submit(rater: Rater, assignment: UUID, sent: Submission) -> Rating:
    """Keep a rating and what follows from it: counts, verdict, qualification. The same request twice is one rating.

    Raises NotFound, NotHeld, AlreadyRated, EnoughRatings, RequestReused, BadAnswers, CampaignNotOpen.
    """
    with transaction.atomic():
        return _submit(rater, assignment, sent)[0]


def submit_and_lease(rater: Rater, assignment: UUID, sent: Submission) -> tuple[Rating, Hands]:
    """As `submit`, and what comes next, in one transaction; where nothing may come, the hands say why.

    Raises as `submit` does.
    """
    with transaction.atomic():
        rating, member, campaign = _submit(rater, assignment, sent)
        try:
            people.check_may_rate(member, campaign)
        except Refused as refusal:
            return rating, Hands(member, campaign, [], notice=str(refusal))
        return rating, Hands(member, campaign, leasing.fill_hands(member, campaign))


def _submit(rater: Rater, assignment: UUID, sent: Submission) -> tuple[Rating, CampaignRater, Campaign]:
    held = _own(rater, assignment)
    campaign = held.campaign
    member = people.locked_member(rater, campaign)
    former = Rating.objects.filter(rater=rater, request_id=sent.request_id).first()
    if former is not None:
        if former.assignment_id != held.pk:
            raise RequestReused
        return former, member, campaign
    _check_takes_answers(member, campaign)
    answers = rule_book(campaign.question_set).checked(sent.answers)
    task = Task.objects.select_for_update(of=("self",)).get(pk=held.task_id)
    held.refresh_from_db(fields=["state", "lease_until"])
    _claim(held, task)
    rating = _record(held, task, answers, sent)
    _count(member, campaign, task, rating)
    return rating, member, campaign


@transaction.atomic
def save_draft(rater: Rater, assignment: UUID, answers: Any, times: Any = None, active_ms: int = 0) -> Assignment:
    """Keep what is answered so far, and renew the lease: who answers is there. Raises as `submit` does."""
    held = _own(rater, assignment, lock=True)
    if held.state not in (AssignmentState.HELD, *AGAIN):
        raise AlreadyRated if held.state == AssignmentState.DONE else NotHeld
    book = rule_book(held.campaign.question_set)
    held.draft = {"answers": book.checked(answers, whole=False), "times": checked_times(times or {}, book)}
    held.active_ms = min(max(active_ms, 0), LONGEST_MS)
    held.lease_until = leasing.lease_end(held.campaign, timezone.now())
    held.save(update_fields=["draft", "active_ms", "lease_until"])
    return held


@transaction.atomic
def skip(rater: Rater, assignment: UUID, reason: str) -> None:
    """Leave an image to others, for good. Raises BadRequest without a reason, NotFound, NotHeld."""
    held, member = _locked(rater, assignment)
    _end(held, AssignmentState.SKIPPED, _reason(reason))
    _passed_over(member, held)


@transaction.atomic
def report(rater: Rater, assignment: UUID, reason: str) -> None:
    """Say that an image is broken or unsafe. Reported twice, or by the only rater, it is withheld from the others.

    Raises BadRequest without a reason, NotFound, NotHeld.
    """
    held, member = _locked(rater, assignment)
    text = _reason(reason)
    _end(held, AssignmentState.REPORTED, text)
    task = Task.objects.select_for_update(of=("self",)).get(pk=held.task_id)
    task.reports += 1
    if task.state != TaskState.GOLD and task.reports >= min(REPORTS_TO_WITHHOLD, task.wanted):
        task.state = TaskState.WITHHELD
    task.save(update_fields=["reports", "state"])
    withheld = task.state == TaskState.WITHHELD
    details = {"task": task.pk, "reason": text, "reports": task.reports, "withheld": withheld}
    CampaignEvent.objects.create(campaign=held.campaign, kind="image reported", by=rater.user, details=details)
    _passed_over(member, held)


@transaction.atomic
def give_back(rater: Rater, campaign: Campaign) -> int:
    """Give back all that the rater holds in the campaign; drafts stay with them. Returns how many."""
    member = CampaignRater.objects.select_for_update(of=("self",)).filter(rater=rater, campaign=campaign).first()
    if member is None:
        return 0
    return sum(leasing.take_back(one, AssignmentState.RETURNED) for one in leasing.held_by(member))


@transaction.atomic
def change(rater: Rater, assignment: UUID, answers: Any, *, reason: str = "") -> Rating:
    """Put other answers in place of one's own earlier ones; the earlier ones are kept. The verdict follows.

    Raises NotFound, NotHeld for one never rated or withdrawn, BadAnswers, CampaignNotOpen once it is closed.
    """
    rating, task = _own_rating(rater, assignment)
    book = rule_book(rating.campaign.question_set)
    new = book.checked(answers)
    if new == rating.answers:
        return rating
    former = rating.answers
    rating.answers, rating.changed_at = new, timezone.now()
    rating.accepted = bool(voting.accepts(new, book.passing))
    rating.save(update_fields=["answers", "changed_at", "accepted"])
    _note(rating, RatingChange.Kind.CHANGED, before=former, by=rater.user, reason=reason)
    settle(task, rating)
    return rating


@transaction.atomic
def withdraw(rater: Rater, assignment: UUID, *, reason: str = "") -> Rating:
    """Take one's rating back: it is kept and does not count, and another rater is asked. Raises as `change` does."""
    rating, task = _own_rating(rater, assignment)
    rating.withdrawn_at = timezone.now()
    rating.save(update_fields=["withdrawn_at"])
    Assignment.objects.filter(pk=rating.assignment_id).update(state=AssignmentState.WITHDRAWN)
    _note(rating, RatingChange.Kind.WITHDRAWN, before=rating.answers, by=rater.user, reason=reason)
    settle(task, rating, done=-1)
    return rating


def settle(task: Task, rating: Rating, *, held: int = 0, done: int = 0) -> None:
    """Bring a locked task's counts, its verdict and its rater's share of the progress in step with a changed rating.

    Call it with the rater's row locked as well, by `people.locked_member`, and locked before the task.
    """
    if task.state == TaskState.GOLD:
        return
    member = CampaignRater.objects.get(campaign=rating.campaign_id, rater=rating.rater_id)
    finished = _settle_task(task, rating.campaign, held=held, done=done)
    member.finished += finished
    member.ratings = max(0, member.ratings + done)
    member.save(update_fields=["finished", "ratings"])


def checked_times(times: Any, book: RuleBook) -> dict[str, int]:
    """Milliseconds per question, of known questions only. Raises BadRequest for what is no number."""
    if not isinstance(times, Mapping):
        raise BadRequest("Times are sent as an object of question keys and milliseconds.")
    known = {rule.key for rule in book.rules}
    if any(isinstance(ms, bool) or not isinstance(ms, int | float) or not ms >= 0 for ms in times.values()):
        raise BadRequest("Times are milliseconds: numbers of at least 0.")
    return {key: int(min(ms, LONGEST_MS)) for key, ms in times.items() if key in known}


def _own(rater: Rater, assignment: UUID, *, lock: bool = False) -> Assignment:
    rows = Assignment.objects.select_related("campaign__question_set")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(uuid=assignment, rater=rater).first()
    if found is None:
        raise NotFound
    return found


def _locked(rater: Rater, assignment: UUID) -> tuple[Assignment, CampaignRater]:
    held = _own(rater, assignment)
    return held, people.locked_member(rater, held.campaign)


def _check_takes_answers(member: CampaignRater, campaign: Campaign) -> None:
    """A rater in the middle of an image may finish it while the campaign is paused, and never once it is closed."""
    if campaign.state not in (CampaignState.OPEN, CampaignState.PAUSED):
        raise CampaignNotOpen(f"The campaign “{campaign.name}” is {campaign.state}: it takes no more ratings.")
    if member.state == CampaignRater.State.BLOCKED:
        raise NotAllowed("An operator has taken you off this campaign. Ask them if you think that is a mistake.")


def _claim(held: Assignment, task: Task) -> None:
    """Make sure that the rater has a place on the locked task: the one they hold, or a free one if it ran out."""
    if held.state == AssignmentState.HELD:
        return
    if held.state == AssignmentState.DONE:
        raise AlreadyRated
    if held.state not in AGAIN:
        raise NotHeld
    if task.state == TaskState.WITHHELD or (task.state != TaskState.GOLD and task.held + task.done >= task.wanted):
        raise EnoughRatings
    if task.state != TaskState.GOLD:
        task.held += 1


def _record(held: Assignment, task: Task, answers: dict[str, str], sent: Submission) -> Rating:
    now, campaign = timezone.now(), held.campaign
    book = rule_book(campaign.question_set)
    active_ms = min(max(int(sent.active_ms), 0), LONGEST_MS)
    rating = Rating.objects.create(
        assignment=held,
        task=task,
        campaign=campaign,
        rater_id=held.rater_id,
        request_id=sent.request_id,
        answers=answers,
        times=checked_times(sent.times, book),
        active_ms=active_ms,
        accepted=bool(voting.accepts(answers, book.passing)),
        gold=task.state == TaskState.GOLD,
        origin=campaign.origin,
        guidelines_version=campaign.guidelines_version,
        made_at=now,
    )
    Assignment.objects.filter(pk=held.pk).update(
        state=AssignmentState.DONE, ended_at=now, draft={}, active_ms=active_ms
    )
    return rating


def _count(member: CampaignRater, campaign: Campaign, task: Task, rating: Rating) -> None:
    """The rater's own counts, the task's, and the verdict; or the qualification, after a gold item."""
    today = timezone.now().date()
    member.today = member.today + 1 if member.today_on == today else 1
    member.today_on, member.last_at = today, rating.made_at
    member.active_ms += rating.active_ms
    if rating.gold:
        member.gold_ratings += 1
        gold.judge(member, campaign)
    else:
        member.finished += _settle_task(task, campaign, held=-1, done=1)
        member.ratings += 1
        member.taken += 1
    member.save()


def _settle_task(task: Task, campaign: Campaign, *, held: int, done: int) -> int:
    """Counts and verdict of a locked task; returns how much further the campaign is: 1, 0 or -1 complete tasks."""
    before = task.state == TaskState.COMPLETE
    verdict = verdicts.recompute(task, campaign)
    # Excluded ratings keep their place: with them the task may be complete and its verdict be one of fewer votes.
    leasing.move(task, held=held, done=done, complete=bool(verdict and verdict.early))
    return (task.state == TaskState.COMPLETE) - before


def _end(held: Assignment, state: AssignmentState, reason: str) -> None:
    if not leasing.take_back(held, state, reason):
        now = Assignment.objects.values_list("state", flat=True).get(pk=held.pk)
        raise AlreadyRated if now == AssignmentState.DONE else NotHeld


def _passed_over(member: CampaignRater, held: Assignment) -> None:
    """The rater will not be handed this image again."""
    is_gold = Task.objects.filter(pk=held.task_id, state=TaskState.GOLD).exists()
    member.skips += 1
    member.taken += not is_gold
    member.save(update_fields=["skips", "taken"])


def _own_rating(rater: Rater, assignment: UUID) -> tuple[Rating, Task]:
    held, member = _locked(rater, assignment)
    _check_takes_answers(member, held.campaign)
    task = Task.objects.select_for_update(of=("self",)).get(pk=held.task_id)
    rating = Rating.objects.filter(assignment=held).select_related("campaign__question_set").first()
    if rating is None:
        raise NotHeld("You have not rated this image, so there is nothing to change.")
    if rating.withdrawn_at is not None:
        raise NotHeld("You have withdrawn this rating. It stays as it was and does not count.")
    return rating, task


def _reason(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise BadRequest("Say in a few words why: the reason is empty.")
    return text.strip()[:LONGEST_REASON]


def _note(rating: Rating, kind: RatingChange.Kind, *, before: dict[str, str], by: Any, reason: str) -> None:
    after = rating.answers if kind == RatingChange.Kind.CHANGED else {}
    RatingChange.objects.create(
        rating=rating, kind=kind, before=before, after=after, by=by, reason=reason[:LONGEST_REASON]
    )
