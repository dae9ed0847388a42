"""Saved views: whose they are, where they lead, and what can be undone."""

import pytest
from django.utils import timezone

from accounts.models import User
from review.exceptions import CannotSave
from review.models import FirstView, SavedView
from review.services import saved
from tests.factories.accounts import make_user
from vitrine.access import Role

ADDRESS = "/review/?campaign=3&least=2"


@pytest.fixture
def other(db: None) -> User:
    return make_user(Role.ANALYST)


def names(rows: object) -> list[str]:
    return [one.name for one in rows]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (ADDRESS, "/review/"),
        ("/review/compare/?methods=a&methods=b", "/review/compare/"),
        ("/review/reports/", "/review/reports/"),
    ],
)
def test_a_page_is_saved_with_its_filters(address: str, path: str, analyst: User) -> None:
    view = saved.save(analyst, "  Spring   lamps ", address)
    assert (view.name, view.path, view.address, view.shared) == ("Spring lamps", path, address, False)


@pytest.mark.parametrize(
    ("name", "address", "sentence"),
    [
        (" ", ADDRESS, "needs a name"),
        ("x" * 81, ADDRESS, "at most 80 characters; this one has 81"),
        ("a", "https://elsewhere.example/review/", "is no page of review"),
        ("a", "//elsewhere.example/review/", "is no page of review"),
        ("a", "/products/", "is no page of review"),
        ("a", "/api/review/overview/", "is no page of review"),
        ("a", "/nowhere/", "is no page of review"),
        ("a", "", "is no page of review"),
        ("a", "/review/start/", "is no page of review"),
        ("a", "/review/images.csv?method=a", "is no page of review"),
        ("a", "/review/find/product/?q=x", "is no page of review"),
        ("a", "/review/?method=\x00", "text only"),
        ("a\x00b", ADDRESS, "text only"),
        ("a", f"/review/?method={'m' * 2100}", "too long to be saved"),
    ],
)
def test_what_cannot_be_saved(name: str, address: str, sentence: str, analyst: User) -> None:
    with pytest.raises(CannotSave, match=sentence):
        saved.save(analyst, name, address)
    assert not SavedView.objects.exists()


def test_a_name_used_again_leads_to_the_new_page(analyst: User, other: User) -> None:
    first = saved.save(analyst, "Mine", ADDRESS)
    saved.save(other, "Mine", ADDRESS)
    again = saved.save(analyst, "Mine", "/review/?type=7", shared=True)
    assert (again.pk, again.address, again.shared) == (first.pk, "/review/?type=7", True)
    assert SavedView.objects.count() == 2


def test_there_is_a_most(analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MOST_SAVED", 1)
    saved.save(analyst, "One", ADDRESS)
    saved.save(analyst, "One", "/review/")
    with pytest.raises(CannotSave, match="remove one first"):
        saved.save(analyst, "Two", ADDRESS)


def test_others_see_what_is_shared_only(analyst: User, other: User) -> None:
    saved.save(analyst, "Own", ADDRESS)
    shared = saved.save(analyst, "For all", ADDRESS, shared=True)
    assert names(saved.visible(analyst)) == ["For all", "Own"]
    assert names(saved.visible(other)) == ["For all"]
    saved.change(shared, "For me", shared=False)
    assert names(saved.visible(other)) == []


def test_a_removed_one_is_brought_back(analyst: User, other: User) -> None:
    view = saved.save(analyst, "Mine", ADDRESS, shared=True)
    saved.remove(view)
    assert not saved.visible(analyst)
    assert names(saved.removed(analyst)) == ["Mine"]
    assert not saved.removed(other)
    saved.bring_back(SavedView.objects.get())
    assert names(saved.visible(other)) == ["Mine"]
    SavedView.objects.update(removed_at=timezone.now() - saved.KEPT_FOR * 2)
    assert not saved.removed(analyst)


def test_two_never_have_one_name(analyst: User) -> None:
    view = saved.save(analyst, "Mine", ADDRESS)
    saved.remove(view)
    saved.save(analyst, "Mine", ADDRESS)
    view.refresh_from_db()
    with pytest.raises(CannotSave, match="another view 'Mine'"):
        saved.bring_back(view)
    second = saved.save(analyst, "Second", ADDRESS)
    with pytest.raises(CannotSave, match="another view 'Mine'"):
        saved.change(second, "Mine", shared=False)


def test_review_begins_with_the_view_that_was_chosen(analyst: User, other: User) -> None:
    view = saved.save(analyst, "Mine", ADDRESS, shared=True)
    for user in (analyst, other):
        saved.begin_with(user, view)
    assert saved.first_of(other) == view
    saved.begin_with(other, None)
    assert saved.first_of(other) is None
    saved.begin_with(other, view)
    saved.change(view, "Mine", shared=False)
    assert saved.first_of(other) is None
    assert saved.first_of(analyst) == view
    saved.remove(view)
    assert saved.first_of(analyst) is None
    assert not FirstView.objects.exists()
