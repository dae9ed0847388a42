"""Dockerfile, docker-compose.yml, proxy and lock file, checked as far as a machine without Docker can."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from reportlab import rl_settings

from jobs.models import Queue
from vitrine import addresses
from vitrine.env import Environment

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("vitrine:")]
MAY_STAY_EMPTY = {"VITRINE_OIDC_CLIENT_SECRET"}  # sites without a provider
VARIABLE = re.compile(r"\$\{(\w+)(:[?-][^}]*)?\}")


def known_settings() -> frozenset[str]:
    """Every name that settings.py asks for."""
    text = (ROOT / "platform" / "vitrine" / "settings.py").read_text()
    return frozenset(re.findall(r'env\.\w+\(\s*"(\w+)"', text))


def test_the_services_of_the_design() -> None:
    assert set(SERVICES) == {
        "proxy", "migrate", "web", "worker-cpu", "worker-images", "worker-gpu", "worker-live", "scheduler",
        "postgres", "redis", "store",
    }  # fmt: skip
    assert set(OURS) == {"migrate", "web", "worker-cpu", "worker-images", "worker-gpu", "worker-live", "scheduler"}


def test_every_image_is_pinned() -> None:
    for name, service in SERVICES.items():
        tag = service["image"].rpartition(":")[2]
        assert re.match(r"\d+\.\d+", tag), f"{name}: {service['image']}"
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("FROM "):
            assert re.match(r"FROM python:3\.\d+\.\d+-slim-\w+", line), line


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str) -> None:
    strange = set(SERVICES[name]["environment"]) - known_settings()
    assert not strange


def test_no_secret_has_a_value_or_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for variable, default in VARIABLE.findall(text):
        if re.search(r"SECRET|PASSWORD|KEY", variable):
            may_be_empty = variable in MAY_STAY_EMPTY and default == ":-"
            assert may_be_empty or default.startswith(":?"), f"{variable} has a default"
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search(r"SECRET|PASSWORD|KEY|TOKEN", key):
                assert VARIABLE.match(str(value)), f"{key} is written out"
            if "://" in str(value) and urlsplit(VARIABLE.sub("x", str(value))).password:
                assert VARIABLE.search(str(value)), f"{key} holds a password"


def test_signing_in_elsewhere_reaches_the_web_processes() -> None:
    passed = {name: value for name, value in SERVICES["web"]["environment"].items() if name.startswith("VITRINE_OIDC")}
    assert set(passed) == {name for name in known_settings() if name.startswith("VITRINE_OIDC")}
    empty = Environment({name: VARIABLE.sub("", value) for name, value in passed.items()})
    assert [name for name in passed if empty.is_set(name)] == []


def test_the_example_names_every_variable_and_fills_in_no_secret() -> None:
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    example = dict(line.split("=", 1) for line in lines)
    used = {name for name, _ in VARIABLE.findall((ROOT / "docker-compose.yml").read_text())}
    assert set(example) - {"COMPOSE_PROFILES"} == used
    assert not any(value for name, value in example.items() if re.search(r"SECRET|PASSWORD|KEY|TOKEN|HOSTS", name))


def test_its_addresses_can_be_read() -> None:
    environment = SERVICES["web"]["environment"]
    filled = {name: VARIABLE.sub("x1", str(value)) for name, value in environment.items()}
    env = Environment(filled)
    assert env.database("DATABASE_URL", None)["HOST"] == "postgres"
    assert env.broker("CELERY_BROKER_URL", None) == "redis://:x1@redis:6379/0"
    options = env.storage("STORAGE_URL", Path())["OPTIONS"]
    assert options["endpoint_url"] == "http://store:8333"
    assert options["bucket_name"] == SERVICES["store"]["environment"]["S3_BUCKET"]


@pytest.mark.parametrize("name", OURS)
def test_ours_run_without_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["init"]  # reaps what a killed worker leaves


def test_what_others_wait_for_can_say_that_it_is_healthy() -> None:
    for name, service in SERVICES.items():
        for other, rule in service.get("depends_on", {}).items():
            if rule["condition"] == "service_healthy" and other not in OURS:
                assert "test" in SERVICES[other]["healthcheck"], f"{name} waits for {other}"
    assert SERVICES["web"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def queues(profile: str) -> set[str]:
    """The queues that are served with that profile."""
    started = [SERVICES[name] for name in OURS if profile in SERVICES[name].get("profiles", [profile])]
    return {
        word for service in started for word in service.get("command", []) if word in Queue.values
    }  # fmt: skip


def test_every_queue_is_served_with_a_card_and_without() -> None:
    assert queues("gpu") == queues("cpu") == set(Queue.values)
    assert queues("") == {"cpu", "live"}, "so that one of the two has to be chosen"
    assert "\nCOMPOSE_PROFILES=cpu\n" in (ROOT / ".env.example").read_text()


def test_models_and_backgrounds_are_the_same_for_all_who_read_them() -> None:
    """Pages check what a run asks for, workers load it."""
    readers = set(OURS) - {"migrate", "scheduler"}
    for name in readers:
        assert "shared:/shared" in SERVICES[name]["volumes"], name
        for setting in ("VITRINE_MODELS_DIR", "VITRINE_MODEL_SETS_DIR", "VITRINE_BACKGROUNDS_DIR"):
            assert SERVICES[name]["environment"][setting].startswith("/shared/")
    assert re.search(r"install -d -o vitrine .*/shared\b", (ROOT / "Dockerfile").read_text()), (
        "nobody could write to it"
    )


def test_compiled_code_has_a_folder_that_can_be_written_to() -> None:
    """Without one, importing what cuts products out fails: the image's own folders are read-only."""
    folder = re.search(r"NUMBA_CACHE_DIR=(\S+)", (ROOT / "Dockerfile").read_text())
    assert folder
    for name in OURS:
        volumes = SERVICES[name].get("volumes", [])
        if any(word in ("gpu", "live") for word in SERVICES[name].get("command", [])):
            assert any(folder[1].startswith(volume.split(":")[1] + "/") for volume in volumes), name


