"""Making gold items: what may become one, what is right about it, and what is refused."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from raters.models import Campaign, GoldItem
from raters.models.tasks import TaskState
from raters.services import gold, questions
from tests.factories.campaigns import make_shown_campaign
from tests.factories.rating import make_rater, rate


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_shown_campaign(3, state="draft")


@pytest.fixture
def site(client_for: Callable[[User | None], Client], operator: User) -> Client:
    return client_for(operator)


def test_an_image_becomes_a_gold_item(site: Client, campaign: Campaign, operator: User) -> None:
    task = campaign.tasks.all()[0]
    address = f"/campaigns/{campaign.pk}/gold/"
    assert f'class="gold-choice" href="{address}{task.pk}/"' in site.get(address).content.decode()
    sent = {"use": "qualification", "explanation": "Too large", "answer-size": "no", "answer-logo": ""}
    site.post(f"{address}{task.pk}/", sent)
    item = GoldItem.objects.get()
    assert (item.expected, item.use, item.explanation) == ({"size": ["no"]}, "qualification", "Too large")
    assert item.made_by == operator
    task.refresh_from_db()
    assert task.state == TaskState.GOLD
    page = site.get(address).content.decode()
    assert f'class="gold-choice" href="{address}{task.pk}/"' not in page
    assert "Too large" in page


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"use": "hidden"}, "needs the right answer to at least one question"),
        ({"use": "hidden", "answer-size": "banana"}, "not one of the available choices"),
        ({"use": "nowhere", "answer-size": "no"}, "not one of the available choices"),
    ],
)
def test_what_is_no_gold_item_is_said(site: Client, campaign: Campaign, sent: dict[str, str], said: str) -> None:
    response = site.post(f"/campaigns/{campaign.pk}/gold/{campaign.tasks.all()[0].pk}/", sent)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not GoldItem.objects.exists()


def test_right_answers_are_changed_and_several_may_stay(site: Client, campaign: Campaign) -> None:
    task = campaign.tasks.all()[0]
    item = gold.make_gold(task, {"size": ["no", "unclear"], "logo": "yes"}, explanation="Too large")
    address = f"/campaigns/{campaign.pk}/gold/{task.pk}/"
    assert address in site.get(f"/campaigns/{campaign.pk}/gold/").content.decode()
    fields = site.get(address).context["form"]
    assert (fields["answer-size"].value(), fields["answer-logo"].value()) == ("several", "yes")
    site.post(address, {"answer-size": "several", "answer-logo": "no", "explanation": "Far too large"})
    item.refresh_from_db()
    assert (item.expected, item.explanation) == ({"size": ["no", "unclear"], "logo": ["no"]}, "Far too large")
    site.post(address, {"answer-size": "no", "answer-logo": ""})
    item.refresh_from_db()
    assert item.expected == {"size": ["no"]}


@pytest.fixture
def clothes(db: None) -> Campaign:
    """A draft that asks a question of its own, one of whose answers is the form's word for several."""
    asked = [{"key": "cut", "wording": "Which cut?", "answers": ["one", "several", "none"], "passing": ["one"]}]
    return make_shown_campaign(2, state="draft", question_set=questions.make_question_set("cut", "Cut", asked))


@pytest.mark.parametrize("before", [None, ["one"], ["one", "none"]], ids=str)
def test_an_answer_is_that_answer_whatever_its_word_is(
    site: Client, clothes: Campaign, before: list[str] | None
) -> None:
    task = clothes.tasks.all()[0]
    address = f"/campaigns/{clothes.pk}/gold/{task.pk}/"
    if before:
        gold.make_gold(task, {"cut": before})
    offered = dict(site.get(address).context["form"].fields["answer-cut"].choices)
    assert ("One or None" in offered.values()) == (before == ["one", "none"])
    site.post(address, {"use": "hidden", "answer-cut": "several"})
    assert GoldItem.objects.get().expected == {"cut": ["several"]}


@pytest.mark.parametrize(("right", "shown"), [(["several"], ""), (["one", "several"], "one"), (["one", "none"], "one")])
def test_right_answers_that_a_draft_asks_no_more_are_left_out(
    site: Client, clothes: Campaign, right: list[str], shown: str
) -> None:
    task = clothes.tasks.all()[0]
    gold.make_gold(task, {"cut": right})
    other = [{"key": "cut", "wording": "Which cut?", "answers": ["one", "wide"], "passing": ["one"]}]
    questions.change_question_set(clothes.question_set, "Cut", other)
    address = f"/campaigns/{clothes.pk}/gold/{task.pk}/"
    assert site.get(address).context["form"]["answer-cut"].value() == shown
    site.post(address, {"answer-cut": "wide"})
    assert GoldItem.objects.get().expected == {"cut": ["wide"]}


def test_one_that_raters_have_had_is_refused(site: Client) -> None:
    campaign = make_shown_campaign(1)
    rate(make_rater(), campaign)
    response = site.post(
        f"/campaigns/{campaign.pk}/gold/{campaign.tasks.get().pk}/", {"use": "hidden", "answer-size": "no"}
    )
    assert "Raters have had this image already" in response.content.decode()


def test_an_image_of_another_campaign_is_not_there(site: Client, campaign: Campaign) -> None:
    other = make_shown_campaign(1)
    assert site.get(f"/campaigns/{campaign.pk}/gold/{other.tasks.get().pk}/").status_code == 404
