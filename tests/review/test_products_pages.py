"""A product's page in review, the page of what was uploaded, and the list of products."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from raters.models import Campaign
from review import product_figures, walls
from review.filters import Filters
from review.models import Item, JudgedImage
from review.statistics import rates
from tests.factories.accounts import make_user
from tests.factories.catalog import make_photo, make_product
from tests.factories.rating import YES, make_question_set
from tests.review.pictured import SIZE_FAILS, judge, make_candidates, make_uploads, make_world
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def of(client: Client, pk: int, query: str = "") -> str:
    response = client.get(f"/review/products/{pk}/?{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_its_own_rate_stands_beside_its_types(db: None) -> None:
    mug = make_world(judged=8, waiting=0).product
    other = make_product("Another mug", type="mug")
    judge(make_candidates(other, 4), [[YES]] * 4, name="More")
    found = product_figures.figures_of(Filters(), product_figures.items_of(mug.pk), mug.type)
    low, high = rates.wilson(2 / 6, 6, 1.959964)
    assert (found.rate.passed, found.rate.of, found.undecided) == (2, 6, 2)
    assert found.rate.low == pytest.approx(low)
    assert found.rate.high == pytest.approx(high)
    assert found.of_type is not None
    assert (found.of_type.passed, found.of_type.of, found.of_type.products) == (6, 10, 2)
    assert found.of_type.low is not None
    assert found.per_product is not None
    assert found.per_product.value == 1.0


def test_questions_that_fail_come_worst_first_with_their_types_share(db: None) -> None:
    world = make_world(judged=8, waiting=0)
    judge(make_candidates(make_product("Another mug", type="mug"), 4), [[YES]] * 4, name="More")
    found = product_figures.figures_of(Filters(), product_figures.items_of(world.product.pk), world.product.type)
    first, second = found.questions[:2]
    assert (first.key, first.failed, first.of, first.alone) == ("size", 4, 6, 2)
    assert (second.key, second.failed, second.of, second.alone) == ("logo", 2, 8, 0)
    assert first.of_type == 4 / 10
    assert second.of_type == 2 / 12
    assert all(line.share == 0 for line in found.questions[2:])


def test_figures_are_of_the_images_that_the_filters_choose(db: None) -> None:
    world = make_world(judged=4, waiting=0)
    again = judge(world.candidates[:2], [[YES]] * 2, name="Again")
    items = product_figures.items_of(world.product.pk)
    found = product_figures.figures_of(Filters(campaign=again.pk), items, world.product.type)
    assert (found.rate.passed, found.rate.of, found.ratings) == (2, 2, 2)
    nothing = product_figures.figures_of(Filters(method="gone"), items, world.product.type)
    assert nothing.rate.value is None
    assert nothing.questions == ()


def test_a_rankers_best_are_looked_for_in_the_product_alone_and_are_the_same(db: None) -> None:
    mug = make_world(judged=8, waiting=0).product
    judge(make_candidates(make_product("Another mug", type="mug"), 4), [[YES]] * 4, name="More")
    items, best = product_figures.items_of(mug.pk), Filters(ranker="sum", top=3)
    found = product_figures.figures_of(best, items, mug.type)
    assert found.rate.of + found.undecided == best.but(product=mug.pk).rows().count() == 3
    assert found.of_type is not None
    assert found.of_type.of == best.but(type=mug.type_id).rows().exclude(verdict=-1).count()
    wall = walls.Wall(best.but(product=mug.pk))
    assert walls.counted(wall).number == 3


def test_the_page_tells_it_all(client: Client) -> None:
    world = make_world(judged=8, waiting=2)
    make_photo(world.product)
    page = of(client, world.product.pk)
    assert "33.3 %" in page
    assert "of all images of its type pass" in page
    assert page.count("data-card-link") == 8
    assert page.count("</span>passed</span>") == 2
    assert page.count("undecided</span>") >= 2
    assert f'href="/review/products/{world.product.pk}/?questions={world.campaign.question_set_id}' in page
    assert "question=size&amp;how=fails#wall" in page
    assert 'alt="Photo 1 of the product"' in page


def test_a_bar_leads_to_its_pictures(client: Client) -> None:
    world = make_world(judged=4)
    page = of(client, world.product.pk)
    address = page.partition('class="failing-name" href="')[2].partition("#")[0].replace("&amp;", "&")
    assert "question=size" in address
    wall = client.get(address).content.decode()
    assert wall.count("data-card-link") == 2
    assert "Images where “Product size” fails" in wall
    assert wall.count('aria-current="true"') >= 1


def test_another_question_set_and_another_filter_keep_what_is_set(client: Client) -> None:
    world = make_world(judged=4)
    other = judge(world.candidates[:1], [[YES]], name="Again")
    asked = make_question_set("size")
    Campaign.objects.filter(pk=other.pk).update(question_set=asked)
    JudgedImage.objects.filter(campaign=other.pk).update(question_set=asked.pk)
    place = f"/review/products/{world.product.pk}/"
    page = of(client, world.product.pk, "since=2020-01-01&voters=person&sort=clip_i&after=7")
    assert f'<a href="{place}?since=2020-01-01&amp;voters=person&amp;questions={asked.pk}&amp;sort=clip_i">' in page
    form = page.partition('aria-label="Choose which images of the product"')[2].partition("</form>")[0]
    assert '<input type="hidden" name="voters" value="person">' in form
    assert form.count('name="since"') == 1
    assert '<a href="?since=2020-01-01&amp;sort=clip_i" aria-label="Without the filter' in form
    assert form.count("Without the filter") == 2  # its product is none that could be taken away


def test_what_nobody_has_judged_is_shown_as_that(client: Client) -> None:
    product = make_product("A lamp", type="lamp")
    make_candidates(product, 3)
    page = of(client, product.pk)
    assert page.count("data-card-link") == 3
    assert "Images not judged yet" in page
    assert "None of its images has a final verdict yet." in page
    assert "0.0 %" not in page
    assert "nan" not in page.lower()


def test_a_product_without_anything_has_a_page(client: Client) -> None:
    page = of(client, make_product("Bare").pk)
    assert "no type" in page
    assert "It has no photo." in page
    assert "None of its images has a final verdict yet." in page


def test_uploads_that_are_of_no_product_have_a_page(client: Client) -> None:
    make_uploads(3)
    item = Item.objects.get(name="A sofa of theirs")
    page = client.get(f"/review/items/{item.pk}/").content.decode()
    assert page.count("data-card-link") == 3
    assert "66.7 %" in page
    assert "2 of 3" in page
    assert "Uploaded images have no type to stand beside." in page


def test_an_item_that_is_a_product_is_shown_as_one_until_that_is_gone(client: Client) -> None:
    world = make_world()
    item = Item.objects.get(product=world.product.pk)
    assert client.get(f"/review/items/{item.pk}/")["Location"] == f"/review/products/{world.product.pk}/"
    Item.objects.filter(pk=item.pk).update(product=world.product.pk + 1_000)
    assert client.get(f"/review/items/{item.pk}/").status_code == 200
    response = client.get(f"/review/products/{world.product.pk + 1_000}/")
    assert response["Location"] == f"/review/items/{item.pk}/"


@pytest.mark.parametrize("address", ["/review/products/999999999/", "/review/items/999999999/"])
def test_what_is_not_there(address: str, client: Client) -> None:
    assert client.get(address).status_code == 404


FOUND: dict[str, set[str]] = {
    "": {"Stoneware mug", "A sofa of theirs", "Never good"},
    "passing=yes": {"Stoneware mug", "A sofa of theirs"},
    "passing=no": {"Never good"},
    "passing=yes&least=2": {"A sofa of theirs"},
    "passing=no&least=2": {"Stoneware mug", "Never good"},
    "method=theirs": {"A sofa of theirs"},
    "method=gone": set(),
}


def test_products_are_found_by_whether_they_pass(client: Client) -> None:
    make_world(judged=4, waiting=0)
    make_uploads(3)
    judge(make_candidates(make_product("Never good"), 2), [[SIZE_FAILS]] * 2, name="Bad")
    pages = {query: client.get(f"/review/products/?{query}").content.decode() for query in FOUND}
    for query, expected in FOUND.items():
        assert {name for name in FOUND[""] if f'clamp">{name}</p>' in pages[query]} == expected, query
    assert "No product fits" in pages["method=gone"]
    for counted in ("1 of 3 pass", "2 of 3 pass", "0 of 2 pass"):
        assert counted in pages[""]


def test_an_empty_list_says_so(client: Client) -> None:
    assert "Nothing is judged yet" in client.get("/review/products/").content.decode()


def test_products_are_for_analysts_and_operators(client_for: ClientFor, db: None) -> None:
    pk = make_product().pk
    for role, status in ((Role.ANALYST, 200), (Role.OPERATOR, 200), (Role.RATER, 403), (None, 403)):
        user = make_user(role) if role else make_user()
        assert client_for(user).get(f"/review/products/{pk}/").status_code == status, role
    assert client_for(None).get(f"/review/products/{pk}/").status_code == 302


def test_queries_do_not_grow_with_images_and_products(client: Client) -> None:
    world = make_world(judged=4)
    counts = []
    for _ in range(2):
        of(client, world.product.pk)
        with CaptureQueriesContext(connection) as asked:
            of(client, world.product.pk, "sort=clip_i")
        counts.append(len(asked))
        judge(make_candidates(world.product, 6), [[YES]] * 6, name="More")
        judge(make_candidates(make_product(type="mug"), 1), [[YES]], name="Others")
    assert counts[1] <= counts[0] <= 60
