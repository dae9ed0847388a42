"""Rulings stand beside the votes; the queue offers what raters disagree about, and to nobody their own."""

import pytest

from accounts.models import User
from raters.exceptions import BadAnswers
from raters.models import AlternativeVerdict, Campaign, Rater, Rating, Ruling, Task, Verdict
from raters.selectors import disputes
from raters.services import adjudication
from raters.services.adjudication import CannotRule
from tests.factories import rating as made

pytestmark = pytest.mark.django_db
MAYBE = {**made.YES, "logo": "maybe"}


@pytest.fixture
def raters(db: None) -> list[Rater]:
    return [made.make_rater() for _ in range(3)]


def rated(raters: list[Rater], *answers: dict[str, str], wanted: int = 3) -> Task:
    """A campaign of one image with these ratings."""
    campaign = made.make_campaign(1, raters_per_image=wanted)
    for rater, given in zip(raters, answers, strict=False):
        made.rate(rater, campaign, given)
    return disputes.task_or_404(campaign, campaign.tasks.get().pk)


@pytest.mark.parametrize(
    ("name", "answers", "kinds"),
    [
        ("all agree", (made.YES, made.YES, made.YES), set()),
        ("one of three says no", (made.YES, made.YES, made.NO), {"split"}),
        # Each question has two yes of three; only one rater says yes to all.
        ("the rules differ", (made.YES, made.NO, MAYBE), {"split", "rules"}),
        ("not all in", (made.YES, made.NO), set()),
    ],
)
def test_what_queues(
    raters: list[Rater], operator: User, name: str, answers: tuple[dict[str, str], ...], kinds: set[str]
) -> None:
    campaign = rated(raters, *answers).campaign
    assert {kind for kind in disputes.KINDS if disputes.disputed(campaign, kind).exists()} == kinds, name


def test_a_tie_queues_as_tied_and_among_what_must_be_ruled(raters: list[Rater]) -> None:
    task = rated(raters, made.YES, made.NO, wanted=2)
    assert Verdict.objects.get(task=task).outcome == "tied"
    assert disputes.disputed(task.campaign, "tied").exists()
    assert disputes.disputed(task.campaign, "rules").exists()


def test_another_method_that_says_otherwise_queues(raters: list[Rater]) -> None:
    task = rated(raters, made.YES, made.YES, made.NO)
    AlternativeVerdict.objects.create(
        task=task,
        campaign=task.campaign,
        method="dawid_skene",
        outcome="failed",
        probability=0.9,
        questions={},
        computed_at=task.created_at,
    )
    assert disputes.disputed(task.campaign, "weighed").get().task_id == task.pk


def test_a_ruling_stands_beside_the_votes(raters: list[Rater], operator: User) -> None:
    task = rated(raters, made.YES, made.NO, MAYBE)
    before = Verdict.objects.values().get(task=task), list(Rating.objects.values().order_by("pk"))
    ruling = adjudication.rule(task, made.YES, by=operator, reason="The size is right: see the cup.")
    assert (ruling.outcome, ruling.answers) == ("passed", made.YES)
    assert (Verdict.objects.values().get(task=task), list(Rating.objects.values().order_by("pk"))) == before
    assert not disputes.disputed(task.campaign, "rules").exists()
    assert task.campaign.events.filter(kind="ruled").exists()


def test_ruled_again_the_newest_stands(raters: list[Rater], operator: User) -> None:
    task = rated(raters, made.YES, made.NO, MAYBE)
    adjudication.rule(task, made.YES, by=operator)
    adjudication.rule(task, made.NO, by=operator)
    assert [one.outcome for one in Ruling.objects.filter(task=task)] == ["failed", "passed"]


def test_who_rated_it_does_not_rule_on_it(raters: list[Rater]) -> None:
    task = rated(raters, made.YES, made.NO, MAYBE)
    own = raters[0].user
    assert disputes.next_for(task.campaign, "rules", own) is None
    with pytest.raises(CannotRule, match="You have rated this image yourself"):
        adjudication.rule(task, made.YES, by=own)


@pytest.mark.parametrize("answers", [{}, {**made.YES, "size": "banana"}, {"size": "yes"}])
def test_all_questions_are_to_be_answered(raters: list[Rater], operator: User, answers: dict[str, str]) -> None:
    task = rated(raters, made.YES, made.NO, MAYBE)
    with pytest.raises(BadAnswers):
        adjudication.rule(task, answers, by=operator)
    assert not Ruling.objects.exists()


def test_nothing_to_rule_on_before_the_ratings_are_in(raters: list[Rater], operator: User) -> None:
    with pytest.raises(CannotRule, match="not all in"):
        adjudication.rule(rated(raters, made.YES), made.YES, by=operator)


def test_one_may_be_passed_over(raters: list[Rater], operator: User) -> None:
    campaign: Campaign = made.make_campaign(2)
    for rater, answers in zip(raters, (made.YES, made.NO, MAYBE), strict=True):
        for _ in range(2):
            made.rate(rater, campaign, answers)
    first = disputes.next_for(campaign, "rules", operator)
    assert first is not None
    second = disputes.next_for(campaign, "rules", operator, after=Verdict.objects.get(task=first).pk)
    assert second is not None
    assert second.pk != first.pk
