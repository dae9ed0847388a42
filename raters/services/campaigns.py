"""Makes campaigns, changes their settings, and moves them: draft → open ⇄ paused → closed."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from raters import leasing, rows, signals
from raters.exceptions import BadCampaign
from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, GoldItem, Rating, Task
from raters.models.campaigns import CampaignState, Origin
from raters.models.tasks import AssignmentState
from raters.services import gold, questions, webhooks
from raters.services.settling import settle_task

# What may still be changed once raters have begun: nothing that would make their ratings mean something else.
LATER = frozenset(
    {"name", "guidelines", "lease_minutes", "gold_share", "gold_feedback", "per_rater_limit", "by_invitation"}
)
SETTINGS = LATER | {
    "question_set", "raters_per_image", "vote", "early_stop", "tie_break", "show_prompt", "qualification_items",
    "qualification_share", "seed",
}  # fmt: skip
LONGEST_LEASE = 24 * 60  # minutes
MOST_RATERS = (50, 1_000)  # of an image: of one that is rated here, and of one that others rated


@transaction.atomic
def make_campaign(name: str, *, by: Any = None, **settings: Any) -> Campaign:
    """A draft, with the paper's eight questions unless others are given. Raises BadCampaign."""
    settings["question_set"] = settings.get("question_set") or questions.default_question_set()
    campaign = _unsaved(name, settings)
    campaign.made_by = by
    campaign.save()
    _event(campaign, "made", by)
    return campaign


def check_settings(name: str, **settings: Any) -> None:
    """Raise BadCampaign where `make_campaign` would; nothing is written."""
    _unsaved(name, settings)


@transaction.atomic
def change_campaign(campaign: Campaign, *, by: Any = None, **settings: Any) -> Campaign:
    """Change settings of a campaign; once it was opened, only those that leave the meaning of ratings alone.

    What is rated stays as it is. Raises BadCampaign.
    """
    row = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if row.state == CampaignState.CLOSED:
        raise BadCampaign("A closed campaign stays as it is. Make a new one.")
    _known(settings, SETTINGS)
    changed = {name: value for name, value in settings.items() if getattr(row, name) != value}
    fixed = sorted(set(changed) - LATER)
    if row.state != CampaignState.DRAFT and fixed:
        raise BadCampaign(
            f"{fixed[0].replace('_', ' ').capitalize()} cannot be changed once a campaign was opened: its ratings would"
            " no longer mean the same. Make a new campaign."
        )
    before = {name: getattr(row, name) for name in changed}
    for name, value in changed.items():
        setattr(row, name, value)
    if "guidelines" in changed and row.state != CampaignState.DRAFT:
        row.guidelines_version += 1
    _check(row)
    row.save()
    if "raters_per_image" in changed:
        _ask_for(row)
    if changed:
        _event(row, "changed", by, before=_plain(before), after=_plain(changed))
    return row


@transaction.atomic
def open_campaign(campaign: Campaign, *, by: Any = None) -> Campaign:
    """Let raters begin, or go on after a pause; its questions are frozen. Raises BadCampaign."""
    # Nobody puts other questions in place of those that are frozen here.
    Campaign.objects.select_for_update(of=("self",), no_key=True).get(pk=campaign.pk)
    campaign.refresh_from_db()
    if campaign.state == CampaignState.DRAFT:
        _check_can_open(campaign)
        questions.freeze(campaign.question_set)
    moment = {"opened_at": timezone.now()} if campaign.opened_at is None else {}
    return _move(campaign, (CampaignState.DRAFT, CampaignState.PAUSED), CampaignState.OPEN, by, moment)


@transaction.atomic
def pause(campaign: Campaign, *, by: Any = None) -> Campaign:
    """Hand out nothing more; what raters hold they may finish. Raises BadCampaign."""
    return _move(campaign, (CampaignState.OPEN,), CampaignState.PAUSED, by, {})


def close(campaign: Campaign, *, by: Any = None) -> Campaign:
    """End it for good: nothing is handed out or taken any more, and what was held is given back. Raises BadCampaign."""
    open_states = (CampaignState.DRAFT, CampaignState.OPEN, CampaignState.PAUSED)
    with transaction.atomic():
        # Who is handing an image out at this moment shares this row (`rows.campaign_state`): they are waited for, and
        # whoever comes after sees that it is closed. Tasks are locked in a transaction of their own, never with it.
        Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
        closed = _move(campaign, open_states, CampaignState.CLOSED, by, {"closed_at": timezone.now()})
        webhooks.note_closed(closed)
    _end(closed)
    return closed


def settle_closed() -> int:
    """End what was left open in closed campaigns, where the process that closed them died; returns how many it was."""
    held = Assignment.objects.filter(state=AssignmentState.HELD, campaign__state=CampaignState.CLOSED)
    asking = _asking_once_more().filter(campaign__state=CampaignState.CLOSED)
    still = Q(pk__in=held.values("campaign")) | Q(pk__in=asking.values("campaign"))
    closed = list(Campaign.objects.filter(still).select_related("question_set").order_by("pk"))
    for campaign in closed:
        _end(campaign)
    return len(closed)


def _end(closed: Campaign) -> None:
    """Give back what raters hold, and ask nobody any more to break a tie: a tie is the verdict then."""
    _give_all_back(closed)
    for task in list(_asking_once_more().filter(campaign=closed).values_list("pk", flat=True)):
        _ask_no_more(task, closed)


