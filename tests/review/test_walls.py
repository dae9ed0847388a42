"""Walls: which images they show, in what order, a page at a time, and what stands beside one."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ranking.models import Score
from raters.models import Rating
from raters.services import verdicts
from review import cards, walls
from review.cards import ImageKey
from review.counting import folding
from review.filters import Filters
from review.models import Mark
from review.wall_forms import read_wall
from review.walls import OPEN, Wall
from tests.factories.accounts import make_user
from tests.factories.ranking import make_ranker
from tests.factories.rating import YES
from tests.review.pictured import SIZE_FAILS, World, judge, make_candidates, make_uploads, make_world
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]


def of(world: World, **fields: Any) -> Wall:
    return Wall(Filters(product=world.product.pk), **fields)


def numbers(world: World, wall: Wall, size: int = 100) -> list[int]:
    """The world's candidates by their numbers, as the wall shows them, read page by page."""
    order = [candidate.pk for candidate in world.candidates]
    found, after = [], None
    while True:
        page = walls.page(wall, after=after, size=size)
        found += [order.index(cards.key_of(row).pk) for row in page.rows]
        if page.next_cursor is None:
            return found
        after = page.next_cursor


CHOSEN: list[tuple[dict[str, Any], set[int]]] = [
    ({}, {0, 1, 2, 3}),
    ({"verdict": "passed"}, {0}),
    ({"verdict": "failed"}, {1, 2}),
    ({"verdict": "undecided"}, {3}),
    ({"verdict": OPEN}, {4, 5}),
    ({"question": "size", "how": "fails"}, {1, 2}),
    ({"question": "size", "how": "passes"}, {0}),
    ({"question": "size", "how": "alone"}, {1}),
    ({"question": "size", "how": "no"}, {1, 2, 3}),
    ({"question": "logo", "how": "maybe"}, {2}),
    ({"question": "logo", "how": "fails", "verdict": "passed"}, set()),
    ({"question": "safety", "how": "unclear"}, set()),
    ({"question": "nobody-asked", "how": "fails"}, set()),
]


def test_a_wall_shows_what_its_address_asks_for(db: None) -> None:
    world = make_world()
    make_world(judged=1, waiting=1, title="Another mug")
    for fields, expected in CHOSEN:
        assert set(numbers(world, of(world, **fields))) == expected, fields


def test_one_question_is_looked_for_in_the_set_that_was_named(db: None) -> None:
    world = make_world()
    asked = world.campaign.question_set_id
    for question_set, expected in ((asked, {1, 2}), (asked + 1_000, set())):
        wall = Wall(Filters(product=world.product.pk, questions=question_set), question="size", how="fails")
        assert set(numbers(world, wall)) == expected


VALUES: dict[str, list[float | None]] = {
    "date": [0] * 8,
    "score": [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7],
    "clip_i": [0.5, 0.6, None, 0.6, 0.5, None, 0.5, 0.6],
    "dino_i": [None] * 8,
    "votes": [1, 0, 0, 0.5, 1, 0, 0, 0.5],
}


def in_order(world: World, sort: str, *, worst: bool) -> list[int]:
    """What has no value last, and the newest first among equals."""
    values, turned = VALUES[sort], 1 if worst else -1
    newest = {n: -world.task(n).pk for n in range(8)}
    if sort == "date" and worst:
        newest = {n: -place for n, place in newest.items()}
    return sorted(newest, key=lambda n: (values[n] is None, turned * (values[n] or 0), newest[n]))


def test_orders_hold_over_pages_and_beside_each_image(db: None) -> None:
    world = make_world(judged=8, waiting=0)
    for sort, worst in itertools.product(VALUES, (False, True)):
        expected = in_order(world, sort, worst=worst)
        wall = of(world, sort=sort, worst=worst)
        assert numbers(world, wall) == expected, wall
        assert numbers(world, wall, size=3) == expected, wall
        rows = walls.page(wall, size=100).rows
        for at, row in enumerate(rows):
            near = walls.beside(wall, row.pk)
            assert near.before == (rows[at - 1] if at else None), wall
            assert near.after == (rows[at + 1] if at + 1 < len(rows) else None), wall


