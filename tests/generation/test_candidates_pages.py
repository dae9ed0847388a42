"""One candidate: beside the product, with its figures, back to the photo; and its file."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from catalog.models import Photo
from generation.models import Candidate, Run
from tests.factories.generation import make_candidate
from tests.factories.runs import make_whole_run

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


@pytest.fixture
def run(db: None) -> Run:
    return make_whole_run(side=48, pictures=10, candidates=6)


def page(client: Client, candidate: Candidate) -> str:
    response = client.get(f"/candidates/{candidate.pk}/")
    assert response.status_code == 200
    return response.content.decode()


def test_shows_figures_with_their_places(client: Client, run: Run) -> None:
    best = run.candidates.get(place=1)
    shown = page(client, best)
    for part in ("Candidate in place 1 of 5", f"{best.clip_i:.3f}", f"{best.score:.3f}", "1 of 5", best.words):
        assert part in shown
    assert 'rel="prev"' not in shown
    assert f'rel="next" href="/candidates/{run.candidates.get(place=2).pk}/"' in shown


def test_leads_back_to_the_photos(client: Client, run: Run) -> None:
    shown = page(client, run.candidates.get(place=1))
    way = shown.split('class="lineage"')[1].split("</ol>")[0]
    steps = [part.split("<")[0] for part in way.split('class="lineage-title">')[1:]]
    assert steps == [
        "This image", "Adapter", "Counterfactuals it learned from", "In-class negatives it learned from",
        "New contexts it learned from", "New views it learned from", "Photos of the product",
    ]  # fmt: skip
    assert run.product.photos.get().url in way


def test_a_photo_that_was_removed_is_counted(client: Client, run: Run) -> None:
    Photo.objects.all().delete()
    shown = page(client, run.candidates.get(place=1))
    assert "1 photo, 1 removed since" in shown
    assert "It has no photo any more." in shown


def test_one_that_was_held_back_says_why(client: Client, run: Run) -> None:
    held = run.candidates.exclude(dropped="").get()
    shown = page(client, held)
    assert "The image-safety filter held it back: It may not be shown: violence" in shown
    assert shown.count('<td class="number">\N{EN DASH}</td>') >= 12


def test_takes_few_queries(client: Client, run: Run, django_assert_max_num_queries: Callable) -> None:
    candidate = run.candidates.get(place=1)
    with django_assert_max_num_queries(14):
        page(client, candidate)


def test_downloads_the_file_under_a_name_that_says_what_it_is(client: Client, run: Run) -> None:
    candidate = run.candidates.get(place=1)
    response = client.get(f"/candidates/{candidate.pk}/download/")
    assert b"".join(response).startswith(b"\x89PNG")  # type: ignore[arg-type]
    name = f"{run.product.external_id}-run-{run.pk}-{candidate.pk}.png"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_file_that_is_gone_is_not_found(client: Client) -> None:
    assert client.get(f"/candidates/{make_candidate().pk}/download/").status_code == 404


@pytest.mark.parametrize("url", ["/candidates/999999/", "/candidates/999999/download/"])
def test_an_id_that_is_nobodys_is_not_found(client: Client, url: str) -> None:
    assert client.get(url).status_code == 404
