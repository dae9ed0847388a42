"""Who decides: through the gate or over it, one at a time, all or nothing, and back."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from ranking.exceptions import NotPromoted
from ranking.models import Promotion, Ranker
from ranking.models.rankers import RankerState
from ranking.services import policy, registry, trials
from tests.factories.accounts import make_user
from tests.factories.ranking import make_ranker

pytestmark = pytest.mark.django_db
YES: dict[str, Any] = {"promote": True, "against": None, "reasons": ["It is better."]}
NO: dict[str, Any] = {"promote": False, "against": None, "reasons": ["The order inside products is not better."]}
WHY = "The raters of the last campaign were tired."


def promoted(gate: dict[str, Any] = YES, **fields: Any) -> Ranker:
    """A ranker that has become champion through the gate."""
    now = registry.champion()
    ranker = make_ranker(gate={**gate, "against": now.pk if now else None}, **fields)
    registry.switch(registry.begin_promotion(ranker))
    ranker.refresh_from_db()
    return ranker


def champions() -> list[int]:
    return list(Ranker.objects.filter(state=RankerState.CHAMPION).values_list("pk", flat=True))


def test_nobody_is_champion_at_first() -> None:
    assert registry.champion() is None


def test_through_the_gate() -> None:
    ranker = promoted()
    done = Promotion.objects.get()
    assert champions() == [ranker.pk]
    assert (done.kind, done.state, done.before, done.after) == ("promotion", "done", None, ranker)
    assert done.done_at is not None


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        (NO, "The gate says no: The order inside products is not better."),
        ({}, "heads v1 has not been through the gate."),
        ({**YES, "against": 99}, "The gate held heads v1 against another champion than the plain sum"),
    ],
    ids=["no", "not asked", "of another time"],
)
def test_the_gate_stops_it_and_says_why(gate: dict[str, Any], said: str) -> None:
    ranker = make_ranker(gate=gate)
    with pytest.raises(NotPromoted) as refusal:
        registry.begin_promotion(ranker)
    assert said in str(refusal.value)
    assert "To promote it all the same, write why" in str(refusal.value)
    assert not Promotion.objects.exists()


@pytest.mark.parametrize("reason", ["", "   ", "because", "x" * 9])
def test_an_override_needs_a_reason_that_says_something(reason: str) -> None:
    with pytest.raises(NotPromoted, match="10 letters or more"):
        registry.begin_promotion(make_ranker(gate=NO), reason=reason)


def test_an_override_keeps_the_reason_the_person_and_what_the_gate_said() -> None:
    person = make_user()
    ranker = make_ranker(gate=NO)
    made = registry.begin_promotion(ranker, by=person, reason=f"  {WHY} ")
    registry.switch(made)
    kept = Promotion.objects.get()
    assert (kept.kind, kept.reason, kept.by, kept.gate) == ("override", WHY, person, NO)
    assert champions() == [ranker.pk]


def test_a_reason_that_no_database_keeps_is_kept_as_it_can_be() -> None:
    ranker = make_ranker(gate=NO)
    made = registry.switch(registry.begin_promotion(ranker, reason=f"{WHY}\x00\ud800"))
    assert made.reason == f"{WHY}\\x00\\ud800"
    assert registry.rollback(reason="Worse\x00.").reason == "Worse\\x00."


def test_the_database_knows_of_one_champion_only() -> None:
    make_ranker("champion")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_ranker("champion")


def test_the_database_wants_a_reason_for_an_override() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.create(kind="override", after=make_ranker())


def test_the_next_champion_retires_the_one_before() -> None:
    first = promoted()
    second = promoted()
    first.refresh_from_db()
    assert (first.state, second.state) == ("retired", "champion")
    assert champions() == [second.pk]


def test_a_champion_cannot_be_promoted() -> None:
    with pytest.raises(NotPromoted, match="is the champion already"):
        registry.begin_promotion(promoted())


def test_one_promotion_is_prepared_at_a_time() -> None:
    registry.begin_promotion(make_ranker(gate=YES))
    with pytest.raises(NotPromoted, match="Another promotion is being prepared"):
        registry.begin_promotion(make_ranker(gate=YES))
    assert Promotion.objects.count() == 1


def test_one_that_was_given_up_stands_in_nobodys_way() -> None:
    ranker = make_ranker(gate=YES)
    first = registry.begin_promotion(ranker)
    registry.give_up(first.pk, "Its job #3 was cancelled.")
    first.refresh_from_db()
    assert (first.state, first.problem) == ("failed", "Its job #3 was cancelled.")
    with pytest.raises(NotPromoted, match=r"Its job #3 was cancelled\. Ask for it again"):
        registry.switch(first)
    registry.switch(registry.begin_promotion(ranker))
    assert champions() == [ranker.pk]


def test_switched_twice_is_switched_once() -> None:
    ranker = make_ranker(gate=YES)
    made = registry.begin_promotion(ranker)
    first = registry.switch(made)
    again = registry.switch(made)
    assert first.done_at == again.done_at
    assert champions() == [ranker.pk]


def test_whoever_became_champion_meanwhile_stays() -> None:
    late = registry.begin_promotion(make_ranker(gate=YES))
    other = make_ranker("champion")
    with pytest.raises(NotPromoted, match="has become champion meanwhile"):
        registry.switch(late)
    assert champions() == [other.pk]


def test_a_crash_between_the_two_halves_of_a_switch_leaves_the_old_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one is retired already, in the transaction, when the process dies."""
    first = promoted()
    second = make_ranker(gate={**YES, "against": first.pk})
    made = registry.begin_promotion(second)
    real = Promotion.save

    def dies(*_: Any, **__: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(Promotion, "save", dies)
    with pytest.raises(SystemExit):
        registry.switch(made)
    monkeypatch.setattr(Promotion, "save", real)
    assert champions() == [first.pk]
    made.refresh_from_db()
    assert made.state == Promotion.State.PREPARING
    registry.switch(made)
    assert champions() == [second.pk]


def test_back_to_the_one_before_at_once() -> None:
    first = promoted()
    second = promoted()
    done = registry.rollback(reason="Worse pictures.")
    second.refresh_from_db()
    assert champions() == [first.pk]
    assert second.state == "retired"
    assert (done.kind, done.before, done.after, done.reason) == ("rollback", second, first, "Worse pictures.")


def test_back_again_and_again_ends_at_the_plain_sum() -> None:
    promoted()
    promoted()
    registry.rollback()
    assert registry.rollback().after is None
    assert champions() == []
    with pytest.raises(NotPromoted, match="nothing before it to go back to"):
        registry.rollback()


def test_forth_after_back_and_back_after_forth() -> None:
    first = promoted()
    second = promoted()
    registry.rollback()
    second.refresh_from_db()
    second.gate = {**YES, "against": first.pk}
    second.save()
    registry.switch(registry.begin_promotion(second))
    assert champions() == [second.pk]
    assert registry.rollback().after == first


@pytest.mark.parametrize(
    ("rises", "back_to"),
    [
        ("A", [None]),
        ("AB", ["A", None]),
        ("ABA", ["B", "A", None]),
        ("ABAC", ["A", "B", "A", None]),
        ("AB<C", ["A", None]),
        ("AB<<B", [None]),
        ("AB<BC<", ["A", None]),
    ],
)
def test_each_rollback_goes_further_back_and_never_forth(rises: str, back_to: list[str | None]) -> None:
    """A letter is promoted, "<" rolls back; then it is rolled back until the sum decides."""
    rankers = {name: make_ranker(name=name) for name in "ABC"}
    for step in rises:
        if step == "<":
            registry.rollback()
        else:
            registry.switch(registry.begin_promotion(rankers[step], reason=WHY))
    went = [registry.rollback().after for _ in back_to]
    assert [ranker.name if ranker else None for ranker in went] == back_to
    assert champions() == []


def test_a_champion_that_no_promotion_made_gives_back_to_the_sum() -> None:
    promoted()
    registry.rollback()
    make_ranker("champion")
    assert registry.rollback().after is None


@pytest.mark.parametrize("change", ["promotion", "rollback"])
def test_a_change_of_champion_ends_the_trial(change: str) -> None:
    first = promoted()
    trial = trials.begin(make_ranker(), 0.3)
    assert trial.against == first
    if change == "promotion":
        promoted()
    else:
        registry.rollback()
    trial.refresh_from_db()
    assert not trial.running
    assert trial.ended_at is not None
    assert trials.running() is None


def test_a_gate_on_another_number_of_picks_is_asked_again() -> None:
    ranker = make_ranker(gate={**YES, "picks": 4})
    assert registry.why_not(ranker, None) == ""
    policy.change(top=6)
    assert "The gate judged 4 picks of a product by heads v1, and 6 ship now" in registry.why_not(ranker, None)


def test_a_crash_in_a_rollback_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    champion = promoted()

    def dies(*_: Any, **__: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(Promotion.objects, "create", dies)
    with pytest.raises(SystemExit):
        registry.rollback()
    assert champions() == [champion.pk]


@pytest.mark.parametrize(
    ("state", "on", "after"),
    [("candidate", True, "shadow"), ("retired", True, "shadow"), ("shadow", False, "candidate")],
)
def test_a_shadow_scores_along_or_no_longer(state: str, on: bool, after: str) -> None:
    assert registry.set_shadow(make_ranker(state), on).state == after


@pytest.mark.parametrize(("state", "on"), [("champion", True), ("champion", False), ("candidate", False)])
def test_what_is_no_shadow_cannot_become_one_that_way(state: str, on: bool) -> None:
    with pytest.raises(NotPromoted, match="heads v1 is"):
        registry.set_shadow(make_ranker(state), on)
