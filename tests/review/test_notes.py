"""Notes on products and images: whose they are, what they say, and that removing one can be undone."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from review.cards import ImageKey
from review.models import Item, Note
from review.services import notes
from tests.factories.accounts import make_user
from tests.factories.catalog import make_product
from tests.review.pictured import make_uploads, make_world
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]
HTMX = {"HTTP_HX_REQUEST": "true"}


def write(client: Client, about: str, text: str, **headers: str) -> str:
    response = client.post("/review/notes/", {"about": about, "text": text}, **headers)
    assert response.status_code == 200
    return response.content.decode()


def test_notes_stand_where_they_were_written(client_for: ClientFor, analyst: User) -> None:
    world, upload = make_world(), make_uploads(1)[0]
    client = client_for(analyst)
    item = Item.objects.get(name="A sofa of theirs")
    pages = {
        f"product:{world.product.pk}": f"/review/products/{world.product.pk}/",
        f"item:{item.pk}": f"/review/items/{item.pk}/",
        f"task:{upload.pk}": f"/review/uploads/{upload.pk}/",
    }
    for about, address in pages.items():
        assert "Nobody has written anything yet." in client.get(address).content.decode()
        kept = write(client, about, f"This is about {about}.")
        assert kept.count("This is about") == 2  # the note, and the form that changes it; none waits to be kept again
        page = client.get(address).content.decode()
        assert f"This is about {about}." in page
        assert analyst.get_username() in page
    assert Note.objects.count() == 3
    wall = client.get("/review/images/").content.decode()
    assert "1 note</span>" in wall


def test_a_product_that_nobody_judged_can_be_noted_on(client_for: ClientFor, analyst: User) -> None:
    product = make_product("A lamp")
    write(client_for(analyst), f"product:{product.pk}", "Waits for photos.")
    assert Note.objects.get().item == Item.objects.get(key=f"product:{product.pk}", product=product.pk)


def test_text_is_text(client_for: ClientFor, analyst: User) -> None:
    world = make_world(judged=1, waiting=0)
    page = write(client_for(analyst), f"candidate:{world.candidates[0].pk}", "<script>x</script>\r\nhttps://a.b ")
    assert "<script>x" not in page
    assert "&lt;script&gt;x&lt;/script&gt;<br>https://a.b</p>" in page
    assert "<a href=" not in page


def test_ones_own_note_is_changed_removed_and_brought_back(client_for: ClientFor, analyst: User) -> None:
    world = make_world(judged=1, waiting=0)
    made = notes.write_on_image(ImageKey("candidate", world.candidates[0].pk), "Handel is odd.", by=analyst)
    client = client_for(analyst)
    changed = client.post(f"/review/notes/{made.pk}/change/", {"text": "The handle is odd."}).content.decode()
    assert "The handle is odd." in changed
    assert ", changed <time" in changed
    assert "The note is removed." in client.post(f"/review/notes/{made.pk}/remove/").content.decode()
    made.refresh_from_db()
    assert made.removed_at is not None
    assert "The handle is odd." not in client.get("/review/images/").content.decode()
    assert "The handle is odd." in client.post(f"/review/notes/{made.pk}/restore/").content.decode()
    made.refresh_from_db()
    assert (made.removed_at, made.text) == (None, "The handle is odd.")


@pytest.mark.parametrize("act", ["change", "remove", "restore"])
def test_anothers_note_stays_as_it_is(act: str, client_for: ClientFor, analyst: User, operator: User) -> None:
    made = notes.write_on_item(notes.item_of(make_product()), "Mine.", by=analyst)
    response = client_for(operator).post(f"/review/notes/{made.pk}/{act}/", {"text": "Yours."})
    assert response.status_code == 422
    page = response.content.decode()
    assert "Only who wrote a note changes or removes it." in page
    assert "hx-post" not in page
    made.refresh_from_db()
    assert (made.text, made.removed_at) == ("Mine.", None)


def test_a_note_stays_when_its_writer_goes(analyst: User) -> None:
    made = notes.write_on_item(notes.item_of(make_product()), "Mine.", by=analyst)
    analyst.delete()
    made.refresh_from_db()
    assert made.by is None
    with pytest.raises(notes.BadNote, match="Only who wrote"):
        notes.remove(made, by=make_user(Role.ANALYST))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Write something first."),
        (" \n ", "Write something first."),
        ("x" * 4_001, "4,000 are taken"),
        ("a\0b", "cannot be kept"),
    ],
)
def test_a_note_that_cannot_be_is_said_beside_its_field(
    text: str, said: str, client_for: ClientFor, analyst: User
) -> None:
    about = f"product:{make_product().pk}"
    response = client_for(analyst).post("/review/notes/", {"about": about, "text": text})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert said in write(client_for(analyst), about, text, **HTMX)
    assert not Note.objects.exists()


@pytest.mark.parametrize(
    "about",
    ["", "product", "product:x", "photo:1", "product:999999999", "item:999999999", "task:999999999", f"task:{10**30}"],
)
def test_what_is_not_there_takes_no_note(about: str, client_for: ClientFor, analyst: User) -> None:
    assert client_for(analyst).post("/review/notes/", {"about": about, "text": "x"}).status_code == 404


def test_notes_are_for_analysts_and_operators(client_for: ClientFor, db: None) -> None:
    made = notes.write_on_item(notes.item_of(make_product()), "Mine.", by=make_user(Role.ANALYST))
    about = {"about": f"item:{made.item_id}", "text": "x"}
    for role, status in ((Role.ANALYST, 200), (Role.OPERATOR, 200), (Role.RATER, 403), (None, 403)):
        client = client_for(make_user(role) if role else make_user())
        assert client.post("/review/notes/", about).status_code == status, role
    assert client_for(None).post("/review/notes/", about).status_code == 302
    client = client_for(make_user(Role.ANALYST))
    assert client.get("/review/notes/").status_code == 405
    assert client.post(f"/review/notes/{made.pk}/burn/").status_code == 404
    assert client.post("/review/notes/999999999/remove/").status_code == 404
