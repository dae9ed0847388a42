"""One image opened: its past, every vote, what others made of its prompt, and its place on the wall it came from."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from generation.models import Run
from raters.models import Rating, Task
from raters.services import adjudication
from review import provenance
from tests.factories.accounts import make_user
from tests.factories.catalog import make_product
from tests.factories.generation import make_candidate, make_method, make_run
from tests.factories.rating import NO, YES
from tests.factories.runs import make_whole_run
from tests.review.pictured import SIZE_FAILS, judge, make_uploads, make_world
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


@pytest.fixture
def run(db: None) -> Run:
    return make_whole_run(candidates=4, pictures=6, side=32)


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_whole_past_is_on_one_page(client: Client, run: Run) -> None:
    candidate = run.candidates.get(place=1)
    judge([candidate], [[YES, SIZE_FAILS, NO]])
    page = text(client, f"/review/candidates/{candidate.pk}/")
    assert "Training images kept: 5" in page
    assert "Training images dropped: 1" in page
    assert "with the reference mask is under 0.80: the product grew." in page
    assert f"seed {candidate.seed}" in page
    assert "rank 64" in page
    assert "1 of 4" in page
    assert f'hx-get="/ranking/candidates/{candidate.pk}/"' in page
    assert 'alt="Photo 1 of the product"' in page
    for rating in Rating.objects.select_related("rater__user"):
        assert rating.rater.user.get_username() in page
    assert page.count("✗ no") == 4  # to the size, and so to the image, by two of three
    assert "33.3 %" in page


def test_votes_are_told_by_campaign_with_what_does_not_count(analyst: User) -> None:
    world = make_world(judged=2, waiting=0)
    first = Rating.objects.filter(task=world.task(1)).order_by("pk")[0]
    Rating.objects.filter(pk=first.pk).update(excluded=True)
    judge(world.candidates[1:], [[YES]], name="Again")
    ruled = adjudication.rule(world.task(1), YES, by=analyst, reason="It is fine.")
    again, before = provenance.judgements_of(Task.objects.filter(candidate=world.candidates[1]))
    assert (again.task.campaign.name, again.outcome, len(again.ratings)) == ("Again", "passed", 1)
    assert (before.outcome, before.ruling, before.ratings[0].excluded) == ("failed", ruled, True)
    size = next(line for line in before.lines if line.topic == "Product size")
    assert size.answers == (("no", False), ("no", False))
    assert (dict(size.counts), size.outcome) == ({"no": 2}, "failed")


def test_an_image_that_is_still_rated_says_so(db: None) -> None:
    world = make_world(judged=1, waiting=0)
    Rating.objects.filter(task=world.task(0)).delete()
    Task.objects.filter(pk=world.task(0).pk).update(state="begun")
    world.task(0).verdict.delete()
    (told,) = provenance.judgements_of(Task.objects.filter(candidate=world.candidates[0]))
    assert (told.outcome, told.ratings, told.verdict) == ("not final", (), None)


def test_more_ratings_than_are_shown_are_counted(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "MOST_RATINGS", 1)
    world = make_world(judged=1, waiting=0)
    (told,) = provenance.judgements_of(Task.objects.filter(candidate=world.candidates[0]))
    assert (len(told.ratings), told.more, len(told.lines[0].answers)) == (1, 1, 1)


def test_gold_items_are_not_told(client: Client) -> None:
    world, upload = make_world(judged=1, waiting=0), make_uploads(1)[0]
    Task.objects.update(state="gold")
    assert provenance.judgements_of(Task.objects.filter(candidate=world.candidates[0])) == []
    assert client.get(f"/review/uploads/{upload.pk}/").status_code == 404


def test_other_methods_with_the_same_seed_come_first_then_the_nearest(db: None) -> None:
    product, prompt = make_product(), "a photo of {product} in snow"
    mine, same, near = (make_run(product, method=make_method(name)) for name in ("mine", "same", "near"))
    own = make_candidate(mine, prompt=prompt, seed=100)
    make_candidate(mine, prompt=prompt, seed=101)
    twin = make_candidate(same, prompt=prompt, seed=100)
    make_candidate(same, prompt=prompt, seed=99)
    far, close = (make_candidate(near, prompt=prompt, seed=seed) for seed in (900, 120))
    make_candidate(near, prompt="another scene", seed=100)
    make_candidate(near, prompt=prompt, seed=100_000, dropped="unsafe")
    make_candidate(make_run(method=same.method), prompt=prompt, seed=100)
    judge([twin], [[YES]])
    told = provenance.others_of(provenance.candidate_or_404(own.pk))
    assert [(one.method, one.same_seed) for one in told] == [("same v1", True), ("near v1", False)]
    assert [image.candidate for image in told[0].images] == [twin]
    assert told[0].images[0].verdict == "passed"
    assert [image.candidate for image in told[1].images] == [close, far]


def test_seeds_beyond_what_a_database_counts_in_are_no_trouble(db: None) -> None:
    product, prompt = make_product(), "a photo of {product} in snow"
    own = make_candidate(make_run(product), prompt=prompt, seed=2**63 - 1)
    other = make_candidate(make_run(product), prompt=prompt, seed=0)
    (told,) = provenance.others_of(provenance.candidate_or_404(own.pk))
    assert told.images[0].candidate == other


def test_the_way_along_the_wall_and_back_keeps_the_filter(client: Client, run: Run) -> None:
    candidates = list(run.candidates.order_by("place"))
    judge(candidates, [[SIZE_FAILS], [YES], [SIZE_FAILS], [SIZE_FAILS]])
    wall = text(client, f"/review/products/{run.product_id}/?question=size&how=fails&sort=score")
    hrefs = [part.partition('"')[0].replace("&amp;", "&") for part in wall.split('<a class="shot-picture" href="')[1:]]
    opened = [href for href in hrefs if "/review/candidates/" in href]
    assert len(opened) == 3
    page = text(client, opened[1])
    for address in (opened[0], opened[2]):
        assert f'href="{address.replace("&", "&amp;")}"' in page
    assert f'href="/review/products/{run.product_id}/?question=size&amp;how=fails&amp;sort=score#image-' in page
    assert 'rel="prev"' not in text(client, opened[0])
    assert 'rel="next"' not in text(client, opened[2])


def test_without_a_wall_the_products_own_is_gone_along(client: Client, run: Run) -> None:
    candidate = run.candidates.filter(dropped="").order_by("pk")[1]
    page = text(client, f"/review/candidates/{candidate.pk}/")
    assert f'href="/review/products/{run.product_id}/?verdict=open#image-{candidate.pk}"' in page
    assert 'rel="prev"' in page
    assert "It is in no campaign: nobody was asked about it." in page
    judge([candidate], [[YES]])
    assert f'href="/review/products/{run.product_id}/#image-' in text(client, f"/review/candidates/{candidate.pk}/")


def test_an_upload_shows_what_came_with_it(client: Client) -> None:
    first, second = make_uploads(2)
    page = text(client, f"/review/uploads/{second.pk}/")
    assert "sofa-1" in page
    assert "theirs" in page
    assert "made elsewhere" in page
    assert f"/campaigns/{second.campaign_id}/disputes/{second.pk}/photos/0" in page or "dispute" in page
    assert "Product size" in page
    assert f"/review/uploads/{first.pk}/?item=" in page


def test_an_upload_whose_candidate_is_there_is_shown_as_that(client: Client) -> None:
    world = make_world(judged=1, waiting=0)
    response = client.get(f"/review/uploads/{world.task(0).pk}/")
    assert response["Location"] == f"/review/candidates/{world.candidates[0].pk}/"


@pytest.mark.parametrize("address", ["/review/candidates/999999999/", "/review/uploads/999999999/"])
def test_what_is_not_there(address: str, client: Client) -> None:
    assert client.get(address).status_code == 404


def test_images_are_opened_by_analysts_and_operators(client_for: ClientFor, run: Run) -> None:
    candidate = run.candidates.get(place=1)
    upload = make_uploads(1)[0]
    for address in (f"/review/candidates/{candidate.pk}/", f"/review/uploads/{upload.pk}/"):
        for role, status in ((Role.ANALYST, 200), (Role.OPERATOR, 200), (Role.RATER, 403), (None, 403)):
            user = make_user(role) if role else make_user()
            assert client_for(user).get(address).status_code == status, role
        assert client_for(None).get(address).status_code == 302
        assert client_for(make_user(Role.ANALYST)).post(address).status_code == 405


def test_queries_do_not_grow_with_the_run(client: Client, run: Run) -> None:
    candidates = list(run.candidates.order_by("place"))
    judge(candidates[:1], [[YES]])
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            text(client, f"/review/candidates/{candidates[0].pk}/")
        counts.append(len(asked))
        judge(candidates, [[YES, NO]] * 4, name="More")
        make_candidate(make_run(run.product), prompt=candidates[0].prompt, seed=candidates[0].seed)
    assert counts[0] <= 40
    assert counts[1] <= counts[0] + 1  # the verdicts of what other methods made