def test_nothing_stands_beside_an_image_that_is_not_on_the_wall(db: None) -> None:
    world = make_world()
    assert walls.beside(of(world, verdict="passed"), world.task(1).pk) == walls.Beside()


def test_images_not_judged_are_sorted_and_paged_alike(db: None) -> None:
    world = make_world(judged=1, waiting=7)
    wall = of(world, verdict=OPEN, sort="clip_i")
    found = numbers(world, wall)
    assert found == [7, 3, 1, 6, 4, 5, 2]
    assert numbers(world, wall, size=2) == found
    assert walls.beside(wall, world.candidates[6].pk).before == world.candidates[1]


def test_probabilities_are_of_the_filters_ranker_else_the_champions(db: None) -> None:
    world = make_world()
    champion, other = make_ranker("champion"), make_ranker()
    for ranker, probabilities in ((champion, (0.1, 0.9, 0.5)), (other, (0.9, 0.1, 0.5))):
        for place, (candidate, said) in enumerate(zip(world.candidates, probabilities, strict=False), 1):
            Score.objects.create(
                ranker=ranker, candidate=candidate, product=world.product, probability=said, place=place
            )
    assert numbers(world, of(world, sort="ranker")) == [1, 2, 0, 3]
    own = Wall(Filters(product=world.product.pk, ranker=str(other.pk), top=9), sort="ranker")
    assert numbers(world, own) == [0, 2, 1]
    assert cards.cards(own, walls.page(own))[0].shown == ("Probability", 0.9)


def test_orders_that_there_are_not_are_not_offered(db: None) -> None:
    world = make_world()
    assert "ranker" not in walls.sorts_of(of(world))
    assert "votes" not in walls.sorts_of(of(world, verdict=OPEN))
    wall = of(world, sort="ranker", worst=True)
    assert walls.settled(wall, walls.counted(wall)) == of(world)


def test_a_wall_of_images_not_judged_claims_no_filter_of_judged_ones(client_for: ClientFor, analyst: User) -> None:
    world = make_world()
    wall, _ = read_wall(QueryDict(f"verdict=open&campaign={world.campaign.pk}&question=size"), product=world.product.pk)
    assert wall == of(world, verdict=OPEN)
    client, place = client_for(analyst), f"/review/products/{world.product.pk}/"
    page = client.get(f"{place}?campaign={world.campaign.pk}&question=size").content.decode()
    assert f'<a href="{place}?verdict=open#wall">Not judged yet</a>' in page
    page = client.get(f"{place}?verdict=open&campaign={world.campaign.pk}").content.decode()
    assert page.count("data-card-link") == 2
    assert "Without the filter" not in page
    assert f'<option value="{world.campaign.pk}" selected>' not in page


