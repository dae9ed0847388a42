"""Marks for a second look: the service, and the button that htmx swaps."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from review import cards
from review.cards import ImageKey
from review.models import Mark
from review.services import marks
from tests.factories.accounts import make_user
from tests.review.pictured import make_uploads, make_world
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]


def test_marking_twice_is_marking_once(analyst: User) -> None:
    key = ImageKey("candidate", make_world(judged=1, waiting=0).candidates[0].pk)
    for marked in (True, True, False, False):
        marks.mark(key, marked=marked, by=analyst)
        assert Mark.objects.count() == int(marked)
    marks.mark(key, marked=True, by=analyst)
    assert Mark.objects.get().by == analyst
    assert cards.marks_on([key]) == {key}


def test_who_marked_first_stays_the_marker(analyst: User, operator: User) -> None:
    key = ImageKey("task", make_uploads(1)[0].pk)
    marks.mark(key, marked=True, by=analyst)
    marks.mark(key, marked=True, by=operator)
    assert Mark.objects.get().by == analyst


def test_an_image_is_marked_as_what_it_is(db: None) -> None:
    world = make_world(judged=1, waiting=0)
    for key in (ImageKey("candidate", 10**9), ImageKey("task", 10**9), ImageKey("task", world.task(0).pk)):
        with pytest.raises(marks.NoSuchImage, match="There is no image"):
            marks.mark(key, marked=True)
    assert not Mark.objects.exists()


def test_many_are_marked_in_one_order_and_counted_as_they_came_to_be(
    analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = [one.pk for one in make_world(judged=1, waiting=4).candidates]
    uploads = [one.pk for one in make_uploads(2)]
    keys = [ImageKey("task", pk) for pk in uploads] + [ImageKey("candidate", pk) for pk in reversed(candidates)]
    marks.mark(keys[1], marked=True, by=analyst)
    with monkeypatch.context() as patch:
        patch.setattr(marks, "marks_on", lambda _: frozenset())  # as they stood before that one
        assert marks.mark_all(keys, marked=True) == 6
    assert list(Mark.objects.order_by("pk").values_list("candidate", "task")) == [
        (None, uploads[1]), *((pk, None) for pk in sorted(candidates)), (None, uploads[0]),
    ]  # fmt: skip
    assert marks.mark_all(keys, marked=False) == 7


def test_the_button_turns_over(client_for: ClientFor, analyst: User) -> None:
    key = f"candidate:{make_world(judged=1, waiting=0).candidates[0].pk}"
    client = client_for(analyst)
    marked = client.post("/review/marks/", {"image": key, "marked": "1", "at": "7"}).content.decode()
    assert 'aria-pressed="true"' in marked
    assert 'id="mark-7"' in marked
    assert '"marked": "0"' in marked
    page = client.get("/review/images/?marked=1").content.decode()
    assert page.count("data-card-link") == 1
    again = client.post("/review/marks/", {"image": key, "marked": "0"}).content.decode()
    assert 'aria-pressed="false"' in again
    assert not Mark.objects.exists()


@pytest.mark.parametrize("image", ["", "candidate", "candidate:x", "photo:1", "candidate:999999999", "task:1,task:2"])
def test_what_is_no_image_is_not_found(image: str, client_for: ClientFor, analyst: User) -> None:
    assert client_for(analyst).post("/review/marks/", {"image": image, "marked": "1"}).status_code == 404


def test_marking_is_for_analysts_and_operators(client_for: ClientFor, db: None) -> None:
    key = f"candidate:{make_world(judged=1, waiting=0).candidates[0].pk}"
    for role, status in ((Role.ANALYST, 200), (Role.OPERATOR, 200), (Role.RATER, 403), (None, 403)):
        user = make_user(role) if role else make_user()
        assert client_for(user).post("/review/marks/", {"image": key}).status_code == status, role
    assert client_for(None).post("/review/marks/", {"image": key}).status_code == 302
    assert client_for(make_user(Role.ANALYST)).get("/review/marks/").status_code == 405
