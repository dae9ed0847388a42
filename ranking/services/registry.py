"""Who decides: promotion through the gate, or over it with a reason; rollback; shadows.

A promotion has two halves. First all images are scored by the ranker that is to decide (`running.promoting`), which may
take long, break off and begin again. Then one short transaction makes it champion: before it nothing has changed, after
it everything has.
"""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs import plain, services
from ranking.exceptions import NotPromoted
from ranking.models import LabelSet, Promotion, Ranker, Trial
from ranking.models.rankers import RankerState
from ranking.services import policy, scoring

PROMOTE = "ranking.promote"
LEAST_REASON = 10  # letters
THE_SUM = "the plain sum"
_MAY_RISE = (RankerState.CANDIDATE, RankerState.SHADOW, RankerState.RETIRED)


def champion() -> Ranker | None:
    """The ranker that decides; None: the plain sum does."""
    return Ranker.objects.filter(state=RankerState.CHAMPION).first()


def ask_for_promotion(ranker: Ranker, *, by: Any = None, reason: str = "") -> Promotion:
    """Have a ranker made champion in the background: images are scored, then it takes over at once.

    `reason` is why, where the gate says no or was not asked. Raises NotPromoted.
    """
    with transaction.atomic():
        promotion = begin_promotion(ranker, by=by, reason=reason)
        job = services.submit(PROMOTE, {"promotion": promotion.pk}, subject=f"Promotion of {ranker}"[:200], asked_by=by)
        promotion.job = job
        promotion.save(update_fields=["job"])
    return promotion


def begin_promotion(ranker: Ranker, *, by: Any = None, reason: str = "") -> Promotion:
    """A promotion that is being prepared; nothing has changed yet. Raises NotPromoted."""
    ranker.refresh_from_db()
    now = champion()
    if ranker.state not in _MAY_RISE:
        raise NotPromoted(f"{ranker} is the champion already.")
    kept = why_not(ranker, now)
    reason = plain.text(reason).strip()
    if kept and len(reason) < LEAST_REASON:
        raise NotPromoted(f"{kept} To promote it all the same, write why, in {LEAST_REASON} letters or more.")
    kind = Promotion.Kind.OVERRIDE if kept else Promotion.Kind.PROMOTION
    try:
        with transaction.atomic():
            return Promotion.objects.create(
                kind=kind, before=now, after=ranker, gate=ranker.gate, reason=reason[:1000], by=by
            )
    except IntegrityError:
        raise NotPromoted("Another promotion is being prepared: wait for its end, or cancel its job.") from None


def why_not(ranker: Ranker, now: Ranker | None) -> str:
    """Why the gate does not let a ranker through, in a sentence; empty where it does."""
    gate = ranker.gate
    against = str(now) if now else THE_SUM
    if not gate:
        return f"{ranker} has not been through the gate."
    if gate.get("against") != (now.pk if now else None):
        return f"The gate held {ranker} against another champion than {against}, which decides now: evaluate it again."
    top = policy.current().top
    if gate.get("picks", top) != top:
        return f"The gate judged {gate['picks']} picks of a product by {ranker}, and {top} ship now: evaluate it again."
    if not gate.get("promote"):
        return f"The gate says no: {' '.join(gate.get('reasons', []))}".strip()
    return ""


@transaction.atomic
def switch(promotion: Promotion) -> Promotion:
    """Make the ranker of a prepared promotion champion, in one step with everything that follows from it.

    Done twice, it is done once. Raises NotPromoted where somebody else has become champion since it was asked for.
    """
    row = Promotion.objects.select_for_update(of=("self",)).get(pk=promotion.pk)
    if row.state == Promotion.State.DONE:
        return row
    if row.state == Promotion.State.FAILED:
        raise NotPromoted(f"This promotion has ended: {row.problem or 'it was given up.'} Ask for it again.")
    _crown(row.before, row.after)
    row.state, row.done_at = Promotion.State.DONE, timezone.now()
    row.save(update_fields=["state", "done_at"])
    return row


