"""Which generated images people have accepted, for the room that counts what one of them has cost."""

from django.db.models import OuterRef, QuerySet, Subquery

from generation.accepting import Judged
from generation.models import Candidate
from raters.models import Verdict
from raters.models.campaigns import Origin
from raters.models.ratings import Outcome

DECIDED = (Outcome.PASSED, Outcome.FAILED)


def judged(candidates: QuerySet[Candidate]) -> Judged:
    """Those with a final verdict, each by its newest; what a simulated crowd said of them does not count."""
    people = Verdict.objects.filter(task__candidate=OuterRef("pk"), final=True, outcome__in=DECIDED)
    newest = people.exclude(campaign__origin=Origin.SIMULATION).order_by("-pk").values("outcome")[:1]
    said = candidates.annotate(said=Subquery(newest))
    return Judged(said.exclude(said=None), said.filter(said=Outcome.PASSED))
