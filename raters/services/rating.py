"""What a rater does with an image: rate it, skip it, report it, give it back.

Each is one short transaction that locks the rater's row in the campaign first, so that two tabs of one person never
act at once, and then the task, so that no two raters count it at once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from raters import leasing, rows, voting
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
from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, Rater, Rating, Task
from raters.models.campaigns import CampaignState
from raters.models.tasks import AGAIN, AssignmentState, TaskState
from raters.questions import RuleBook, rule_book
from raters.services import gold, people
from raters.services.settling import settle_task
from raters.turns import writing

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
    with writing():
        member = people.locked_member(rater, campaign)
        people.check_may_rate(member, campaign)
        return Hands(member, campaign, leasing.fill_hands(member, campaign, hold=hold))


def submit(rater: Rater, assignment: UUID, sent: Submission) -> Rating:
    """Keep a rating and what follows from it: counts, verdict, qualification. The same request twice is one rating.

    Raises NotFound, NotHeld, AlreadyRated, EnoughRatings, RequestReused, BadAnswers, CampaignNotOpen.
    """
    with _one_request(rater, sent), writing():
        rating, member, _ = _submit(rater, assignment, sent)
        member.save()
        return rating


def submit_and_lease(rater: Rater, assignment: UUID, sent: Submission) -> tuple[Rating, Hands]:
    """As `submit`, and what comes next, in one transaction; where nothing may come, the hands say why.

    Raises as `submit` does.
    """
    with _one_request(rater, sent), writing():
        rating, member, campaign = _submit(rater, assignment, sent)
        try:
            people.check_may_rate(member, campaign)
        except Refused as refusal:
            member.save()
            return rating, Hands(member, campaign, [], notice=str(refusal))
        return rating, Hands(member, campaign, leasing.fill_hands(member, campaign))


@contextmanager
def _one_request(rater: Rater, sent: Submission) -> Iterator[None]:
    """Tell a request id that was used for another image from any other broken rule of the database."""
    try:
        yield
    except IntegrityError:
        if Rating.objects.filter(rater=rater, request_id=sent.request_id).exists():
            raise RequestReused from None
        raise


def _submit(rater: Rater, assignment: UUID, sent: Submission) -> tuple[Rating, CampaignRater, Campaign]:
    """The rating, and the rater's place in the campaign with new counts, which the caller saves."""
    held = _own(rater, assignment)
    campaign = held.campaign
    member = people.locked_member(rater, campaign)
    if held.state != AssignmentState.HELD and (former := _former(held, sent)) is not None:
        return former, member, campaign
    check_takes_answers(member, campaign)
    answers = rule_book(campaign.question_set).checked(sent.answers)
    task = rows.task(held.task_id)
    # Between the first look and the lock, another tab may have rated it, another rater may have reclaimed it, or an
    # operator may have closed the campaign.
    held.state, campaign.state = rows.states(held)
    if held.state == AssignmentState.DONE and (former := _former(held, sent)) is not None:
        return former, member, campaign
    check_takes_answers(member, campaign)
    _claim(held, task)
    rating = _record(held, task, answers, sent)
    _count(member, campaign, task, rating)
    return rating, member, campaign


def _former(held: Assignment, sent: Submission) -> Rating | None:
    """The rating that this very request has made already."""
    return Rating.objects.filter(assignment=held, request_id=sent.request_id).first()


@writing()
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


@writing()
def skip(rater: Rater, assignment: UUID, reason: str) -> None:
    """Leave an image to others, for good. Raises BadRequest without a reason, NotFound, NotHeld."""
    held, member = locked(rater, assignment)
    _end(held, AssignmentState.SKIPPED, _reason(reason))
    _passed_over(member, held)


@writing()
def report(rater: Rater, assignment: UUID, reason: str) -> None:
    """Say that an image is broken or unsafe. Reported twice, or by the only rater, it is withheld from the others.

    Raises BadRequest without a reason, NotFound, NotHeld.
    """
    held, member = locked(rater, assignment)
    text = _reason(reason)
    _end(held, AssignmentState.REPORTED, text)
    task = rows.task(held.task_id)
    was_complete = task.state == TaskState.COMPLETE
    task.reports += 1
    if task.state != TaskState.GOLD and task.reports >= min(REPORTS_TO_WITHHOLD, task.wanted):
        task.state = TaskState.WITHHELD
    task.save(update_fields=["reports", "state"])
    withheld = task.state == TaskState.WITHHELD
    details = {"task": task.pk, "reason": text, "reports": task.reports, "withheld": withheld}
    CampaignEvent.objects.create(campaign=held.campaign, kind="image reported", by=rater.user, details=details)
    member.finished -= was_complete and withheld  # what is withheld is not done; `tasks.release` counts it again
    _passed_over(member, held)


@writing()
def give_back(rater: Rater, campaign: Campaign) -> int:
    """Give back all that the rater holds in the campaign; drafts stay with them. Returns how many."""
    member = (
        CampaignRater.objects.select_for_update(of=("self",), no_key=True)
        .filter(rater=rater, campaign=campaign)
        .first()
    )
    if member is None:
        return 0
    return sum(leasing.take_back(one, AssignmentState.RETURNED) for one in leasing.held_by(member))


def checked_times(times: Any, book: RuleBook) -> dict[str, int]:
    """Milliseconds per question, of known questions only. Raises BadRequest for what is no number."""
    if not isinstance(times, Mapping):
        raise BadRequest("Times are sent as an object of question keys and milliseconds.")
    known = {rule.key for rule in book.rules}
    if any(isinstance(ms, bool) or not isinstance(ms, int | float) or not ms >= 0 for ms in times.values()):
        raise BadRequest("Times are milliseconds: numbers of at least 0.")
    return {key: int(min(ms, LONGEST_MS)) for key, ms in times.items() if key in known}


def _own(rater: Rater, assignment: UUID, *, lock: bool = False) -> Assignment:
    held = rows.assignment(rater.pk, assignment, lock=lock)
    if held is None:
        raise NotFound
    return held


def locked(rater: Rater, assignment: UUID) -> tuple[Assignment, CampaignRater]:
    """The rater's own assignment and their place in its campaign, which is locked. Raises NotFound."""
    held = _own(rater, assignment)
    return held, people.locked_member(rater, held.campaign)


def check_takes_answers(member: CampaignRater, campaign: Campaign) -> None:
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
        member.finished += settle_task(task, campaign, held=-1, done=1)
        member.ratings += 1
        member.taken += 1


def _end(held: Assignment, state: AssignmentState, reason: str) -> None:
    if not leasing.take_back(held, state, reason):
        now = Assignment.objects.values_list("state", flat=True).get(pk=held.pk)
        raise AlreadyRated if now == AssignmentState.DONE else NotHeld


def _passed_over(member: CampaignRater, held: Assignment) -> None:
    """The rater will not be handed this image again."""
    is_gold = Task.objects.filter(pk=held.task_id, state=TaskState.GOLD).exists()
    member.skips += 1
    member.taken += not is_gold
    member.save(update_fields=["skips", "taken", "finished"])


def _reason(text: Any) -> str:
    if not isinstance(text, str) or not plain(text):
        raise BadRequest("Say in a few words why: the reason is empty.")
    return plain(text)


def plain(text: str) -> str:
    """A person's words as every database takes them: no NUL, no half of a letter, of a length that ends."""
    return text.encode(errors="ignore").decode().replace("\0", "").strip()[:LONGEST_REASON]