def test_too_many_images_are_in_the_order_of_dates(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    monkeypatch.setattr(walls, "MOST_SORTED", 3)
    wall = of(world, sort="clip_i")
    total = walls.counted(wall)
    assert (total.number, total.exact) == (3, False)
    assert walls.settled(wall, total).sort == "date"
    few = wall.but(verdict="failed")
    assert walls.settled(few, walls.counted(few)) == few


def test_marked_images_are_found_however_they_came(db: None) -> None:
    world, uploads = make_world(), make_uploads()
    Mark.objects.create(candidate=world.candidates[1])
    Mark.objects.create(candidate=world.candidates[5])
    Mark.objects.create(task=uploads[0])
    rows = walls.page(Wall(marked=True)).rows
    assert {str(cards.key_of(row)) for row in rows} == {f"candidate:{world.candidates[1].pk}", f"task:{uploads[0].pk}"}
    assert numbers(world, Wall(marked=True, verdict=OPEN)) == [5]
    assert numbers(world, of(world, marked=True)) == [1]


def test_a_candidate_of_two_campaigns_is_there_once_for_each(db: None) -> None:
    world = make_world()
    judge(world.candidates[:1], [[SIZE_FAILS]], name="Again")
    found = numbers(world, of(world))
    assert found.count(0) == 2
    assert {card.verdict for card in cards.cards(of(world), walls.page(of(world)))} >= {"passed", "failed"}


def test_cards_say_verdict_votes_and_what_failed(db: None) -> None:
    world = make_world()
    Mark.objects.create(candidate=world.candidates[2])
    wall = of(world, sort="score")
    shown = {card.key.pk: card for card in cards.cards(wall, walls.page(wall))}
    passed, alone, two, tied = (shown[world.candidates[n].pk] for n in range(4))
    assert (passed.verdict, passed.accepted, passed.ratings, passed.failing) == ("passed", 2, 2, ())
    assert (alone.verdict, alone.alone, alone.failing) == ("failed", True, ("Product size",))
    assert (two.alone, two.marked, len(two.failing)) == (False, True, 2)
    assert (tied.verdict, tied.tone, tied.accepted) == ("undecided", "warn", 1)
    assert passed.shown == ("Sum", 1.0)
    assert passed.href.startswith(f"/review/candidates/{passed.key.pk}/?product={world.product.pk}&sort=score&at=")


def test_a_card_of_a_file_that_never_came_says_so(db: None) -> None:
    (task,) = make_uploads(1)
    wall = Wall()
    (card,) = cards.cards(wall, walls.page(wall))
    assert card.picture == f"/review/uploads/{task.pk}/thumbnail/"
    type(task).objects.filter(pk=task.pk).update(picture_key="")
    assert cards.cards(wall, walls.page(wall))[0].picture == ""


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("", "/review/images/"),
        ("verdict=failed", "/review/images/"),
        ("product=17&sort=clip_i&worst=1", "/review/products/17/"),
        ("item=4&marked=1", "/review/items/4/"),
        ("question=size&how=alone&method=a+v1", "/review/images/"),
        ("verdict=open&product=3", "/review/products/3/"),
    ],
)
def test_an_address_says_the_wall_again(query: str, path: str, db: None) -> None:
    wall, problem = read_wall(QueryDict(query))
    assert problem == ""
    assert read_wall(QueryDict(wall.query))[0] == wall
    found, _, told = wall.address.partition("?")
    assert found == path
    assert "product=" not in told
    assert "item=" not in told


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("verdict=good", "verdict: "),
        ("sort=beauty", "sort: "),
        ("how=fails", "question: Which question?"),
        ("question=a%20b", "question: No such question."),
        ("campaign=x", "campaign: Enter a whole number."),
        ("item=0", "item: "),
        (f"item={2**63}", "item: "),
    ],
)
def test_what_an_address_may_not_say_is_told(query: str, said: str, client_for: ClientFor, analyst: User) -> None:
    response = client_for(analyst).get(f"/review/images/?{query}")
    assert response.status_code == 422
    assert said in response.content.decode()


