"""Figures of a campaign: computed from what counts, kept with their time, and replaced as a whole."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from raters import figuring
from raters.models import AlternativeVerdict, Campaign, CampaignFigures, Rater, RaterFigures, Rating, Verdict
from raters.services import campaigns, changes, rating
from raters.statistics import consensus
from tests.factories import rating as made

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """crowd-kit takes 20 ms a round, however small the table is."""
    monkeypatch.setitem(consensus.METHODS, "mace", partial(consensus.mace, rounds=1))
    monkeypatch.setitem(consensus.METHODS, "dawid_skene", partial(consensus.dawid_skene, rounds=3))
    monkeypatch.setattr(consensus, "MACE_RESTARTS", 1)


@pytest.fixture
def raters(db: None) -> list[Rater]:
    return [made.make_rater() for _ in range(3)]


def rated(raters: list[Rater], count: int = 6) -> Campaign:
    """A campaign that all have rated: two say yes to all, the third says no to the size on every other image."""
    campaign = made.make_campaign(count)
    for number, rater in enumerate(raters):
        for image in range(count):
            made.rate(rater, campaign, made.NO if number == 2 and image % 2 else None, active_ms=9000)
    return campaign


def test_everything_is_kept_with_its_time(raters: list[Rater]) -> None:
    kept = figuring.compute(rated(raters))
    assert kept.ratings == 18
    assert [one["question"] for one in kept.agreement] == [*made.KEYS, ""]
    size = next(one for one in kept.agreement if one["question"] == "size")
    assert {one["statistic"] for one in size["figures"]} >= {"alpha_nominal", "fleiss", "ac1", "percent"}
    safety = next(one for one in kept.agreement if one["question"] == "safety")
    alpha = next(one for one in safety["figures"] if one["statistic"] == "alpha_nominal")
    assert alpha["value"] is None
    assert alpha["why"].startswith("Undefined: all 18 answers are the same")
    assert timezone.now() - kept.computed_at < timedelta(minutes=1)  # type: ignore[operator]


def test_each_rater_has_a_row(raters: list[Rater]) -> None:
    campaign = rated(raters)
    figuring.compute(campaign)
    rows = {row.rater_id: row for row in RaterFigures.objects.filter(campaign=campaign)}
    assert set(rows) == {rater.pk for rater in raters}
    assert rows[raters[0].pk].figures["seconds"] == 9.0
    assert rows[raters[2].pk].figures["answers"]["size"]["no"] == 3
    assert rows[raters[2].pk].figures["agreement"]["value"] == pytest.approx(45 / 48)


def test_other_methods_have_verdicts_beside_the_majority(raters: list[Rater]) -> None:
    campaign = rated(raters)
    before = list(Verdict.objects.order_by("pk").values_list("outcome", "updated_at"))
    kept = figuring.compute(campaign)
    assert AlternativeVerdict.objects.filter(campaign=campaign).count() == 12
    one = AlternativeVerdict.objects.filter(method="dawid_skene").first()
    assert one is not None
    assert one.outcome == "passed"
    assert set(one.questions) == set(made.KEYS)
    assert 0.5 < one.probability <= 1
    assert kept.consensus["dawid_skene"] == {"images": 6, "passed": 6, "compared": 6, "same": 6}
    assert list(Verdict.objects.order_by("pk").values_list("outcome", "updated_at")) == before


def test_what_does_not_count_is_left_out(raters: list[Rater]) -> None:
    campaign = rated(raters, count=2)
    first, second = Rating.objects.filter(rater=raters[0]).order_by("pk")
    changes.withdraw(raters[0], first.assignment.uuid)
    Rating.objects.filter(pk=second.pk).update(excluded=True)
    assert figuring.compute(campaign).ratings == 4
    assert not RaterFigures.objects.filter(rater=raters[0]).exists()


def test_gold_items_are_marks_not_ratings(raters: list[Rater]) -> None:
    campaign = made.make_campaign(2, open=False, gold_share=0.5)
    gold = {item.task_id for item in made.make_gold(campaign, 2)}
    campaign = campaigns.open_campaign(campaign)
    for rater in raters:
        while held := made.lease(rater, campaign):
            wrong = held[0].task_id in gold and rater == raters[1]
            rating.submit(rater, held[0].uuid, made.sent(made.NO if wrong else None))
    assert figuring.compute(campaign).ratings == 6
    rows = {row.rater_id: row.figures["gold"] for row in RaterFigures.objects.all()}
    done = Rating.objects.filter(gold=True, rater=raters[0]).count()
    assert done > 0
    assert (rows[raters[0].pk]["value"], rows[raters[0].pk]["of"]) == (1.0, done * 8)
    assert rows[raters[1].pk]["value"] == pytest.approx(7 / 8)


def test_a_campaign_without_ratings_has_figures_that_say_so(db: None) -> None:
    kept = figuring.compute(made.make_campaign(2))
    assert kept.ratings == 0
    assert all(figure["value"] is None and figure["why"] for one in kept.agreement for figure in one["figures"])
    assert kept.usual["agreement"] is None


def test_computed_again_it_replaces_what_was_there(raters: list[Rater]) -> None:
    campaign = rated(raters, count=2)
    figuring.compute(campaign)
    Rating.objects.filter(rater=raters[1]).update(excluded=True)
    figuring.compute(campaign)
    assert CampaignFigures.objects.count() == 1
    assert set(RaterFigures.objects.values_list("rater", flat=True)) == {raters[0].pk, raters[2].pk}
    assert AlternativeVerdict.objects.count() == 4


def test_ratings_are_read_in_batches(raters: list[Rater], monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = rated(raters, count=4)
    monkeypatch.setattr(figuring, "BATCH", 5)
    ballots, _ = figuring.read(campaign)
    assert len(ballots) == 12
    assert figuring.compute(campaign).consensus["mace"]["images"] == 4


def test_it_tells_how_far_it_is(raters: list[Rater]) -> None:
    told: list[tuple[int, int, str]] = []
    figuring.compute(rated(raters, count=1), lambda *step: told.append(step))
    assert [step[0] for step in told] == [0, 1, 2, 3, 4]
