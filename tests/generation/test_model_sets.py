"""What the settings say of models, and that web processes stay without torch."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from generation import model_sets
from generation.exceptions import BadModelSet
from generation.training import caches
from tests.factories.checkpoints.model_set import tiny_set


@pytest.fixture(autouse=True)
def own(tmp_path: Path, settings: Any) -> Any:
    settings.MODELS_DIR, settings.MODEL_SETS_DIR = tmp_path / "models", tmp_path / "sets"
    settings.MODEL_SET = ""
    return settings


def test_a_set_by_name_or_by_setting(own: Any) -> None:
    assert model_sets.model_set("klein").name == "klein"
    own.MODEL_SET = "sdxl"
    assert model_sets.model_set().name == "sdxl"
    assert model_sets.model_set("klein").name == "klein"


def test_no_set_chosen_is_a_sentence() -> None:
    with pytest.raises(
        BadModelSet, match=r"No model set is chosen; name one of classical, classical-mini, .*or set VITRINE_MODEL_SET"
    ):
        model_sets.model_set()


def test_own_sets_count_once_their_folder_is_there(own: Any, tmp_path: Path) -> None:
    assert model_sets.places().own_sets is None
    tiny_set(tmp_path / "sets", "sd", name="tiny")
    assert model_sets.places().own_sets == tmp_path / "sets"
    assert model_sets.model_set("tiny").entry("base").family == "sd"


def test_a_worker_has_one_shelf_for_all_sets(own: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_sets, "_shelf", None)
    monkeypatch.setattr(model_sets, "siblings", lambda: 1000)
    own.DEVICE, own.MODEL_CACHE_BYTES = "cpu", 123_456_789
    tiny_set(tmp_path / "sets", "sd", name="tiny")
    tiny_set(tmp_path / "sets", "sd", name="other")
    first = model_sets.worker_models(model_sets.model_set("tiny"))
    second = model_sets.worker_models(model_sets.model_set("other"))
    assert first.shelf is second.shelf
    assert (str(first.device), first.shelf.limit_bytes) == ("cpu", 123_456_789)
    with first.dino() as one, second.dino() as other:
        assert one is other


@pytest.mark.parametrize("kept", [10_000, 0], ids=["kept", "not to be kept"])
def test_a_worker_keeps_what_training_encodes_on_disk(
    own: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(model_sets, "_shelf", None)
    monkeypatch.setattr(caches, "_SHARED", caches.TensorCache())
    own.DEVICE, own.TRAINING_CACHE_DIR, own.TRAINING_CACHE_BYTES = "cpu", tmp_path / "cache", kept
    tiny_set(tmp_path / "sets", "sd", name="tiny")
    model_sets.worker_models(model_sets.model_set("tiny"))
    caches.shared().many(["ab"], lambda places: [{"mean": torch.zeros(2)} for _ in places])
    assert [file.name for file in (tmp_path / "cache").glob("*/*")] == (["ab.safetensors"] if kept else [])


def test_reading_sets_and_the_command_import_no_torch(tmp_path: Path) -> None:
    code = (
        "import django, sys; django.setup()\n"
        "from generation import model_sets\n"
        "import generation.management.commands.models\n"
        "model_sets.model_set('klein').identities(('base', 'video'))\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'open_clip', 'huggingface_hub'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "vitrine.settings", "VITRINE_DATA_DIR": str(tmp_path), "PATH": "/usr/bin"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