def test_the_gpu_worker_starts_only_when_asked_for() -> None:
    assert SERVICES["worker-gpu"]["profiles"] == ["gpu"]
    (device,) = SERVICES["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_every_volume_is_declared_and_used() -> None:
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "/"))
    }
    assert used == set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", ["web", "worker-cpu"])
def test_the_page_and_the_job_see_the_same_import_folder(name: str) -> None:
    """The page checks that a path is there; a worker, in another container, reads it."""
    folder = SERVICES[name]["environment"]["VITRINE_IMPORT_DIR"]
    assert f"./imports:{folder}:ro" in SERVICES[name]["volumes"]


def test_the_image_runs_as_nobody_in_particular_and_knows_its_health() -> None:
    final = (ROOT / "Dockerfile").read_text().split("\nFROM ")[-1]
    assert "\nUSER vitrine\n" in final
    assert "HEALTHCHECK" in final
    assert "apt-get" not in final
    assert "--require-hashes" in (ROOT / "Dockerfile").read_text()


def test_the_image_has_the_font_that_reports_are_set_in() -> None:
    """Looked for by its name in Debian's folder; a report falls back to fewer letters without it, and says nothing."""
    _, build, final = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    folder = "/usr/share/fonts/truetype/dejavu"
    assert re.search(r"apt-get install .*fonts-dejavu-core", build)
    assert f"COPY --from=build {folder} {folder}\n" in final
    looked_for = (ROOT / "platform" / "review" / "reporting" / "paper.py").read_text()
    assert "fonts-dejavu-core" in looked_for
    assert str(Path(folder).parent) in rl_settings.TTFSearchPath


def test_what_the_dockerfile_copies_is_let_into_the_build() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert allowed == {
        "manage.py", "pyproject.toml", "requirements.lock", "platform", "generation", "raters", "ranking", "templates",
    }  # fmt: skip
    assert all((ROOT / name).exists() for name in allowed)


def test_the_lock_is_hashed_and_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert "//" not in text
    blocks = re.findall(r"^[^\s#].*(?:\n\s+.*)*", text, re.M)
    assert len(blocks) > 60
    assert all(re.match(r"[a-z0-9.-]+==", block) and "--hash=sha256:" in block for block in blocks)


def test_everything_the_project_asks_for_is_locked() -> None:
    said = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {
        re.split(r"[^a-z0-9-]", line)[0] for line in said["project"]["dependencies"] + said["dependency-groups"]["dev"]
    }
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.M))
    assert len(asked) > 20
    assert asked <= locked


@pytest.mark.skipif(not shutil.which("nginx"), reason="this machine has no nginx to read the proxy's settings")
def test_nginx_can_read_its_settings(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text().replace("server web:8000", "server 127.0.0.1:8000")
    (tmp_path / "nginx.conf").write_text(text)
    done = subprocess.run(
        ["nginx", "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-g", f"lock_file {tmp_path}/lock;"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_scripts_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=False).returncode == 0


def test_make_help_names_the_two_commands() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "make demo" in said
    assert "make test" in said


def test_addresses_of_the_documentation_work() -> None:
    """The forms that error messages recommend are forms that are taken."""
    assert addresses.database(addresses.DATABASE_FORM.split(" or ")[1])
    assert addresses.storage(addresses.STORAGE_FORM.split(" or ")[1].replace("port", "9000"))
    for form in addresses.BROKER_FORM.removeprefix("write ").replace(" or ", ", ").split(", "):
        assert addresses.broker(form.strip())
