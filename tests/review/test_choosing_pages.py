"""Images marked from any list, some or all of them: the wall, the list of products, a comparison; and the way back."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from raters.models import Campaign
from review.cards import ImageKey
from review.filters import Filters
from review.models import Comparison, Item, Mark
from review.services import choosing, comparisons, marks
from review.views import choosing as choosing_pages
from tests.factories.accounts import make_user
from tests.factories.catalog import make_product
from tests.review.facts import put
from tests.review.pictured import World, make_uploads, make_world
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]
MARK, SEND = "/review/images/mark/", "/review/images/send/"


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def marked(world: World) -> set[int]:
    """Which of its candidates have a mark, by their numbers from 0."""
    found = set(Mark.objects.exclude(candidate=None).values_list("candidate", flat=True))
    return {number for number, one in enumerate(world.candidates) if one.pk in found}


def test_chosen_images_are_marked_and_marks_taken_off(client: Client, analyst: User) -> None:
    world, upload = make_world(), make_uploads(1)[0]
    keys = [f"candidate:{world.candidates[n].pk}" for n in (0, 2)] + [f"task:{upload.pk}", "candidate:999999999"]
    made = client.post(f"{MARK}?verdict=passed", {"which": "chosen", "marked": "1", "images": keys})
    assert made["Location"] == "/review/images/?verdict=passed"
    assert (
        "3 images marked for a second look. Of 4: the others had a mark before, or are gone."
        in client.get(made["Location"]).content.decode()
    )
    assert marked(world) == {0, 2}
    assert Mark.objects.get(task=upload).by == analyst
    gone = client.post(f"{MARK}?marked=1", {"which": "chosen", "marked": "0", "images": keys[:1]})
    assert "Marks taken off 1 image." in client.get(gone["Location"]).content.decode()
    assert marked(world) == {2}
    assert Mark.objects.filter(task=upload).exists()


def test_all_of_a_wall_or_a_share_of_it_is_marked(client: Client) -> None:
    world = make_world()
    wall = f"{MARK}?product={world.product.pk}"
    client.post(wall, {"which": "all", "marked": "1", "share": "50"})
    assert len(marked(world)) == 2
    assert marked(world) <= {0, 1, 2, 3}
    client.post(wall, {"which": "all", "marked": "1"})
    assert marked(world) == {0, 1, 2, 3}
    client.post(f"{wall}&marked=1", {"which": "all", "marked": "0"})
    assert marked(world) == set()


@pytest.mark.parametrize(("most", "share"), [(2_000, 100), (4, 100), (3, 75)])
def test_no_more_is_offered_than_can_go_at_once(
    most: int, share: int, client_for: ClientFor, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_world()
    words = "all 4" if share == choosing.WHOLE else "this share of 4"
    monkeypatch.setattr(choosing_pages, "MOST_SENT", most)
    page = client_for(operator).get("/review/images/").content.decode()
    chosen, everything = page.partition('id="send-form"')[2].partition('id="all-form"')[::2]
    assert f'name="share" type="number" min="1" max="{share}" value="{share}"' in everything
    assert f">★ Mark {words}<" in everything
    assert f">Send {words}<" in everything
    assert '<button class="button" type="submit" formnovalidate>★ Mark' in everything  # whatever a campaign's name is
    assert 'name="which" value="chosen"' in chosen
    assert "share" not in chosen
    assert everything.partition("<button ")[2].startswith('type="submit" disabled hidden>')  # for Enter in a field


def test_marks_of_all_are_taken_off_only_when_that_is_sure(client: Client) -> None:
    world = make_world()
    marks.mark_all([ImageKey("candidate", one.pk) for one in world.candidates], marked=True)
    assert "data-confirm" not in client.get("/review/images/").content.decode().partition('id="all-form"')[2]
    page = client.get("/review/images/?marked=1").content.decode().partition('id="all-form"')[2]
    assert "data-confirm=\"Take the marks off these images, other people's marks, too?" in page


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"which": "chosen", "marked": "1"}, "Choose some images first."),
        ({"which": "all", "marked": "1", "share": "0"}, "share: "),
        ({"which": "all", "marked": "1", "share": "101"}, "share: "),
        ({"which": "all", "marked": "1", "share": ""}, "share: Say which share of all"),
        ({"which": "all", "marked": "x"}, "marked: "),
        ({"which": "some", "marked": "1"}, "which: "),
        ({"which": "chosen", "marked": "1", "items": ["x", "-1"]}, "Choose some images first."),
    ],
)
def test_what_cannot_be_marked_is_said_on_the_list(data: dict[str, str], said: str, client: Client) -> None:
    make_world(judged=1, waiting=0)
    refused = client.post(f"{MARK}?verdict=failed", data)
    assert refused["Location"] == "/review/images/?verdict=failed"
    assert said in client.get(refused["Location"]).content.decode()
    assert not Mark.objects.exists()


def test_products_of_the_list_are_marked_and_sent_with_their_images(client_for: ClientFor, operator: User) -> None:
    world = make_world()
    put([(make_product("Lamp"), "b", "beach", [True, False])], name="Lamps")
    client, here = client_for(operator), "/review/products/?campaign="
    page = client.get("/review/products/").content.decode()
    item = Item.objects.get(product=world.product.pk)
    assert f'name="items" value="{item.pk}"' in page
    data = {"which": "chosen", "items": [item.pk], "back": here}
    assert client.post(MARK, data | {"marked": "1"})["Location"] == here
    assert marked(world) == {0, 1, 2, 3}
    sent = client.post(f"{SEND}?campaign={world.campaign.pk}", data | {"name": "Mugs again", "raters": "2"})
    made = Campaign.objects.get(name="Mugs again")
    assert (sent["Location"], made.task_count) == (f"/campaigns/{made.pk}/", 4)


def test_a_share_of_the_images_of_all_products_is_marked(client_for: ClientFor, operator: User) -> None:
    world = make_world()
    put([(make_product("Lamp"), "b", "beach", [True, False])], name="Lamps")
    client, query = client_for(operator), f"campaign={world.campaign.pk}"
    page = client.get(f"/review/products/?{query}").content.decode().partition('id="all-form"')[2]
    assert "★ Mark all 4 images<" in page
    assert "Send all 4 images<" in page
    address = page.partition('formaction="')[0].partition('action="')[2].partition('"')[0]
    assert address == f"{MARK}?{query}"
    here = f"/review/products/?{query}"
    assert client.post(address, {"which": "all", "marked": "1", "share": "50", "back": here})["Location"] == here
    assert len(marked(world)) == 2
    assert Mark.objects.count() == 2
    assert 'id="all-form"' not in client.get(f"{here}&passing=no").content.decode()


@pytest.mark.parametrize("page", ["products", "images"])
def test_no_total_is_offered_of_filters_that_cannot_be_read(page: str, client: Client) -> None:
    make_world()
    assert 'id="all-form"' in client.get(f"/review/{page}/").content.decode()
    answer = client.get(f"/review/{page}/?campaign=x")
    assert answer.status_code == 422
    assert 'id="all-form"' not in answer.content.decode()


def test_images_behind_a_comparison_are_marked(client: Client) -> None:
    products = [make_product(f"Mug {n}") for n in range(4)]
    put([(one, name, "x", [name == "b", False]) for one in products for name in "ab"])
    row = comparisons.ask(Filters(), ["a", "b"])
    comparisons.run(row.pk)
    here = f"/review/compare/{row.pk}/"
    page = client.get(here).content.decode()
    task = Comparison.objects.get().result[0]["moved"]["gained"]["shown"][0][1][0][0]
    assert f'name="images" value="task:{task}"' in page
    assert f'href="/review/uploads/{task}/"' in page
    made = client.post(MARK, {"which": "chosen", "marked": "1", "images": f"task:{task}", "back": here})
    assert made["Location"] == here
    assert Mark.objects.get().task_id == task


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example/review/", "//elsewhere.example", "/campaigns/", "javascript:alert(1)", ""]
)
def test_the_way_back_leads_to_review_alone(back: str, client: Client) -> None:
    answer = client.post(f"{MARK}?verdict=failed", {"which": "chosen", "marked": "1", "back": back})
    assert answer["Location"] == "/review/images/?verdict=failed"


def test_marking_many_is_for_analysts_and_operators(client_for: ClientFor, db: None) -> None:
    make_world(judged=1, waiting=0)
    data = {"which": "all", "marked": "1"}
    for role, status in ((Role.RATER, 403), (None, 403), (Role.OPERATOR, 302), (Role.ANALYST, 302)):
        client = client_for(make_user(role) if role else make_user())
        assert client.post(MARK, data).status_code == status, role
        assert client.get(MARK).status_code == (405 if status == 302 else 403), role
    assert client_for(None).post(MARK, data).status_code == 302


def test_marking_many_asks_as_little_as_marking_few(db: None, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    world = make_world(judged=4, waiting=20)
    keys = [ImageKey("candidate", one.pk) for one in world.candidates]
    with django_assert_max_num_queries(10):
        assert marks.mark_all(keys, marked=True) == 24
        assert marks.mark_all([*keys, *keys], marked=True) == 0