def _asking_once_more() -> QuerySet[Task]:
    return Task.objects.filter(extra__gt=0, wanted=F("done") + 1)


@transaction.atomic
def _ask_no_more(pk: int, closed: Campaign) -> None:
    newest = Rating.objects.filter(task=pk, withdrawn_at=None).order_by("-pk").first()
    if newest is None:
        return
    # A rater's row before the task, as everywhere: theirs is the image that is done now.
    member = rows.member(newest.rater_id, closed.pk)
    finished = settle_task(rows.task(pk), closed, held=0, done=0)
    if member is not None:
        CampaignRater.objects.filter(pk=member.pk).update(finished=F("finished") + finished)


@transaction.atomic
def _give_all_back(closed: Campaign) -> None:
    held = Assignment.objects.filter(campaign=closed, state=AssignmentState.HELD)
    # The tasks before their assignments, as everywhere: who is submitting at this moment is waited for.
    tasks = Task.objects.filter(pk__in=list(held.values_list("task_id", flat=True)))
    locked = {task.pk: task for task in tasks.order_by("pk").select_for_update(of=("self",), no_key=True)}
    for assignment in held.filter(task__in=locked):
        Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.RETURNED, ended_at=timezone.now())
        leasing.put_back(locked[assignment.task_id])


@transaction.atomic
def delete_draft(campaign: Campaign) -> None:
    """Remove a campaign that was never opened, with its images. Raises BadCampaign for any other: ratings stay."""
    row = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if row.opened_at is not None or Assignment.objects.filter(campaign=row).exists():
        raise BadCampaign(
            "Only a campaign that was never opened can be deleted: what is rated stays. Close it instead."
        )
    GoldItem.objects.filter(campaign=row).delete()
    for model in (Task, CampaignEvent, CampaignRater):
        model.objects.filter(campaign=row).delete()
    row.delete()


def _move(
    campaign: Campaign, before: tuple[CampaignState, ...], after: CampaignState, by: Any, moment: dict[str, Any]
) -> Campaign:
    moved = Campaign.objects.filter(pk=campaign.pk, state__in=before).update(state=after, **moment)
    campaign.refresh_from_db()
    if not moved:
        raise BadCampaign(f"The campaign “{campaign.name}” is {campaign.state} and cannot be {_DONE[after]}.")
    _event(campaign, _DONE[after], by)
    told = {"campaign": campaign.pk, "state": str(after)}
    transaction.on_commit(partial(signals.campaign_moved.send_robust, Campaign, **told))
    return campaign


_DONE = {CampaignState.OPEN: "opened", CampaignState.PAUSED: "paused", CampaignState.CLOSED: "closed"}


def _check_can_open(campaign: Campaign) -> None:
    if not campaign.task_count:
        raise BadCampaign("There is nothing to rate yet: add images first.")
    qualifying = campaign.gold_items.filter(use="qualification").count()
    if qualifying < campaign.qualification_items:
        raise BadCampaign(
            f"The qualification round needs {campaign.qualification_items} gold items made for it, and there are"
            f" {qualifying}."
        )
    if campaign.gold_share and campaign.gold_count - qualifying < 1:
        raise BadCampaign("Gold items are to be mixed in, and there are none: make some, or set their share to 0.")
    gold.check_all(campaign)


def _unsaved(name: str, settings: dict[str, Any]) -> Campaign:
    origin = settings.pop("origin", Origin.PERSON)
    campaign = Campaign(name=name.strip(), origin=origin, **_known(settings, SETTINGS))
    _check(campaign)
    return campaign


def _check(campaign: Campaign) -> None:
    try:
        campaign.full_clean(exclude={"question_set", "made_by"}, validate_constraints=False)
    except ValidationError as error:
        field, sentences = next(iter(error.message_dict.items()))
        raise BadCampaign(f"The campaign has a wrong {field.replace('_', ' ')}: {sentences[0]}") from None
    within = (
        ("raters_per_image", 1, MOST_RATERS[campaign.origin == Origin.IMPORT]), ("lease_minutes", 1, LONGEST_LEASE),
        ("gold_share", 0, 0.5), ("qualification_share", 0, 1), ("qualification_items", 0, 200),
        ("per_rater_limit", 1, 10_000_000),
    )  # fmt: skip
    for field, least, most in within:
        value = getattr(campaign, field)
        if value is not None and not least <= value <= most:
            raise BadCampaign(f"{field.replace('_', ' ').capitalize()} is {value}: it may be {least} to {most}.")


def _known(settings: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    strange = sorted(set(settings) - known)
    if strange:
        raise BadCampaign(f"{strange[0]!r} is no setting of a campaign. The settings: {', '.join(sorted(known))}.")
    return settings


def _ask_for(campaign: Campaign) -> None:
    """In a draft, every task asks for the new number of raters."""
    Task.objects.filter(campaign=campaign).update(wanted=campaign.raters_per_image)
    campaign.rating_target = campaign.task_count * campaign.raters_per_image
    campaign.save(update_fields=["rating_target"])


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, bool | int | float | str | None) else str(value)
        for name, value in values.items()
    }


def _event(campaign: Campaign, kind: str, by: Any, **details: Any) -> None:
    CampaignEvent.objects.create(campaign=campaign, kind=kind, by=by, details=details)
