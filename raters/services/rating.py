"""What a rater does with an image: rate it, or give it back; `services.passing` is to skip or report it.

Each is one short transaction that locks the rater's row in the campaign first, so that two tabs of one person never
act at once, and then the task, so that no two raters count it at once.
"""

from collections.abc import Collection, Iterator, Mapping
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
from raters.models import Assignment, Campaign, CampaignRater, Rater, Rating, Task
from raters.models.campaigns import CampaignState
from raters.models.tasks import AGAIN, AssignmentState, TaskState
from raters.questions import RuleBook, rule_book
from raters.services import gold, people
from raters.services.settling import settle_task
from raters.turns import writing

LONGEST_REASON = 500
LONGEST_MS = 24 * 3600 * 1000
MOST_KEPT = 100  # images that a page that goes is not done with: far more than a rater ever holds


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
        return rating, what_comes_next(member, campaign)


def what_comes_next(member: CampaignRater, campaign: Campaign) -> Hands:
    """What a rater has in hand after an act of theirs, which stands whether anything comes or not; saves `member`."""
    try:
        people.check_may_rate(member, campaign)
    except Refused as refusal:
        member.save()
        return Hands(member, campaign, [], notice=str(refusal))
    return Hands(member, campaign, leasing.fill_hands(member, campaign))


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
def give_back(rater: Rater, campaign: Campaign, *, keep: Collection[UUID] = ()) -> int:
    """Give back all that the rater holds in the campaign but `keep`; drafts stay with them. Returns how many."""
    member = (
        CampaignRater.objects.select_for_update(of=("self",), no_key=True)
        .filter(rater=rater, campaign=campaign)
        .first()
    )
    if member is None:
        return 0
    going = leasing.held_by(member).exclude(uuid__in=keep)
    return sum(leasing.take_back(one, AssignmentState.RETURNED) for one in going)


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
    rating = Rating(
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
    rows.insert(rating)
    held.state, held.ended_at, held.draft, held.active_ms = AssignmentState.DONE, now, {}, active_ms
    rows.write(held, ("state", "ended_at", "draft", "active_ms"))
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


def plain(text: str) -> str:
    """A person's words as every database takes them: no NUL, no half of a letter, of a length that ends."""
    return text.encode(errors="ignore").decode().replace("\0", "").strip()[:LONGEST_REASON]
