"""Others' ratings for programs: sent, looked through, taken or forgotten."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from raters.models import Campaign, RatingsImport
from raters.services import imports

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
THEIRS = b"task,rater,question,answer\na,1,ok,yes\na,2,ok,no\n"


def file_of(content: bytes = THEIRS) -> SimpleUploadedFile:
    return SimpleUploadedFile("theirs.csv", content)


def test_one_is_looked_through_before_it_is_taken(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    sent = client.post("/api/campaigns/import/", {"file": file_of(), "name": "Theirs", "check": True}).json()
    assert sent["state"] == "checking"
    early = client.post(f"{sent['url']}do/take/")
    assert (early.status_code, "nothing to be taken" in early.json()["detail"]) == (409, True)
    imports.run(RatingsImport.objects.get())
    found = client.get(sent["url"]).json()
    assert (found["state"], found["ratings"], found["campaign"]) == ("checked", 2, None)
    assert found["questions"] == [
        {"key": "ok", "answers": ["yes", "maybe", "no", "unclear"], "passing": ["yes"], "given": {"yes": 1, "no": 1}}
    ]
    assert client.post(f"{sent['url']}do/burn/").status_code == 404
    assert client.post(f"{sent['url']}do/take/").json()["state"] == "taking"
    imports.run(RatingsImport.objects.get())
    assert client.get(sent["url"]).json()["campaign"] == Campaign.objects.get().pk


def test_files_are_listed_and_forgotten(client_for: ClientFor, operator: User, analyst: User) -> None:
    client = client_for(operator)
    urls = [
        client.post("/api/campaigns/import/", {"file": file_of(), "name": name, "check": True}).json()["url"]
        for name in ("First", "Second")
    ]
    busy = client.delete(urls[0])
    assert (busy.status_code, "being worked on" in busy.json()["detail"]) == (409, True)
    for row in imports.under_way():
        imports.run(row)
    listed = client.get("/api/campaigns/import/?size=1").json()
    assert ([row["name"] for row in listed["results"]], listed["next"] is None) == (["Second"], False)
    assert client_for(analyst).delete(urls[0]).status_code == 403
    assert client.delete(urls[0]).status_code == 204
    assert [row.name for row in RatingsImport.objects.all()] == ["Second"]


def test_a_file_is_imported_by_a_worker(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    file = SimpleUploadedFile("theirs.csv", b"task,rater,question,answer\na,1,ok,yes\na,2,ok,no\n")
    answer = client.post("/api/campaigns/import/", {"file": file, "name": "Theirs"})
    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["campaign"]) == ("taking", None)
    imports.run(RatingsImport.objects.get())
    told = client.get(answer.json()["url"]).json()
    assert (told["state"], told["ratings"], told["detail"]) == ("done", 2, "")
    assert Campaign.objects.get(pk=told["campaign"]).origin == "import"


def test_a_file_that_is_too_large_is_told_what_may_be_sent(
    client_for: ClientFor, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "LARGEST_FILE", 20)
    answer = client_for(operator).post("/api/campaigns/import/", {"file": file_of(), "name": "Theirs"})
    assert answer.status_code == 400
    assert f"It has {len(THEIRS)} bytes, and 20 may be sent: take larger ones with" in answer.json()["detail"]


def test_a_bad_file_is_told_and_leaves_nothing(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    file = SimpleUploadedFile("theirs.csv", b"task,rater,question,answer\n,1,ok,yes\n")
    url = client.post("/api/campaigns/import/", {"file": file, "name": "Theirs"}).json()["url"]
    imports.run(RatingsImport.objects.get())
    told = client.get(url).json()
    assert (told["state"], told["problems"]) == ("refused", ["Line 2 has no task."])
    assert told["detail"] == "Nothing was taken: Line 2 has no task."
    other = SimpleUploadedFile("theirs.doc", b"x")
    answer = client.post("/api/campaigns/import/", {"file": other, "name": "Theirs"})
    assert answer.status_code == 422
    assert "of no known kind" in answer.json()["detail"]
    assert not Campaign.objects.exists()