def rollback(*, by: Any = None, reason: str = "") -> Promotion:
    """Give back to whoever decided before the champion, at once; images that came since are scored after it.

    Done again it goes one further back, and never forth. Raises NotPromoted where the plain sum decides, behind which
    there is nothing.
    """
    with transaction.atomic():
        now = champion()
        if now is None:
            raise NotPromoted("The plain sum decides, and there is nothing before it to go back to.")
        former = _before(now)
        _crown(now, former)
        done = Promotion.objects.create(
            kind=Promotion.Kind.ROLLBACK,
            state=Promotion.State.DONE,
            before=now,
            after=former,
            reason=plain.text(reason).strip()[:1000],
            by=by,
            done_at=timezone.now(),
        )
        if former is not None:
            scoring.ask(former, by)
    return done


def _before(now: Ranker) -> Ranker | None:
    """Who decided before the champion rose; None: the plain sum. What was rolled back is forgotten.

    A promotion lays its ranker on a pile, and a rollback takes one off: what lies below is who decided before.
    """
    pile: list[Ranker] = []
    done = Promotion.objects.filter(state=Promotion.State.DONE).select_related("after").order_by("done_at", "pk")
    for one in done:
        if one.kind == Promotion.Kind.ROLLBACK:
            pile = pile[:-1]
        elif one.after is not None:
            pile.append(one.after)
    while pile and pile[-1] != now:
        pile.pop()
    return pile[-2] if len(pile) > 1 else None


def give_up(promotion_id: int, problem: str) -> None:
    """A promotion whose preparation ended badly: the champion stays."""
    rows = Promotion.objects.filter(pk=promotion_id, state=Promotion.State.PREPARING)
    rows.update(state=Promotion.State.FAILED, problem=problem[:1000], done_at=timezone.now())


@transaction.atomic
def set_shadow(ranker: Ranker, on: bool, *, by: Any = None) -> Ranker:
    """Have a ranker score along without deciding, or no longer. Raises NotPromoted for the champion."""
    before, after = (RankerState.CANDIDATE, RankerState.SHADOW) if on else (RankerState.SHADOW, RankerState.CANDIDATE)
    allowed = (before, RankerState.RETIRED) if on else (before,)
    if not Ranker.objects.filter(pk=ranker.pk, state__in=allowed).update(state=after):
        ranker.refresh_from_db()
        raise NotPromoted(f"{ranker} is {ranker.get_state_display().lower()}: only another can change to {after}.")
    ranker.refresh_from_db()
    if on:
        scoring.ask(ranker, by)
    return ranker


def hold_the_crown() -> None:
    """Inside a transaction: nobody else changes who decides until its end, also where no ranker does yet.

    One row that is always there is held, the oldest label set, of which every ranker has one: a champion that is looked
    for and held in one statement is missed where another takes its place meanwhile. Whoever decides is asked for after.
    """
    oldest = LabelSet.objects.order_by("pk").values_list("pk", flat=True)[0]
    LabelSet.objects.select_for_update(of=("self",), no_key=True).get(pk=oldest)


def _crown(before: Ranker | None, after: Ranker | None) -> None:
    """Inside a transaction: from one champion to another, each the way it was expected, or not at all."""
    hold_the_crown()
    now = champion()
    if (now.pk if now else None) != (before.pk if before else None):
        raise NotPromoted(f"{now or THE_SUM.capitalize()} has become champion meanwhile: look again, then promote.")
    if now is not None:
        Ranker.objects.filter(pk=now.pk, state=RankerState.CHAMPION).update(state=RankerState.RETIRED)
    if after is not None and not Ranker.objects.filter(pk=after.pk, state__in=_MAY_RISE).update(
        state=RankerState.CHAMPION
    ):
        raise NotPromoted(f"{after} cannot become champion as it is.")
    # One of its two sides is gone: what is rated from now on would be of others.
    Trial.objects.filter(running=True).update(running=False, ended_at=timezone.now())