def test_the_page_of_all_images_leads_on_and_keeps_its_filter(
    client_for: ClientFor, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    monkeypatch.setattr(walls, "SIZE", 2)
    client = client_for(analyst)
    page = client.get(f"/review/images/?campaign={world.campaign.pk}&question=size&how=no").content.decode()
    assert "Images where somebody said no to “Product size”" in page
    assert page.count("data-card-link") == 2
    address = page.partition('hx-get="/review/images/more/?')[2].partition('"')[0].replace("&amp;", "&")
    assert address.startswith(f"campaign={world.campaign.pk}&question=size&how=no&after=")
    more = client.get(f"/review/images/more/?{address}").content.decode()
    assert more.count("data-card-link") == more.count("data-choose") == 1
    assert "Show more" not in more


def test_figures_of_the_overview_lead_to_as_many_images(client_for: ClientFor, analyst: User) -> None:
    world = make_world(judged=4, waiting=0)
    make_uploads(1)
    client = client_for(analyst)
    page = client.get(f"/review/?campaign={world.campaign.pk}").content.decode()
    asked = f"questions={world.campaign.question_set_id}"
    leads = {
        f"campaign={world.campaign.pk}&amp;verdict=passed": 1,
        f"campaign={world.campaign.pk}": 4,
        f"campaign={world.campaign.pk}&amp;verdict=undecided": 1,
        f"campaign={world.campaign.pk}&amp;{asked}&amp;question=size&amp;how=alone": 1,
        f"campaign={world.campaign.pk}&amp;{asked}&amp;question=logo&amp;how=maybe": 1,
    }
    for query, images in leads.items():
        assert f'href="/review/images/?{query}"' in page, query
        wall = client.get(f"/review/images/?{query.replace('&amp;', '&')}").content.decode()
        assert wall.count("data-card-link") == images, query
    assert f'href="/review/products/?campaign={world.campaign.pk}&amp;passing=yes"' in page


def test_nothing_here_is_said_in_words(client_for: ClientFor, analyst: User) -> None:
    client = client_for(analyst)
    assert "An image appears here with its final verdict" in client.get("/review/images/").content.decode()
    assert "None fits what is chosen" in client.get("/review/images/?verdict=passed").content.decode()


def test_thumbnails_of_uploads_are_small_and_not_of_gold(client_for: ClientFor, analyst: User) -> None:
    first, second = make_uploads(2)
    client = client_for(analyst)
    response = client.get(f"/review/uploads/{first.pk}/thumbnail/")
    assert response["Content-Type"] == "image/webp"
    assert client.get(f"/review/uploads/{first.pk}/thumbnail/").content == response.content
    type(second).objects.filter(pk=second.pk).update(state="gold")
    assert client.get(f"/review/uploads/{second.pk}/thumbnail/").status_code == 404
    type(first).objects.filter(pk=first.pk).update(picture_key="rated/00/gone.png")
    assert client.get(f"/review/uploads/{first.pk}/thumbnail/").status_code == 404


ADDRESSES = ("/review/images/", "/review/images/more/", "/review/products/", "/review/uploads/1/thumbnail/")


@pytest.mark.parametrize("address", ADDRESSES)
def test_walls_are_for_analysts_and_operators(address: str, client_for: ClientFor, db: None) -> None:
    for role, status in ((Role.ANALYST, (200, 404)), (Role.OPERATOR, (200, 404)), (Role.RATER, (403,)), (None, (403,))):
        user = make_user(role) if role else make_user()
        assert client_for(user).get(address).status_code in status, role
    assert client_for(None).get(address).status_code == 302
    assert client_for(make_user(Role.ANALYST)).post(address).status_code == 405


def test_queries_do_not_grow_with_the_images(client_for: ClientFor, analyst: User) -> None:
    world, client = make_world(judged=2, waiting=0), client_for(analyst)
    client.get("/review/images/")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/review/images/?question=size&how=fails").status_code == 200
        counts.append(len(asked))
        more = make_candidates(world.product, 4)
        judge(more, [[SIZE_FAILS]] * 4, name="More")
        client.get("/review/images/")
    assert counts[1] <= counts[0] <= 40


def test_keys_name_images() -> None:
    assert str(ImageKey("task", 3)) == "task:3"
    assert ImageKey("candidate", 9).column == {"candidate_id": 9}


def test_who_left_questions_out_is_no_acceptance(db: None) -> None:
    """Of three ratings one accepts, one rejects, and one, imported, answers some questions: its share is of two."""
    world = make_world(judged=1, waiting=0)
    made = judge(make_candidates(world.product, 1), [[YES, SIZE_FAILS, YES]], name="Theirs")
    task = made.tasks.get()
    *_, partial = Rating.objects.filter(task=task).order_by("pk")
    Rating.objects.filter(pk=partial.pk).update(accepted=False, answers={"logo": "yes"}, origin="import")
    verdicts.recompute(task)
    folding.count_all_waiting()
    page = walls.page(Wall(Filters(campaign=made.pk)))
    (card,) = cards.cards(Wall(), page)
    assert (card.accepted, card.ratings) == (1, 3)


def test_votes_on_a_card_are_all_as_of_now(db: None) -> None:
    """A rating that was left out since the last count is neither among the ratings nor among those that accept."""
    world = make_world(judged=1, waiting=0)
    wall = of(world)
    before = cards.cards(wall, walls.page(wall))[0]
    Rating.objects.filter(pk=Rating.objects.filter(accepted=True).latest("pk").pk).update(excluded=True)
    (card,) = cards.cards(wall, walls.page(wall))
    assert (before.accepted, before.ratings) == (2, 2)
    assert (card.accepted, card.ratings) == (1, 1)
