"""A made-up crowd: through the real services, marked as made up, the same for the same seed, refused in production."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from raters import figuring, simulation
from raters.models import Campaign, Rater, Rating, Verdict
from raters.services import campaigns, verdicts
from raters.statistics.people import rater_figures
from tests.factories import rating as made

pytestmark = pytest.mark.django_db


def simulated(campaign: Campaign, **crowd: Any) -> list[Rating]:
    return list(simulation.simulate(campaign, **{"raters": 4, "seed": 3, **crowd}))


def test_every_image_gets_exactly_its_ratings() -> None:
    campaign = made.make_campaign(5)
    assert len(simulated(campaign)) == 15
    assert list(campaign.tasks.values_list("done", flat=True)) == [3] * 5
    assert Verdict.objects.filter(campaign=campaign, final=True).count() == 5
    assert verdicts.differences(Campaign.objects.all()) == []


def test_all_that_they_leave_is_marked() -> None:
    simulated(made.make_campaign(2))
    assert set(Rating.objects.values_list("origin", flat=True)) == {"simulation"}
    assert set(Rater.objects.values_list("origin", flat=True)) == {"simulation"}
    assert all(code.startswith("S-") for code in Rater.objects.values_list("code", flat=True))
    assert not Rater.objects.exclude(user=None).exists()


def test_people_keep_their_own_mark_beside_them() -> None:
    campaign = made.make_campaign(2)
    made.rate(made.make_rater(), campaign)
    simulated(campaign, raters=2)
    assert set(Rating.objects.values_list("origin", flat=True)) == {"person", "simulation"}


def test_it_stops_after_the_most() -> None:
    assert len(simulated(made.make_campaign(9), most=4)) == 4


def test_invited_campaigns_and_gold_items_are_no_hindrance() -> None:
    campaign = made.make_campaign(3, open=False, by_invitation=True, gold_share=0.5)
    made.make_gold(campaign, 2)
    found = simulated(campaigns.open_campaign(campaign))
    assert sum(not one.gold for one in found) == 9
    assert any(one.gold for one in found)


@pytest.mark.parametrize(("true", "outcome"), [(True, "passed"), (False, "failed")])
def test_a_truth_that_is_known_is_what_a_right_answer_says(true: bool, outcome: str) -> None:
    campaign = made.make_campaign(6)
    asked: set[tuple[int, str]] = set()

    def truth(task: int, question: str) -> bool:
        asked.add((task, question))
        return true

    simulated(campaign, careless=0.0, truth=truth)
    assert {task for task, _ in asked} == set(campaign.tasks.values_list("pk", flat=True))
    assert {question for _, question in asked} <= set(Rating.objects.all()[0].answers)
    found = Verdict.objects.filter(campaign=campaign).values_list("outcome", flat=True)
    assert sum(one == outcome for one in found) >= 4, "right answers are the most"


def test_same_seed_same_people() -> None:
    people = [simulation.person(7, number, 0.3) for number in range(30)]
    assert people == [simulation.person(7, number, 0.3) for number in range(30)]
    assert people != [simulation.person(8, number, 0.3) for number in range(30)]
    assert 3 <= sum(one.careless for one in people) <= 18
    assert all(0.5 < one.skill < 1 for one in people)


def test_skill_and_care_show_in_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of five never look: they are the fastest, and all that they say is the same."""
    real = simulation.person
    monkeypatch.setattr(simulation, "person", lambda seed, number, _share: real(seed, number, float(number < 2)))
    campaign = made.make_campaign(15, raters_per_image=5)
    simulated(campaign, raters=5, seed=5)
    codes = dict(Rater.objects.values_list("pk", "code"))
    found = {codes[one.rater][-1]: one for one in rater_figures(figuring.read(campaign)[0])}  # type: ignore[index]
    assert all(found[number].straight.value == 1 for number in "01")
    slow = min(found[number].seconds or 0 for number in "234")
    assert all((found[number].seconds or 99) < slow / 2 for number in "01")


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    campaign = made.make_campaign(2)
    call_command("simulate_raters", str(campaign.pk), "--raters", "3", "--seed", "1")
    assert "6 simulated ratings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["999"], "There is no campaign 999"),
        (["{open}", "--raters", "0"], "There can be 1 to 1000 raters"),
        (["{open}", "--careless", "2"], "0 to 1 of them careless"),
        (["{draft}"], "is draft: no images are handed out now"),
    ],
)
def test_refusals(arguments: list[str], sentence: str) -> None:
    known = {"open": made.make_campaign(1).pk, "draft": made.make_campaign(1, open=False).pk}
    with pytest.raises(CommandError, match=sentence):
        call_command("simulate_raters", *[argument.format(**known) for argument in arguments])


def test_never_in_production(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="VITRINE_PRODUCTION=true"):
        call_command("simulate_raters", str(made.make_campaign(1).pk))
    assert not Rating.objects.exists()
