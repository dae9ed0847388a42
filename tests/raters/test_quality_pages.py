"""The pages about quality and disputes: what they show, what they hide, and that they read what is kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from raters.models import Campaign, CampaignFigures, Exclusion, Rater, RaterFigures, Rating, Ruling
from raters.selectors import quality as selectors
from raters.services import campaigns, changes, exclusions, figures, gold
from tests.factories import rating as made

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
SHARE = {"value": 0.9, "low": 0.8, "high": 0.95, "of": 40}
TIMES = "\N{MULTIPLICATION SIGN}"
NO_SHARE = {"value": None, "low": None, "high": None, "of": 0}


@pytest.fixture
def raters(db: None) -> list[Rater]:
    return [made.make_rater() for _ in range(3)]


@pytest.fixture
def campaign(raters: list[Rater]) -> Campaign:
    """One image on which the rules differ."""
    found = made.make_campaign(1)
    for rater, answers in zip(raters, (made.YES, made.NO, {**made.YES, "logo": "maybe"}), strict=True):
        made.rate(rater, found, answers)
    return found


def figure(statistic: str, value: float | None, why: str = "") -> dict[str, Any]:
    spread = {"low": None if value is None else value - 0.1, "high": None if value is None else value + 0.1}
    return {"statistic": statistic, "level": "nominal", "value": value, "why": why, **spread}


def kept(campaign: Campaign, raters: list[Rater]) -> CampaignFigures:
    """Figures as `raters.figuring` keeps them."""
    undefined = figure(
        "alpha_ordinal", None, "Undefined: all 3 answers are the same, so chance alone would agree as well."
    )
    agreement = [
        {
            "question": "size",
            "images": 1,
            "answers": 3,
            "figures": [figure("percent", 0.5), figure("alpha_ordinal", 0.42)],
        },
        {"question": "logo", "images": 1, "answers": 3, "figures": [figure("percent", 1.0), undefined]},
        {
            "question": "",
            "images": 1,
            "answers": 3,
            "figures": [
                figure("percent", 0.4),
                figure("alpha_ordinal", None, "Left out"),
                figure("alpha_nominal", 0.33),
            ],
        },
    ]
    for rater in raters:
        RaterFigures.objects.create(
            campaign=campaign,
            rater=rater,
            computed_at=timezone.now(),
            ratings=30,
            figures={
                "ratings": 30, "seconds": 21.5, "agreement": SHARE, "accept_agreement": SHARE, "gold": NO_SHARE,
                "fast": SHARE, "straight": SHARE, "straight_of_others": None, "passing": 0.7, "passing_of_others": 0.6,
                "answers": {"size": {"yes": 20, "no": 10}},
                "quarters": [{"ratings": 7, "agreement": SHARE, "seconds": None}] * 4,
            },
            flags=[{"code": "too_fast", "reason": "41% of the ratings were too fast."}] if rater == raters[0] else [],
        )  # fmt: skip
    return CampaignFigures.objects.create(
        campaign=campaign,
        computed_at=timezone.now() + timedelta(minutes=1),
        seconds=1.2,
        ratings=3,
        agreement=agreement,
        usual={"agreement": 0.9, "seconds": 20.0, "fast_seconds": 6.7, "flagged": 1},
        consensus={"mace": {"images": 1, "passed": 1, "compared": 1, "same": 1}},
    )


def test_before_anything_is_computed(client_for: ClientFor, analyst: User, campaign: Campaign) -> None:
    page = client_for(analyst).get(f"/campaigns/{campaign.pk}/quality/").content.decode()
    assert "Nothing is computed yet" in page


def test_agreement_and_raters(client_for: ClientFor, analyst: User, campaign: Campaign, raters: list[Rater]) -> None:
    kept(campaign, raters)
    page = client_for(analyst).get(f"/campaigns/{campaign.pk}/quality/").content.decode()
    assert "<strong>0.42</strong>" in page
    assert "0.32 to 0.52" in page
    assert "Undefined: all 3 answers are the same" in page
    assert "<strong>0.33</strong>" in page  # two answers: the nominal figure stands in
    assert "41% of the ratings were too fast." in page
    assert "style=" not in page
    assert "Ratings have changed" not in page


def test_the_age_is_said(client_for: ClientFor, analyst: User, campaign: Campaign, raters: list[Rater]) -> None:
    kept(campaign, raters)
    CampaignFigures.objects.update(computed_at=timezone.now() - timedelta(hours=3))
    page = client_for(analyst).get(f"/campaigns/{campaign.pk}/quality/").content.decode()
    assert "Ratings have changed since" in page
    assert "3\xa0hours ago" in page


def left_out(made_by: Rating) -> None:
    exclusions.exclude(made_by.rater, made_by.campaign, since=made_by.made_at, reason="random")


def taken_back_in(made_by: Rating) -> None:
    left_out(made_by)
    CampaignFigures.objects.update(computed_at=timezone.now(), asked_at=None)
    exclusions.lift(made_by.rater.exclusions.get(), reason="no")


def other_right_answers(made_by: Rating) -> None:
    """While figures are being computed, which may have read the former ones."""
    CampaignFigures.objects.update(asked_at=timezone.now())
    gold.change_gold(made_by.campaign.gold_items.get(), {"size": "no"})
    CampaignFigures.objects.update(asked_at=None)


@pytest.mark.parametrize(
    ("act", "stale"),
    [
        pytest.param(str, 0, id="nothing"),
        pytest.param(other_right_answers, 1, id="other right answers"),
        pytest.param(lambda one: made.rate(made.make_rater(), one.campaign), 1, id="a rating"),
        pytest.param(lambda one: changes.change(one.rater, one.assignment.uuid, made.NO), 1, id="a change"),
        pytest.param(lambda one: changes.withdraw(one.rater, one.assignment.uuid), 1, id="a withdrawal"),
        pytest.param(left_out, 1, id="an exclusion"),
        pytest.param(taken_back_in, 1, id="its end"),
    ],
)
def test_what_makes_figures_old(db: None, act: Callable[[Rating], object], stale: int) -> None:
    found = made.make_campaign(2, open=False)
    made.make_gold(found, 1)
    first = made.rate(made.make_rater(), campaigns.open_campaign(found), made.YES)
    assert figures.ask_for_stale() == 1
    CampaignFigures.objects.update(computed_at=timezone.now(), asked_at=None)
    act(first)
    assert selectors.is_old(CampaignFigures.objects.get()) == bool(stale)
    assert figures.ask_for_stale() == stale


def test_queries_do_not_grow_with_the_raters(
    client_for: ClientFor, analyst: User, campaign: Campaign, raters: list[Rater], django_assert_max_num_queries: Any
) -> None:
    kept(campaign, raters + [made.make_rater() for _ in range(20)])
    client = client_for(analyst)
    with django_assert_max_num_queries(14):
        client.get(f"/campaigns/{campaign.pk}/quality/")


@pytest.mark.parametrize(("value", "x"), [(0.0, 44.0), (1.0, 234.0), (-5.0, 6.0), (7.0, 234.0)])
def test_plots_stay_in_their_box(value: float, x: float) -> None:
    plot = selectors._plot({"value": value, "low": None, "high": None})
    assert plot is not None
    assert plot.x == x


def test_compute_is_asked_once(client_for: ClientFor, analyst: User, campaign: Campaign) -> None:
    client = client_for(analyst)
    client.post(f"/campaigns/{campaign.pk}/quality/compute/")
    first = CampaignFigures.objects.get().asked_at
    client.post(f"/campaigns/{campaign.pk}/quality/compute/")
    assert CampaignFigures.objects.get().asked_at == first
    figures.note_problem(campaign.pk, "The worker was told to stop.")
    assert "told to stop" in client.get(f"/campaigns/{campaign.pk}/quality/").content.decode()


def test_stale_campaigns_are_asked_for_at_night(campaign: Campaign, raters: list[Rater]) -> None:
    assert figures.ask_for_stale() == 1
    CampaignFigures.objects.update(computed_at=timezone.now(), asked_at=None)
    assert figures.ask_for_stale() == 0


def test_a_rater_in_full_and_excluded(
    client_for: ClientFor, operator: User, campaign: Campaign, raters: list[Rater]
) -> None:
    kept(campaign, raters)
    client, base = client_for(operator), f"/campaigns/{campaign.pk}/quality/"
    assert "21.5 s" in client.get(f"{base}raters/{raters[0].pk}/").content.decode()
    bad = client.post(f"{base}raters/{raters[0].pk}/exclude/", {"since": "2020-01-01T00:00", "reason": ""})
    assert bad.status_code == 422
    client.post(f"{base}raters/{raters[0].pk}/exclude/", {"since": "2020-01-01T00:00", "reason": "random"})
    assert Rating.objects.get(rater=raters[0]).excluded
    assert "Excluded" in client.get(base).content.decode()
    client.post(f"{base}exclusions/{Exclusion.objects.get().pk}/lift/", {"reason": "no"})
    assert not Rating.objects.get(rater=raters[0]).excluded


def test_exclusions_that_stand_come_first(
    client_for: ClientFor, analyst: User, campaign: Campaign, raters: list[Rater]
) -> None:
    """They are what may still be lifted, however many came and went after them."""
    stands, gone = (exclusions.exclude(rater, campaign, since=timezone.now(), reason="random") for rater in raters[:2])
    exclusions.lift(gone, reason="no")
    shown = client_for(analyst).get(f"/campaigns/{campaign.pk}/quality/").context["exclusions"]
    assert list(shown) == [stands, gone]


def test_an_analyst_sees_no_way_to_exclude(
    client_for: ClientFor, analyst: User, campaign: Campaign, raters: list[Rater]
) -> None:
    kept(campaign, raters)
    url = f"/campaigns/{campaign.pk}/quality/raters/{raters[0].pk}/"
    assert "Exclude from this campaign" not in client_for(analyst).get(url).content.decode()
    assert client_for(analyst).post(f"{url}exclude/", {}).status_code == 403


def test_a_dispute_shows_no_vote_before_the_ruling(client_for: ClientFor, analyst: User, campaign: Campaign) -> None:
    client, task = client_for(analyst), campaign.tasks.get()
    page = client.get(f"/campaigns/{campaign.pk}/disputes/").content.decode()
    assert f"/disputes/{task.pk}/" in page
    assert "accept it" not in page
    assert "checked" not in page
    body = {f"answer-{key}": "yes" for key in made.KEYS} | {"reason": "Fine by the cup."}
    ruled = client.post(f"/campaigns/{campaign.pk}/disputes/{task.pk}/", body, follow=True).content.decode()
    assert "Ruled: Passed" in ruled
    assert "33 % of 3 raters accept it" in ruled
    assert f"2 {TIMES} yes" in ruled
    assert "Nothing to rule on" in client.get(f"/campaigns/{campaign.pk}/disputes/").content.decode()


def test_a_partial_ruling_is_marked(client_for: ClientFor, analyst: User, campaign: Campaign) -> None:
    answer = client_for(analyst).post(
        f"/campaigns/{campaign.pk}/disputes/{campaign.tasks.get().pk}/", {"answer-size": "yes"}
    )
    assert answer.status_code == 422
    assert not Ruling.objects.exists()


def test_ones_own_ratings_as_a_file(client_for: ClientFor, raters: list[Rater], campaign: Campaign) -> None:
    answer = client_for(raters[0].user).get("/rate/mine.csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.splitlines()[0].startswith("campaign,kind,number,rater,question,answer,")
    assert len(text.splitlines()) == 9
    assert raters[1].code not in text
    lines = b"".join(client_for(raters[0].user).get("/rate/mine.jsonl").streaming_content)  # type: ignore[attr-defined]
    assert len(lines.splitlines()) == 8
    assert client_for(raters[0].user).get("/rate/mine.xlsx").status_code == 404


def test_a_deleted_person_leaves_their_votes(
    client_for: ClientFor, raters: list[Rater], campaign: Campaign, analyst: User
) -> None:
    name = raters[0].user.username  # type: ignore[union-attr]
    kept(campaign, raters)
    User.objects.filter(username=name).delete()
    assert Rating.objects.filter(campaign=campaign).count() == 3
    page = client_for(analyst).get(f"/campaigns/{campaign.pk}/quality/").content.decode()
    assert name not in page
    assert raters[0].code in page
