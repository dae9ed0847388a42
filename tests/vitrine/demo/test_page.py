"""The page of the demonstration: who sees what of it, what it asks the database, and that it stops asking."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import Product
from catalog.services.prompts import load_bank
from generation.models import Candidate, Method, Run
from jobs.models import Job, State
from raters.models import Campaign
from raters.models.campaigns import Origin
from tests.factories.accounts import make_user
from tests.factories.catalog import make_photo
from tests.factories.generation import make_candidate, make_run
from tests.vitrine.demo.conftest import OverBut
from vitrine.access import Role
from vitrine.demo import shows
from vitrine.demo.shows import Show

ClientFor = Callable[[User | None], Client]
GoOn = Callable[..., int]


def page(client: Client, **headers: str) -> str:
    response = client.get(reverse("demo:progress"), headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_there_is_none_where_nothing_is_shown(client_for: ClientFor, operator: User, settings: Any) -> None:
    assert settings.DEMO is False
    assert client_for(operator).get(reverse("demo:progress")).status_code == 404
    assert client_for(operator).post(reverse("demo:tour"), {"act": "hide"}).status_code == 404
    assert User.objects.get(pk=operator.pk).tour == {}


def test_strangers_sign_in_first_and_come_back(client_for: ClientFor, begun: Show) -> None:
    response = client_for(None).get(reverse("demo:progress"))
    assert response.url == f"{reverse('accounts:login')}?next={reverse('demo:progress')}"  # type: ignore[attr-defined]


def test_before_anything_is_begun_it_says_how(client_for: ClientFor, demo: Any, db: None) -> None:
    assert "<code>make demo</code> begins it" in page(client_for(make_user(Role.OPERATOR)))


def test_what_is_under_way_is_asked_for_again(client_for: ClientFor, begun: Show) -> None:
    text = page(client_for(make_user(Role.OPERATOR)), **{"HX-Request": "true"})
    assert 'hx-trigger="every 3s"' in text
    assert "<html" not in text
    assert text.count("demo-step is-waiting") == 8


def test_what_is_over_is_not_asked_for_again(client_for: ClientFor, over: Show) -> None:
    client = client_for(make_user(Role.OPERATOR))
    text = page(client)
    assert "hx-trigger" not in text
    assert (text.count("demo-step is-done"), text.count("demo-step is-yours")) == (7, 1), "one is left to the visitor"
    for words in (
        "Pass rates",
        "The comparison",
        "The simulated campaign",
        "24 simulated ratings of 8 images",
        "0 of 8 rated",
    ):
        assert words in text


def test_with_the_photos_in_there_is_something_for_everybody(client_for: ClientFor, begun: Show, go_on: GoOn) -> None:
    """What a visitor meets within the first minute: nothing is made yet, and every page has something on it."""
    load_bank()
    go_on(2)
    assert Job.objects.get(key=begun.key("photos")).state == State.SUCCEEDED
    assert not Candidate.objects.exists()
    cover = Product.objects.get(pk=begun.first[0]).cover
    assert cover is not None
    for role in Role:
        assert cover.thumbnail_url in page(client_for(make_user(role)))
    client = client_for(make_user(Role.OPERATOR))
    for address, words in (
        (reverse("home"), "Try next"), (reverse("catalog:products"), cover.thumbnail_url),
        (reverse("catalog:product", args=begun.first[:1]), cover.url), (reverse("catalog:prompts"), "approved"),
        (reverse("generation:methods"), "background-swap-flat"), (reverse("generation:backgrounds"), "<img"),
        (reverse("jobs:list"), "Demonstration: Photos"),
    ):  # fmt: skip
        assert words in client.get(address).content.decode(), address


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.RATER, ["/rate/", "Yours to rate"]),
        (Role.ANALYST, ["/review/", "/ranking/", "8 images"]),
        (Role.OPERATOR, ["/review/", "/campaigns/", "/runs/"]),
    ],
)
def test_each_role_sees_links_that_are_for_it(client_for: ClientFor, over: Show, role: Role, sees: list[str]) -> None:
    main = page(client_for(make_user(role))).partition("<main")[2]
    assert [words for words in sees if words not in main] == []
    hidden = ["/review/", "/ranking/", "/runs/", "8 pass", "swap", "8 images"] if role == Role.RATER else []
    assert [words for words in hidden if words in main] == []


def test_a_step_that_failed_says_why_and_leads_to_its_job(client_for: ClientFor, begun: Show, go_on: GoOn) -> None:
    go_on(1)
    step = Job.objects.filter(key=begun.key("photos"))
    assert step.update(state=State.FAILED, error="Traceback\nThe disk is full.", finished_at=timezone.now()) == 1
    text = page(client_for(make_user(Role.OPERATOR)))
    assert "The disk is full." in text
    assert reverse("jobs:detail", args=[Job.objects.get(key=begun.key("photos")).pk]) in text
    assert "Traceback" not in text
    assert "disk" not in page(client_for(make_user(Role.RATER)))


def test_what_the_small_set_drew_says_so(client_for: ClientFor, over_but: OverBut) -> None:
    show = over_but(learned=shows.SMALL_SET, learns=shows.SMALL)
    said = "what it drew at 64 px"
    client = client_for(make_user(Role.OPERATOR))
    assert said not in page(client)
    product = Product.objects.get(pk=show.products[0])
    Product.objects.filter(pk=product.pk).update(cover=make_photo(product))
    run, other = (make_run(product, method=Method.objects.get(name=name), model_set="mini") for name in shows.SMALL)
    drawn = [make_candidate(run, seed=seed, dino_i=likeness) for seed, likeness in enumerate((None, 0.2, 0.7, 0.5))]
    drawn.append(make_candidate(other, dino_i=0.1))
    make_candidate(other, seed=1, dino_i=0.9, dropped="unsafe")
    text = page(client).partition('class="demo-drawn"')
    assert all(name in text[0] for name in (said, *shows.SMALL))
    shown = [reverse("generation:candidate", args=[image.pk]) in text[2] for image in drawn]
    assert shown == [False, False, True, False, True], "of each method the one most like the photos"
    assert f'alt="A photo of {product.title}"' in text[2]
    assert said not in page(client_for(make_user(Role.RATER)))


def test_every_page_of_the_crowds_campaign_says_that_it_is_simulated(client_for: ClientFor, over: Show) -> None:
    client = client_for(make_user(Role.OPERATOR))
    names = ("campaign", "quality", "disputes", "campaign-images", "campaign-guidelines", "gold-items",
             "campaign-raters", "campaign-edit")  # fmt: skip
    pages = {
        (campaign.origin, name): client.get(reverse(f"raters:{name}", args=[campaign.pk])).content.decode()
        for campaign in Campaign.objects.all()
        for name in names
    }
    said = {which for which, text in pages.items() if '<span class="badge warn">Simulated</span>' in text}
    assert said == {(Origin.SIMULATION, name) for name in names}


def test_its_queries_are_bounded(client_for: ClientFor, over: Show, django_assert_max_num_queries: Any) -> None:
    client = client_for(make_user(Role.OPERATOR))
    with django_assert_max_num_queries(60):
        page(client)


def test_a_product_that_asks_a_person_is_led_to(client_for: ClientFor, over: Show) -> None:
    client = client_for(make_user(Role.OPERATOR))
    assert "Those that ask you" not in page(client)
    Run.objects.filter(product=over.products[0]).update(
        state=Run.State.NEEDS_PERSON, finished_at=None, problem="It has no type."
    )
    text = page(client)
    assert "1 product asks a person" in text
    assert f"{reverse('generation:runs')}?state=needs_person" in text
    asked = text.partition('id="samples-asked"')[2].partition("</section>")[0]
    assert "1 product waits for you" in asked
    assert f'href="{reverse("catalog:product", args=over.products[:1])}" title="It has no type."' in asked
    for role in (Role.RATER, Role.ANALYST):
        assert "samples-asked" not in page(client_for(make_user(role))), "they cannot help it"
