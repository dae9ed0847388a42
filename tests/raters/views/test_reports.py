"""The page of reported images: what was said of them, withheld and released."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from raters.models import Campaign, Task
from raters.selectors import reports as selectors
from raters.services import campaigns, passing, people, tasks
from tests.factories.rating import lease, make_campaign, make_gold, make_rater, rate

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(client_for: Callable[[User | None], Client], operator: User) -> Client:
    return client_for(operator)


def text(response: Any) -> str:
    return str(response.content.decode())


def reported(campaign: Campaign, *reasons: str) -> Task:
    """The campaign's image, reported once for each reason."""
    for reason in reasons:
        rater = make_rater()
        passing.report(rater, lease(rater, campaign)[0].uuid, reason)
    return campaign.tasks.get()


def test_one_report_is_seen_and_two_withhold_the_image(site: Client) -> None:
    campaign = make_campaign(1)
    address = f"/campaigns/{campaign.pk}/reports/"
    reported(campaign, "The mug floats")
    assert "Nothing is withheld" in text(site.get(address))
    assert "The mug floats" in text(site.get(f"{address}?kind=reported"))
    assert f'{address}?kind=reported">report of images' in text(site.get(f"/campaigns/{campaign.pk}/"))
    reported(campaign, "A real person")
    page = text(site.get(address))
    assert "A real person" in page
    assert "Let raters have it" in page
    assert "reports of images</a>, 1 withheld" in text(site.get(f"/campaigns/{campaign.pk}/"))


def test_released_raters_have_it_again_and_withheld_they_do_not(site: Client) -> None:
    campaign = make_campaign(1)
    task = reported(campaign, "broken", "broken, too")
    rater = make_rater()
    assert lease(rater, campaign) == []
    act = f"/campaigns/{campaign.pk}/reports/{task.pk}/do/"
    answer = site.post(f"{act}release/", {"kind": "reported"}, follow=True)
    assert answer.redirect_chain == [(f"/campaigns/{campaign.pk}/reports/?kind=reported", 302)]
    assert "Raters can have the image again" in text(answer)
    assert [one.task_id for one in lease(rater, campaign)] == [task.pk]
    assert "is not withheld" in text(site.post(f"{act}release/", follow=True))
    site.post(f"{act}withhold/")
    assert lease(make_rater(), campaign) == []
    assert site.post(f"{act}burn/").status_code == 404


def test_a_done_image_that_is_withheld_is_not_done_until_it_is_released(site: Client) -> None:
    campaign = make_campaign(1, raters_per_image=1)
    rate(make_rater(), campaign)
    task = campaign.tasks.get()
    for act, state, finished in (("withhold", "withheld", 0), ("release", "complete", 1)):
        site.post(f"/campaigns/{campaign.pk}/reports/{task.pk}/do/{act}/")
        task.refresh_from_db()
        assert (task.state, people.progress_of(campaign)["finished"]) == (state, finished)
    assert campaign.ratings.count() == 1


def test_who_holds_a_withheld_image_may_finish_it(site: Client) -> None:
    campaign, rater = make_campaign(1), make_rater()
    lease(rater, campaign)
    tasks.withhold(campaign.tasks.get())
    assert rate(rater, campaign).task_id
    task = campaign.tasks.get()
    assert (task.state, task.done, task.held) == ("withheld", 1, 0)


def test_a_complete_image_says_so_and_a_closed_campaign_has_no_buttons(site: Client) -> None:
    campaign = make_campaign(1, raters_per_image=2)
    address = f"/campaigns/{campaign.pk}/reports/?kind=reported"
    task = reported(campaign, "The mug floats")
    assert "Handed out" in text(site.get(address))
    for _ in range(2):
        rate(make_rater(), campaign)
    page = text(site.get(address))
    assert (">Complete<" in page, "Handed out" in page, "do/withhold/" in page) == (True, False, True)
    campaigns.close(campaign)
    assert "do/withhold/" not in text(site.get(address))
    refused = text(site.post(f"/campaigns/{campaign.pk}/reports/{task.pk}/do/withhold/", follow=True))
    assert "is closed and stays as it is" in refused


def test_what_is_decided_leads_back_to_the_same_page(site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """And to the first one, once the last image of that page is decided."""
    monkeypatch.setattr(selectors, "SIZE", 2)
    campaign = make_campaign(4)
    for task in campaign.tasks.all():
        tasks.withhold(task)
    newest = sorted(campaign.tasks.values_list("pk", flat=True), reverse=True)
    address = f"/campaigns/{campaign.pk}/reports/"
    second = f"{address}?kind=withheld&after={newest[1]}"
    for pk, images in ((newest[2], newest[3:]), (newest[3], newest[:2])):
        form = re.search(rf'action="[^"]*/{pk}/do/release/">(.*?)</form>', text(site.get(second)), re.DOTALL)
        assert form is not None
        fields = dict(re.findall(r'name="(kind|after|before)" value="([^"]*)"', form[1]))
        answer = site.post(f"{address}{pk}/do/release/", fields, follow=True)
        assert answer.redirect_chain[0] == (second, 302)
        assert [task.pk for task, _ in answer.context["images"]] == images


def test_gold_items_stay_and_other_campaigns_images_are_not_there(site: Client) -> None:
    campaign, other = make_campaign(1, open=False), make_campaign(1)
    (item,) = make_gold(campaign, 1)
    answer = site.post(f"/campaigns/{campaign.pk}/reports/{item.task_id}/do/withhold/", follow=True)
    assert "is a gold item" in text(answer)
    missing = site.post(f"/campaigns/{campaign.pk}/reports/{other.tasks.get().pk}/do/withhold/")
    assert missing.status_code == 404


def test_it_asks_as_often_for_many_as_for_few(
    site: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = make_campaign(8)
    for _ in range(2):
        rater = make_rater()
        for held in lease(rater, campaign, hold=8):
            passing.report(rater, held.uuid, "broken")
    with django_assert_max_num_queries(9):
        page = site.get(f"/campaigns/{campaign.pk}/reports/")
    assert len(page.context["images"]) == 8
    assert all(len(reports) == 2 for _, reports in page.context["images"])
