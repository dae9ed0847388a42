"""Adapters out of the house: by page, and by `manage.py runs adapter` smaller or for other tools."""

from collections.abc import Callable
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
import safetensors.torch
import torch
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from generation.exceptions import NotPossible
from generation.models import Adapter, Run, RunStage
from generation.selectors.adapters import adapter_of, file_name
from generation.storage import site_files
from generation.training.adapters import Adapter as File
from generation.training.adapters import write_adapter
from tests.factories.catalog import make_product
from tests.factories.generation import make_result, make_run

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], Client]
LAYER = "unet.mid_block.to_q"
RANK = 4


def train(run: Run, tier: int = 0, token: str = "sks", dropped: datetime | None = None) -> Adapter:
    """An adapter of rank 4 that a run has trained."""
    torch.manual_seed(tier)
    data = write_adapter(File({LAYER: (torch.randn(RANK, 6), torch.randn(8, RANK))}, {"token": token}))
    key, sha256 = site_files().put_data(data, "safetensors")
    result = make_result("finetune", product=run.product)
    RunStage.objects.create(run=run, tier=tier, order=0, stage="finetune", method=run.method, result=result)
    return Adapter.objects.create(
        result=result, token=token, rank=RANK, steps=9, key=key, sha256=sha256, bytes=len(data), dropped_at=dropped
    )


@pytest.fixture
def run(db: None) -> Run:
    return make_run(make_product(external_id="4711"))


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def test_a_run_draws_with_the_adapter_of_its_last_tier(run: Run) -> None:
    train(run)
    last = train(run, tier=1)
    assert adapter_of(run) == last
    assert file_name(last) == "4711-sks-rank4.safetensors"


def test_without_an_adapter_or_its_file_it_says_so(run: Run) -> None:
    with pytest.raises(NotPossible, match=f"Run #{run.pk} has trained no adapter"):
        adapter_of(run)
    train(run, dropped=datetime(2026, 1, 2, tzinfo=timezone.get_current_timezone()))
    with pytest.raises(NotPossible, match="was kept until 2026-01-02; it is trained once more"):
        adapter_of(run)


class TestDownload:
    def test_the_file_comes_under_a_name_that_says_what_it_is(self, client: Client, run: Run) -> None:
        made = train(run)
        response = client.get(f"/adapters/{made.pk}/download/")
        assert safetensors.torch.load(b"".join(response)).keys() == {  # type: ignore[arg-type]
            f"{LAYER}.lora_A.weight", f"{LAYER}.lora_B.weight",
        }  # fmt: skip
        assert response.headers["Content-Disposition"] == 'attachment; filename="4711-sks-rank4.safetensors"'

    def test_one_without_a_product_has_a_name_too(self, run: Run) -> None:
        made = train(run)
        made.result.product = None
        assert file_name(made) == "adapter-sks-rank4.safetensors"

    def test_a_file_that_is_gone_and_an_id_that_is_nobodys_are_not_found(self, client: Client, run: Run) -> None:
        made = train(run)
        Adapter.objects.filter(pk=made.pk).update(key="generated-data/00/gone.safetensors")
        assert client.get(f"/adapters/{made.pk}/download/").status_code == 404
        assert client.get("/adapters/999999/download/").status_code == 404

    def test_it_is_read_only_and_not_for_raters(
        self, client: Client, client_for: ClientFor, rater: User, run: Run
    ) -> None:
        made = train(run)
        assert client.post(f"/adapters/{made.pk}/download/").status_code == 405
        assert client_for(rater).get(f"/adapters/{made.pk}/download/").status_code == 403
        assert client_for(None).get(f"/adapters/{made.pk}/download/").status_code == 302


def write(run: Run, file: Path, *options: str) -> str:
    out = StringIO()
    call_command("runs", "adapter", str(run.pk), "--to", str(file), *options, stdout=out)
    return out.getvalue()


class TestCommand:
    def test_as_it_was_trained(self, run: Run, tmp_path: Path) -> None:
        made = train(run)
        assert "token sks, rank 4, 0.0 MB" in write(run, tmp_path / "a.safetensors")
        assert (tmp_path / "a.safetensors").read_bytes() == site_files().data(made.key)

    def test_smaller(self, run: Run, tmp_path: Path) -> None:
        train(run)
        assert "rank 2" in write(run, tmp_path / "a.safetensors", "--rank", "2")
        tensors = safetensors.torch.load_file(tmp_path / "a.safetensors")
        assert tensors[f"{LAYER}.lora_A.weight"].shape == (2, 6)

    def test_with_the_keys_of_other_tools(self, run: Run, tmp_path: Path) -> None:
        train(run)
        assert "keys of sd-scripts" in write(run, tmp_path / "a.safetensors", "--rank", "2", "--kohya")
        name = "lora_unet_mid_block_to_q"
        tensors = safetensors.torch.load_file(tmp_path / "a.safetensors")
        assert tensors.keys() == {f"{name}.lora_down.weight", f"{name}.lora_up.weight", f"{name}.alpha"}
        assert tensors[f"{name}.alpha"] == 2

    @pytest.mark.parametrize(
        ("options", "said"),
        [(("--rank", "4"), "cannot be shrunk to 4; choose 1 to 3"), (("--rank", "0"), "cannot be shrunk to 0")],
        ids=["no lower rank", "none"],
    )
    def test_a_rank_that_is_not_lower_is_refused(
        self, run: Run, tmp_path: Path, options: tuple[str, ...], said: str
    ) -> None:
        train(run)
        with pytest.raises(CommandError, match=said):
            write(run, tmp_path / "a.safetensors", *options)
        assert not (tmp_path / "a.safetensors").exists()

    def test_a_folder_that_is_not_there_is_said_plainly(self, run: Run, tmp_path: Path) -> None:
        train(run)
        with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
            write(run, tmp_path / "none" / "a.safetensors")

    def test_a_run_without_an_adapter_is_refused(self, run: Run, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="has trained no adapter"):
            write(run, tmp_path / "a.safetensors")
