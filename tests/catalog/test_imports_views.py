"""The import pages: roles, the form's three ways in, the report, refusals as CSV; and the job behind it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from catalog.exceptions import ImportUnreadable
from catalog.importing import runner
from catalog.importing.recording import Recorder
from catalog.importing.records import Refusal
from catalog.models import ImportRun, Product
from catalog.services.imports import make_import
from jobs.models import Job
from tests.factories.catalog import image_bytes
from tests.factories.imports import make_files, run_import
from vitrine import wiring

ClientFor = Callable[[User | None], Client]
NEW = "/imports/new/"


def upload(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def make_run(refusals: int = 0, **options: Any) -> ImportRun:
    run = make_import(layout="folder", origin="/somewhere", **options)
    recorder = Recorder(run)
    for number in range(refusals):
        recorder.refuse(Refusal("list.csv", number + 2, f"id{number}", f"=reason {number}"))
    recorder.finish()
    return run


@pytest.mark.parametrize("path", ["/imports/", "/imports/{}/", "/imports/{}/refusals.csv"])
def test_analysts_and_operators_look_raters_and_strangers_do_not(
    client_for: ClientFor, rater: User, analyst: User, operator: User, path: str
) -> None:
    url = path.format(make_run().pk)
    codes = [client_for(user).get(url).status_code for user in (None, rater, analyst, operator)]
    assert codes == [302, 403, 200, 200]


def test_only_operators_ask_for_an_import(client_for: ClientFor, rater: User, analyst: User, operator: User) -> None:
    for verb in ("get", "post"):
        codes = [getattr(client_for(user), verb)(NEW).status_code for user in (None, rater, analyst)]
        assert codes == [302, 403, 403]
    assert client_for(operator).get(NEW).status_code == 200
    assert "New import" not in client_for(analyst).get("/imports/").content.decode()


@pytest.mark.parametrize("path", ["/imports/{}/", "/imports/{}/refusals.csv"])
def test_bad_ids_and_wrong_verbs(client_for: ClientFor, operator: User, path: str) -> None:
    client = client_for(operator)
    for bad in ("0", "999999", "9" * 30, "x"):
        assert client.get(path.format(bad)).status_code == 404
    assert client.post(path.format(make_run().pk)).status_code == 405
    assert client.delete(NEW).status_code == 405


def test_lists_and_reports_take_a_fixed_number_of_queries(
    client_for: ClientFor, operator: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(60):
        make_run(asked_by=operator)
    run, client = make_run(refusals=120), client_for(operator)
    with django_assert_max_num_queries(6):
        page = client.get("/imports/").content.decode()
    assert 'rel="next"' in page
    with django_assert_max_num_queries(6):
        page = client.get(run.get_absolute_url()).content.decode()
    assert page.count("reason ") == 50
    after = run.refusals.all()[49].pk
    page = client.get(run.get_absolute_url(), {"after": after}).content.decode()
    assert "=reason 50<" in page
    assert "=reason 49<" not in page


def test_an_empty_list_shows_the_way(client_for: ClientFor, operator: User) -> None:
    page = client_for(operator).get("/imports/").content.decode()
    assert "Nothing imported yet" in page
    assert NEW in page


def test_htmx_gets_the_report_alone_and_it_stops_asking_at_the_end(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    done = client.get(make_run().get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in done
    assert "hx-get" not in done
    waiting = make_import(layout="folder", origin="x", asked_by=operator)
    assert "hx-get" in client.get(waiting.get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
    whole = client.get(waiting.get_absolute_url()).content.decode()
    assert reverse("jobs:panel-by-key", args=[waiting.job_key]) in whole


def test_refusals_as_csv_are_safe_in_a_spreadsheet(client_for: ClientFor, analyst: User) -> None:
    answer = client_for(analyst).get(f"/imports/{make_run(refusals=2).pk}/refusals.csv")
    lines = answer.getvalue().decode().splitlines()  # type: ignore[attr-defined]
    assert lines == ["file,line,external_id,reason", "list.csv,2,id0,'=reason 0", "list.csv,3,id1,'=reason 1"]
    assert "attachment" in answer["Content-Disposition"]


@pytest.mark.django_db(transaction=True)
def test_an_uploaded_list_becomes_a_job_that_imports_it(client_for: ClientFor, operator: User) -> None:
    data = b"external_id,title\na,A thing\n,no id\n"
    answer = client_for(operator).post(NEW, {"file": upload("list.csv", data), "layout": "auto", "type": "Mug"})
    run = ImportRun.objects.get()
    assert answer["Location"] == run.get_absolute_url()
    job = Job.objects.get(key=run.job_key)
    assert (job.kind, job.params, job.asked_by) == ("catalog.import", {"run": run.pk}, operator)
    wiring.submit_import(run)
    assert Job.objects.count() == 1
    runner.run(run)
    assert (run.layout, run.products_added, run.refused) == ("manifest", 1, 1)
    assert run.refusals.get().file == "list.csv"
    assert str(Product.objects.get().type) == "mug"
    assert not default_storage.exists(run.upload_key)


def test_photos_in_folders_are_packed_with_their_paths(client_for: ClientFor, operator: User) -> None:
    photos = [upload("1.jpg", image_bytes()), upload("1.jpg", image_bytes()), upload("fake.jpg", b"text")]
    paths = json.dumps(["shop/red mug/1.jpg", "shop/vase/1.jpg", "shop/vase/fake.jpg"])
    answer = client_for(operator).post(NEW, {"photos": photos, "paths": paths, "layout": "auto", "with_photos": "on"})
    assert answer.status_code == 302
    run = runner.run(ImportRun.objects.get())
    assert (run.origin, run.products_added, run.photos_added, run.refused) == ("shop.zip", 2, 2, 1)
    assert set(Product.objects.values_list("external_id", flat=True)) == {"red mug", "vase"}


def test_a_folder_of_the_server(client_for: ClientFor, operator: User, settings: Settings, tmp_path: Path) -> None:
    settings.IMPORT_DIR = make_files(tmp_path / "imports", {"shop/mug/1.jpg": None})
    make_files(tmp_path, {"secret/x/1.jpg": None})
    (tmp_path / "imports/link").symlink_to(tmp_path / "secret")
    client = client_for(operator)
    assert 'value="shop"' in client.get(NEW).content.decode()
    for bad in ("../secret", "/etc", "link", "missing", "shop/../../secret", "a\x00b"):
        answer = client.post(NEW, {"server_path": bad, "layout": "folder"})
        assert answer.status_code == 422, bad
        assert not ImportRun.objects.exists()
    assert client.post(NEW, {"server_path": "shop", "layout": "folder", "dry_run": "on"}).status_code == 302
    run = runner.run(ImportRun.objects.get())
    assert (run.dry_run, run.products_added, Product.objects.count()) == (True, 1, 0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose what to import"),
        ({"file": ("x.exe", b"MZ")}, "neither a .zip"),
        ({"file": ("x.csv", b"id\n"), "server_path": "."}, "Only one at a time"),
        ({"photos": ("1.jpg", b"x")}, "did not send the folders"),
        ({"photos": ("1.jpg", b"x"), "paths": "{}"}, "no proper folder names"),
        ({"photos": ("1.jpg", b"x"), "paths": "[" * 100_000}, "no proper folder names"),
        ({"photos": ("1.jpg", b"x"), "paths": '["."]'}, "no proper folder names"),
        ({"photos": ("1.jpg", b"x"), "paths": '["mug/\\u0000.jpg"]'}, "no proper folder names"),
        ({"photos": ("1.jpg", b"x"), "paths": '["mug/\\ud800.jpg"]'}, "no proper folder names"),
        ({"photos": ("1.jpg", b"x"), "paths": json.dumps(["x" * 70_000 + "/1.jpg"])}, "no proper folder names"),
        ({"file": ("x.csv", b"id\n"), "layout": "magic"}, "not one of the available choices"),
        ({"file": ("x.csv", b"id\n"), "source": "no spaces!"}, "Enter a valid"),
    ],
)
def test_the_form_says_what_is_wrong(  # noqa: PLR0917 - fixtures
    client_for: ClientFor, operator: User, settings: Settings, tmp_path: Path, fields: dict[str, Any], words: str
) -> None:
    settings.IMPORT_DIR = tmp_path
    data = {name: upload(*value) if isinstance(value, tuple) else value for name, value in fields.items()}
    answer = client_for(operator).post(NEW, {"layout": "auto", **data})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_an_upload_that_is_too_large_is_refused_before_it_is_stored(
    client_for: ClientFor, operator: User, settings: Settings
) -> None:
    settings.UPLOAD_MAX_BYTES = 1_000_000
    answer = client_for(operator).post(NEW, {"file": upload("big.csv", bytes(4_000_000)), "layout": "auto"})
    assert answer.status_code == 400
    assert "The upload is larger than 1 MB. Put the files on the server" in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_too_many_files_are_refused_with_the_way_out(client_for: ClientFor, operator: User, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    photos = [upload(f"{number}.jpg", b"x") for number in range(3)]
    answer = client_for(operator).post(NEW, {"photos": photos, "layout": "auto"})
    assert answer.status_code == 400
    assert "More than 2 files were sent at once. Make a zip of them" in answer.content.decode()


@pytest.mark.parametrize("address", [NEW, "/account/login/", "/products/1/photos/add/"])
def test_who_may_not_import_cannot_fill_the_disk(client_for: ClientFor, rater: User, address: str) -> None:
    # Django reads the form, files and all, to look for its token: before the view, and before its roles are looked at.
    for user in (None, rater):
        client = Client(enforce_csrf_checks=True)
        if user:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        client.cookies["csrftoken"] = "a" * 32
        assert client.post(address, {"file": upload("big.zip", bytes(3_000_000))}).status_code == 400


def test_a_script_gets_the_address_and_leaves_the_message_to_the_page(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    form = {"file": upload("list.csv", b"external_id\na\n"), "layout": "auto"}
    answer = client.post(NEW, form, headers={"X-Requested-With": "XMLHttpRequest"})
    run = ImportRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (201, run.get_absolute_url())
    page = client.get(answer["Location"])
    assert "The import is queued." in page.content.decode()
    assert "HX-Request" in page["Vary"]


def test_an_upload_that_expired_is_said_plainly(operator: User) -> None:
    run = make_import(layout="auto", origin="list.csv", upload_key="uploads/" + "0" * 64 + ".csv", asked_by=operator)
    with pytest.raises(ImportUnreadable, match="not kept any longer"):
        runner.run(run)


@pytest.mark.django_db
def test_an_import_begun_again_reports_as_if_it_were_the_first(tmp_path: Path) -> None:
    make_files(tmp_path, {"list.csv": "id\n" + "".join(f"p{n}\n" for n in range(2500)) + "x,y\n" * 3})

    class Stop(Exception):
        pass

    calls = []

    def cancel(done: int, total: int | None, message: str) -> None:
        calls.append((done, total, message))
        if len(calls) == 2:
            raise Stop

    run = make_import(layout="manifest", origin=str(tmp_path / "list.csv"), photos=False)
    with pytest.raises(Stop):
        runner.run(run, progress=cancel)
    run.refresh_from_db()
    assert (run.rows_read, run.finished_at) == (2000, None)
    again = runner.run(run)
    assert (again.rows_read, again.products_unchanged, again.products_added, again.refused) == (2503, 2000, 500, 3)
    assert run.refusals.count() == 3
    assert calls[0][1] == (tmp_path / "list.csv").stat().st_size


@pytest.mark.django_db
def test_another_run_of_the_same_upload_keeps_its_file(tmp_path: Path) -> None:
    from django.core.files.base import ContentFile  # noqa: PLC0415

    from catalog.services.uploads import keep_upload  # noqa: PLC0415

    key = keep_upload(ContentFile(b"id\na\n"), "list.csv")
    assert keep_upload(ContentFile(b"id\na\n"), "other.csv") == key
    first, second = (make_import(layout="auto", origin=f"{n}.csv", upload_key=key) for n in range(2))
    runner.run(first)
    assert default_storage.exists(key)
    runner.run(second)
    assert not default_storage.exists(key)
    assert run_import(make_files(tmp_path, {"x.csv": "id\nb\n"}) / "x.csv").products_added == 1
