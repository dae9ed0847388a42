"""`manage.py up` and `manage.py demo`: one command starts all, Ctrl-C stops all, and twice is once."""

import io
import os
import re
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from accounts.models import User
from catalog.models import ContextPrompt, Photo, Product, ProductType
from catalog.services.prompts import load_bank
from jobs.models import Job
from tests.factories.demo import start_demo
from vitrine.access import Role, roles_of
from vitrine.demo import filling
from vitrine.management.commands.up import box, free_port
from vitrine.onlyone import OnlyOne

ROOT = Path(__file__).parents[2]


def test_a_port_that_was_chosen_and_is_taken_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} of 127.0.0.1 is in use.*VITRINE_PORT={port + 1}"):
            free_port("127.0.0.1", port, chosen=True)


def test_a_port_that_nobody_chose_gives_way_to_the_next() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port, chosen=False) > port


def test_the_box_is_even() -> None:
    lines = box(["a", "longer"]).strip().splitlines()
    assert len({len(line) for line in lines}) == 1


def test_only_one_at_a_time_on_a_data_folder(tmp_path: Path) -> None:
    with OnlyOne(tmp_path / "lock"), pytest.raises(CommandError, match=f"already runs on .*process {os.getpid()}"):
        OnlyOne(tmp_path / "lock").__enter__()
    with OnlyOne(tmp_path / "lock"):
        pass


@pytest.fixture
def data(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def fill(**options: object) -> None:
    call_command("demo", no_start=True, **options)


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (User, ContextPrompt, Product, Photo, Job))


@pytest.mark.django_db(transaction=True)
def test_filling_twice_changes_nothing(data: Path) -> None:
    fill()
    first, word = counts(), (data / "demo_password").read_text()
    hashes = set(User.objects.values_list("password", flat=True))
    fill()
    assert counts() == first
    assert (data / "demo_password").read_text() == word
    assert set(User.objects.values_list("password", flat=True)) == hashes
    assert ContextPrompt.objects.filter(status="approved").count() >= 800


@pytest.mark.django_db(transaction=True)
def test_there_is_one_login_for_each_role_with_the_password_of_this_installation(data: Path) -> None:
    fill()
    file = data / "demo_password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for role in Role:
        user = User.objects.get(username=role.value)
        assert roles_of(user) == {role}
        assert user.check_password(file.read_text().strip())
        assert not user.is_superuser


@pytest.mark.django_db(transaction=True)
def test_a_changed_password_stays_and_a_lost_file_makes_a_new_one(data: Path) -> None:
    fill()
    rater = User.objects.get(username="rater")
    rater.set_password("my own words 17")
    rater.save()
    fill()
    rater.refresh_from_db()
    assert rater.check_password("my own words 17")
    (data / "demo_password").unlink()
    fill()
    rater.refresh_from_db()
    assert rater.check_password((data / "demo_password").read_text().strip())


@pytest.mark.django_db(transaction=True)
def test_a_person_of_the_same_name_is_left_alone(data: Path) -> None:
    User.objects.create_user("operator", email="olga@example.org", password="olga's own words")
    fill()
    assert User.objects.get(username="operator").check_password("olga's own words")


def test_passwords_differ_and_can_be_said(data: Path) -> None:
    words = set()
    for _ in range(20):
        words.add(filling.password()[0])
        (data / "demo_password").unlink()
    assert len(words) == 20
    assert all(re.fullmatch(r"([a-z]{6}-){2}[a-z]{6}", word) for word in words)


@pytest.mark.django_db
def test_the_sample_catalogue_is_whole_and_its_types_have_prompts() -> None:
    load_bank()
    known = set(ProductType.objects.filter(prompts__isnull=False).values_list("name", flat=True))
    shown = filling.samples()
    assert len(shown) == 24
    assert {sample.row.type_name for sample in shown} <= known
    files = [path for sample in shown for path in sample.photos]
    assert sorted(files) == sorted((filling.CATALOGUE / "photos").iterdir())
    assert sum(path.stat().st_size for path in files) <= 15_000_000


@pytest.mark.django_db(transaction=True)
def test_the_importer_reads_the_sample_catalogue_too(data: Path) -> None:
    listing = str(filling.CATALOGUE / filling.LISTING)
    call_command("import_products", "manifest", listing, limit=2, verbosity=0, stdout=io.StringIO())
    assert set(Product.objects.values_list("photo_count", flat=True)) == {5}


@pytest.mark.django_db(transaction=True)
def test_a_folder_of_ones_own_photos_is_imported_instead(data: Path, tmp_path: Path) -> None:
    from catalog.samples import render_product_photo  # noqa: PLC0415

    for name in ("red mug", "blue mug"):
        (tmp_path / "shop" / name).mkdir(parents=True)
        render_product_photo("mug", len(name), 96).save(tmp_path / "shop" / name / "front.jpg")
    fill(photos=str(tmp_path / "shop"))
    assert set(Product.objects.values_list("title", flat=True)) == {"red mug", "blue mug"}
    fill(photos=str(tmp_path / "shop"))
    assert Product.objects.count() == Photo.objects.count() == 2


def test_photos_that_are_no_folder_are_named(data: Path) -> None:
    with pytest.raises(CommandError, match="PHOTOS=/no/such is not a folder"):
        fill(photos="/no/such")


def test_the_demo_is_refused_in_production(settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not for VITRINE_PRODUCTION=true"):
        fill()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", str, str]]:
    """A real `manage.py demo` that has said it is ready: the process, its address, what it said."""
    process, address, said = start_demo(tmp_path / "data", "--no-show", port_from=18_100)
    yield process, address, said
    process.kill()
    assert process.stdout
    process.stdout.close()
    process.wait()


def family(pid: int) -> set[int]:
    """The process's descendants."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.split("\n")
    pairs = [tuple(map(int, line.split())) for line in table if line.strip()]
    found = {pid}
    while new := {child for child, parent in pairs if parent in found} - found:
        found |= new
    return found - {pid}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_demo_answers_says_how_to_sign_in_and_leaves_nothing_behind(
    running: tuple["subprocess.Popen[str]", str, str], tmp_path: Path
) -> None:
    process, address, said = running
    with urlopen(f"{address}account/login/") as page:  # noqa: S310
        assert b"csrfmiddlewaretoken" in page.read()
    with urlopen(f"{address}readyz") as page:  # noqa: S310
        assert page.status == 200
    assert (tmp_path / "data" / "demo_password").read_text().strip() in said
    # Web and two of its own, worker and two of its own, live worker and one of its own, scheduler, watchdog. Workers
    # fork theirs when they are ready, which may be after the pages.
    until = time.monotonic() + 30
    while len(children := family(process.pid)) < 10 and time.monotonic() < until:
        time.sleep(0.2)
    assert len(children) >= 10
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    deadline = time.monotonic() + 30
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in children if alive(pid)]
