"""Images that raters disagree about, for an adjudicator who sees what the raters saw, and no vote before ruling."""

from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from raters.models import AlternativeVerdict, Campaign, Rating, Ruling, Task, Verdict
from raters.models.ratings import Outcome

# What counts as a disagreement, by the name in the address: what it is called, and which verdicts it means.
KINDS: dict[str, tuple[str, Q]] = {
    "tied": ("Tied or too few ratings", Q(outcome__in=(Outcome.TIED, Outcome.TOO_FEW))),
    "rules": ("The two vote rules differ", ~Q(by_question=F("by_rater"))),
    "split": ("Raters do not all agree on the image", Q(share__gt=0, share__lt=1)),
    "weighed": ("Another method says otherwise", Q(outcome__in=Outcome.values)),
}
DEFAULT = "rules"


def disputed(campaign: Campaign, kind: str) -> QuerySet[Verdict]:
    """Final verdicts of that kind without a ruling, oldest first."""
    rows = Verdict.objects.filter(KINDS[kind][1], campaign=campaign, final=True)
    if kind == "rules":
        rows = rows | Verdict.objects.filter(KINDS["tied"][1], campaign=campaign, final=True)
    if kind == "weighed":
        others = AlternativeVerdict.objects.filter(task=OuterRef("task"), method="dawid_skene")
        rows = (
            rows.annotate(other=Subquery(others.values("outcome")[:1])).exclude(other=None).exclude(outcome=F("other"))
        )
    return rows.exclude(Exists(Ruling.objects.filter(task=OuterRef("task")))).order_by("pk")


def next_for(campaign: Campaign, kind: str, user: Any, *, after: int | None = None) -> Task | None:
    """The next disputed image that this person has not rated; `after` is the verdict of one that was passed over."""
    rows = disputed(campaign, kind).exclude(Exists(Rating.objects.filter(task=OuterRef("task"), rater__user=user)))
    if after is not None:
        rows = rows.filter(pk__gt=after)
    found = rows.select_related("task__subject", "task__campaign__question_set").first()
    return found.task if found else None


def task_or_404(campaign: Campaign, pk: int) -> Task:
    rows = Task.objects.select_related("subject", "campaign__question_set", "verdict")
    found = rows.filter(pk=pk, campaign=campaign).first()
    if found is None:
        raise Http404(f"There is no image {pk} in this campaign.")
    return found


def ruling_or_404(campaign: Campaign, pk: int) -> Ruling:
    rows = Ruling.objects.select_related("task__verdict", "task__subject", "by")
    found = rows.filter(pk=pk, task__campaign=campaign).first()
    if found is None:
        raise Http404(f"There is no ruling {pk} in this campaign.")
    return found


def votes_beside(ruling: Ruling, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Question by question: what was ruled, and how many raters gave each answer."""
    counted = ruling.task.verdict.questions
    return [
        {
            "topic": question["topic"],
            "ruled": ruling.answers.get(question["key"], ""),
            "counts": list(counted.get(question["key"], {}).get("counts", {}).items()),
            "outcome": counted.get(question["key"], {}).get("outcome", ""),
        }
        for question in questions
    ]
