"""The pages of imported ratings: upload, what is in the file, its faults, a yes, the campaign."""

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from raters.models import Campaign, RatingsImport
from raters.services import imports
from tests.raters.services.test_imports import BAD, GOOD, kept

pytestmark = pytest.mark.django_db
LIST = "/campaigns/imports/"
State = RatingsImport.State


@pytest.fixture
def site(client_for: Callable[[User | None], Client], operator: User) -> Client:
    return client_for(operator)


def upload(site: Client, text: str = GOOD, name: str = "theirs.csv", **more: str) -> int:
    """Upload a file and let a worker look it through; its number."""
    file = SimpleUploadedFile(name, text.encode())
    answer = site.post(LIST, {"file": file, "name": "Theirs", **more})
    assert answer.status_code == 302
    row = RatingsImport.objects.latest("pk")
    assert answer.headers["Location"] == f"{LIST}{row.pk}/"
    imports.run(row)
    return row.pk


def words(site: Client, address: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", site.get(address).content.decode()))


def test_from_upload_to_campaign(site: Client, operator: User) -> None:
    page = f"{LIST}{upload(site)}/"
    assert "Take 3 ratings" in words(site, page)
    assert "yes 2" in words(site, page)
    assert not Campaign.objects.exists()
    assert site.post(f"{page}do/take/").status_code == 302
    assert "A worker is at it" in words(site, page)
    imports.run(RatingsImport.objects.get())
    campaign = Campaign.objects.get()
    assert campaign.made_by == operator
    assert f"/campaigns/{campaign.pk}/" in site.get(page).content.decode()
    assert f"/campaigns/{campaign.pk}/" in site.get(LIST).content.decode()


def test_faults_are_told_row_by_row(site: Client) -> None:
    told = words(site, f"{LIST}{upload(site, BAD)}/")
    assert "Nothing was taken" in told
    assert "Line 2 has no task." in told
    assert "Upload another file" in told
    assert "Take " not in told


def test_the_page_renews_itself_while_a_worker_is_at_it(site: Client) -> None:
    row = kept()
    page = f"{LIST}{row.pk}/"
    whole, part = site.get(page), site.get(page, headers={"HX-Request": "true"})
    assert "every 2s" in part.content.decode()
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    imports.run(row)
    assert "every 2s" not in site.get(page).content.decode()


def test_the_answers_are_read_as_asked(site: Client) -> None:
    text = GOOD.replace("yes", "good").replace("no", "bad")
    pk = upload(site, text, scale="good, bad", passing=" good ")
    row = RatingsImport.objects.get(pk=pk)
    assert (row.state, row.scale, row.passing) == (State.CHECKED, ["good", "bad"], ["good"])


@pytest.mark.parametrize(
    ("name", "sent", "said"),
    [
        ("no file", {"name": "Theirs"}, "This field is required."),
        ("no name", {"file": "theirs.csv"}, "This field is required."),
        ("another kind", {"file": "theirs.doc", "name": "Theirs"}, "of no known kind"),
        ("too many answers", {"file": "a.csv", "name": "T", "scale": "1,2,3,4,5,6,7,8,9,10"}, "That is 10 answers"),
        ("no such questions", {"file": "a.csv", "name": "T", "question_set": "0"}, "Select a valid choice"),
    ],
)
def test_what_is_missing_is_said(site: Client, name: str, sent: dict[str, str], said: str) -> None:
    files = {"file": SimpleUploadedFile(sent["file"], GOOD.encode())} if "file" in sent else {}
    answer = site.post(LIST, sent | files)
    assert answer.status_code == 422, name
    assert said in answer.content.decode()
    assert not RatingsImport.objects.exists()


def test_a_file_that_is_too_large(site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raters.forms.imports.LARGEST_FILE", 10)
    answer = site.post(LIST, {"file": SimpleUploadedFile("a.csv", GOOD.encode()), "name": "T"})
    assert "manage.py ratings import" in answer.content.decode()


def test_forgotten(site: Client) -> None:
    pk = upload(site)
    assert site.post(f"{LIST}{pk}/do/drop/").headers["Location"] == LIST
    assert site.get(f"{LIST}{pk}/").status_code == 404


def test_what_cannot_be_done_now_is_said(site: Client) -> None:
    row = kept()
    for act, said in (("take", "nothing to be taken"), ("drop", "is being worked on")):
        answer = site.post(f"{LIST}{row.pk}/do/{act}/", follow=True)
        assert said in answer.content.decode()
    assert site.post(f"{LIST}{row.pk}/do/eat/").status_code == 404


def test_nothing_yet(site: Client) -> None:
    assert "Nothing imported yet" in words(site, LIST)


@pytest.mark.parametrize("who", ["rater", "analyst"])
def test_for_operators_only(
    client_for: Callable[[User | None], Client], request: pytest.FixtureRequest, who: str
) -> None:
    client, row = client_for(request.getfixturevalue(who)), kept()
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{row.pk}/").status_code == 403
    assert client.post(f"{LIST}{row.pk}/do/drop/").status_code == 403
    assert client_for(None).get(LIST).status_code == 302
