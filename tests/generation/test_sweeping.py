"""What goes by itself, and what must not: adapters past their time, results of removed products, files in use."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from catalog.photos.sweeping import sweep_photos
from generation import sweeping
from generation.files import thumbnail_key
from generation.models import Adapter, PhotoMask, ResultFile, RunStage, StageResult
from generation.storage import Checkpoints, site_files
from jobs.models import Step
from tests.factories.catalog import make_photo, make_product
from tests.factories.generation import make_candidate, make_result, make_run
from tests.factories.jobs import make_job
from vitrine.addresses import folder

pytestmark = pytest.mark.django_db
NOW = timedelta(0)


@pytest.fixture(autouse=True)
def own_storage(settings: LazySettings, tmp_path: Path) -> None:
    """A sweep of everything must not reach what other tests have stored."""
    settings.STORAGES = settings.STORAGES | {"default": folder(tmp_path)}


def make_adapter(**fields: Any) -> Adapter:
    """An adapter whose file is there."""
    key, sha256 = site_files().put_data(f"weights {Adapter.objects.count()}".encode(), "safetensors")
    usual = {"token": "sks", "rank": 4, "steps": 2, "key": key, "sha256": sha256, "bytes": 9}
    result = fields.pop("result", None) or make_result("finetune", state="succeeded", result={})
    return Adapter.objects.create(result=result, **usual | fields)


def stored_picture(name: str) -> str:
    """The key of a generated picture that nothing names yet."""
    colour = (sum(name.encode()) % 256, len(name), 7)
    return site_files().put_picture(Image.new("RGB", (8, 8), colour)).key


class TestAdapters:
    def test_a_file_goes_when_its_time_is_over_and_the_row_says_when(self) -> None:
        old = make_adapter(expires_at=timezone.now() - timedelta(days=1))
        young, kept = make_adapter(expires_at=timezone.now() + timedelta(days=1)), make_adapter(expires_at=None)
        assert sweeping.drop_adapters() == 1
        old.refresh_from_db()
        assert old.dropped_at is not None
        assert not default_storage.exists(old.key)
        assert default_storage.exists(young.key)
        assert default_storage.exists(kept.key)
        assert sweeping.drop_adapters() == 0

    @pytest.mark.parametrize(
        ("state", "dropped"), [("planned", 0), ("running", 0), ("paused", 0), ("succeeded", 1), ("failed", 1)]
    )
    def test_a_run_that_goes_on_keeps_its_adapter(self, state: str, dropped: int) -> None:
        run = make_run(state=state)
        result = make_result("finetune", state="succeeded", result={})
        RunStage.objects.create(run=run, order=0, stage="finetune", method=run.method, result=result)
        make_adapter(result=result, expires_at=timezone.now())
        assert sweeping.drop_adapters() == dropped

    def test_a_file_that_two_results_share_goes_with_the_last(self) -> None:
        first = make_adapter(expires_at=timezone.now())
        second = make_adapter(key=first.key, expires_at=None)
        sweeping.drop_adapters()
        assert default_storage.exists(first.key)
        Adapter.objects.filter(pk=second.pk).update(expires_at=timezone.now())
        sweeping.drop_adapters()
        assert not default_storage.exists(first.key)


class TestFiles:
    def test_what_nothing_names_goes_with_its_thumbnail(self) -> None:
        key = stored_picture("nobody's")
        sha256 = key.rpartition("/")[2].removesuffix(".png")
        assert sweeping.sweep_files(older_than=NOW) == 1
        assert not default_storage.exists(key)
        assert not default_storage.exists(thumbnail_key(sha256))

    def test_what_is_young_stays(self) -> None:
        key = stored_picture("young")
        assert sweeping.sweep_files() == 0
        assert default_storage.exists(key)

    @pytest.mark.parametrize("user", ["a result", "a person's mask", "a step of unfinished work", "an adapter"])
    def test_what_is_in_use_stays(self, user: str) -> None:
        key = stored_picture(user)
        if user == "a result":
            ResultFile.objects.create(result=make_result("segment"), key=key)
        elif user == "a person's mask":
            PhotoMask.objects.create(photo=make_photo(size=(48, 48)), key=key, sha256="0" * 64, width=8, height=8)
        elif user == "an adapter":
            make_adapter(key=key)
        else:
            job = make_job()
            make_result("segment", job=job)
            Step.objects.create(job=job, name="photo 1", result={"mask": {"key": key}}, fence=1)
        sweeping.sweep_files(older_than=NOW)
        assert default_storage.exists(key)

    def test_an_old_picture_that_is_made_again_is_young_again(self) -> None:
        """Between the picture and the row that names it a sweep may come along."""
        key = stored_picture("twice")
        small = thumbnail_key(key.rpartition("/")[2].removesuffix(".png"))
        for name in (key, small):
            os.utime(default_storage.path(name), (0, 0))
        assert stored_picture("twice") == key
        assert sweeping.sweep_files() == 0
        assert default_storage.exists(key)
        assert default_storage.exists(small)

    def test_one_that_is_made_again_while_the_sweep_looks_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        key = stored_picture("meanwhile")
        os.utime(default_storage.path(key), (0, 0))
        look = ResultFile.objects.filter

        def look_late(**named: Any) -> Any:
            stored_picture("meanwhile")
            return look(**named)

        monkeypatch.setattr(ResultFile.objects, "filter", look_late)
        assert sweeping.sweep_files() == 0
        assert default_storage.exists(key)

    def test_the_sweep_of_photos_leaves_generated_files_alone(self) -> None:
        key = stored_picture("photo sweep")
        sweep_photos(older_than=NOW)
        assert default_storage.exists(key)

    def test_the_sweep_of_generated_files_leaves_photos_alone(self) -> None:
        photo = make_photo(size=(48, 48))
        default_storage.save("uploads/x.zip", ContentFile(b"x"))
        sweeping.sweep_files(older_than=NOW)
        assert default_storage.exists(photo.key)
        assert default_storage.exists("uploads/x.zip")


class TestCheckpoints:
    @pytest.mark.parametrize(
        ("state", "dropped"),
        [("waiting", 0), ("running", 0), ("failed", 1), ("cancelled", 1), ("succeeded", 1), ("gone", 1)],
    )
    def test_those_go_that_nobody_goes_on_from(self, state: str, dropped: int) -> None:
        result = make_result("finetune", state=state, result={}) if state != "gone" else None
        kept = Checkpoints(result.fingerprint if result else "ab" * 32)
        kept.keep("trainer", b"moments")
        assert sweeping.drop_checkpoints() == 0, "young ones stay"
        assert sweeping.drop_checkpoints(older_than=NOW) == dropped
        assert (kept.read("trainer") is None) == bool(dropped)

    def test_where_none_was_ever_kept_none_goes(self) -> None:
        assert sweeping.drop_checkpoints(older_than=NOW) == 0


class TestResults:
    @staticmethod
    def old(stage: str, **fields: Any) -> StageResult:
        result = make_result(stage, **fields)
        StageResult.objects.filter(pk=result.pk).update(created_at=timezone.now() - timedelta(days=3))
        return result

    def test_only_what_belongs_to_nothing_goes(self) -> None:
        gone = self.old("segment")
        kept = [
            self.old("class_images"),
            self.old("segment", product=make_product()),
            make_candidate(result=self.old("generate")).result,
            make_result("segment"),
        ]
        used = self.old("caption")
        run = make_run()
        RunStage.objects.create(run=run, order=0, stage="caption", method=run.method, result=used)
        assert sweeping.drop_orphans() == 1
        assert set(StageResult.objects.values_list("pk", flat=True)) == {used.pk, *(result.pk for result in kept)}
        assert not StageResult.objects.filter(pk=gone.pk).exists()
