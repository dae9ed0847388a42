"""Files are looked at before they are loaded, and whatever is wrong is told with role, path and command."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from generation.checkpoints import loading
from generation.checkpoints.locks import Lock, LockedFile, blob_of, repo_folder, sha256_of, write_lock
from generation.checkpoints.roles import Role
from generation.checkpoints.sets import FAMILIES, ROLES, UNPINNED, Entry
from generation.exceptions import CheckpointMissing
from tests.factories.checkpoints.makers import OPTIONS
from tests.factories.checkpoints.model_set import tiny_checkpoint
from tests.factories.checkpoints.sd import make_tiny_controlnet

Tensors = dict[str, torch.Tensor]
COMMIT = "d" * 40
FILES = ("config.json", "model.safetensors", "old.bin")


def entry(path: Path, **values: Any) -> Entry:
    told: dict[str, Any] = {
        "role": "dino", "family": "dinov2", "repo": "", "revision": "", "licence": "MIT", "commercial": True,
        "path": path, "set_name": "shop",
    }  # fmt: skip
    return Entry(**told | values)


def hub_entry(models: Path, **values: Any) -> Entry:
    path = repo_folder(models, "some/dino") / COMMIT
    return entry(path, **{"repo": "some/dino", "revision": COMMIT, "files": FILES[:2]} | values)


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    """A models folder in which `some/dino` is as after a fetch."""
    folder = repo_folder(tmp_path, "some/dino")
    root = folder / COMMIT
    root.mkdir(parents=True)
    (root / "config.json").write_text("{}")
    save_file({"weight": torch.zeros(100)}, root / "model.safetensors")
    torch.save({"weight": torch.zeros(10)}, root / "old.bin")
    locked = []
    for name in FILES:
        file = root / name
        small = {"blob": blob_of(file)} if name.endswith(".json") else {"sha256": sha256_of(file)}
        locked.append(LockedFile(COMMIT, name, file.stat().st_size, **small))
    write_lock(folder, Lock(COMMIT, tuple(locked)))
    return tmp_path


def change_last_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def test_what_was_fetched_whole_is_whole(fetched: Path) -> None:
    assert loading.missing(hub_entry(fetched), checksums="all") == []
    loading.verify(hub_entry(fetched, files=()), checksums="all")
    assert loading.bytes_on_disk(hub_entry(fetched)) == sum(
        (repo_folder(fetched, "some/dino") / COMMIT / name).stat().st_size for name in FILES[:2]
    )


DAMAGES: dict[str, tuple[str, Callable[[Path], None], loading.Checksums, str]] = {
    "a file that is gone": ("config.json", Path.unlink, "none", "config.json is missing"),
    "weights that were cut": ("model.safetensors", cut, "none", r"is damaged: it has 4\d\d bytes in place of 4\d\d"),
    "weights with another byte": ("model.safetensors", change_last_byte, "all", "its SHA-256 differs from the pinned"),
    "a small file with another byte": ("config.json", change_last_byte, "all", "its checksum differs from the hub's"),
    "a pickle with another byte": ("old.bin", change_last_byte, "pickles", "its SHA-256 differs from the pinned"),
}


@pytest.mark.parametrize(("name", "damage", "checksums", "said"), DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_found(
    name: str, damage: Callable[[Path], None], checksums: loading.Checksums, said: str, fetched: Path
) -> None:
    damage(repo_folder(fetched, "some/dino") / COMMIT / name)
    whole = hub_entry(fetched, files=FILES)
    if checksums != "none":
        loading.verify(whole)  # sizes are right
    with pytest.raises(CheckpointMissing, match=said) as refused:
        loading.verify(whole, checksums=checksums)
    assert str(refused.value).startswith("The dino of the model set shop, some/dino, cannot be loaded from /")
    assert str(refused.value).endswith("Fetch it: manage.py models fetch shop --role dino")


def test_what_is_not_asked_for_need_not_be_whole(fetched: Path) -> None:
    cut(repo_folder(fetched, "some/dino") / COMMIT / "old.bin")
    loading.verify(hub_entry(fetched))


@pytest.mark.parametrize("revision", [COMMIT, ""])
def test_what_was_never_fetched(revision: str, tmp_path: Path) -> None:
    path = repo_folder(tmp_path, "some/dino") / (revision or UNPINNED)
    with pytest.raises(CheckpointMissing, match=r"some--dino/\w+: it was never fetched\. Fetch it: "):
        loading.verify(entry(path, repo="some/dino", revision=revision))


def test_many_missing_files_are_counted(fetched: Path) -> None:
    folder = repo_folder(fetched, "some/dino")
    write_lock(folder, Lock(COMMIT, tuple(LockedFile(COMMIT, f"{name}.json", 1) for name in "abcde")))
    with pytest.raises(
        CheckpointMissing, match=r"a\.json is missing; b\.json is missing; c\.json is missing; and 2 more"
    ):
        loading.verify(hub_entry(fetched, files=()))


def test_a_pickle_of_the_hub_needs_a_checksum(fetched: Path) -> None:
    folder = repo_folder(fetched, "some/dino")
    size = (folder / COMMIT / "old.bin").stat().st_size
    write_lock(folder, Lock(COMMIT, (LockedFile(COMMIT, "old.bin", size),)))
    assert loading.missing(hub_entry(fetched, files=("old.bin",))) == ["old.bin is a pickle without a pinned checksum"]
    sha256 = sha256_of(folder / COMMIT / "old.bin")
    assert loading.missing(hub_entry(fetched, files=("old.bin",), sha256=sha256)) == []


def test_a_local_folder_must_be_there_with_something_in_it(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMissing, match=r"there is no such file or folder\. Put it there, or change the set's"):
        loading.verify(entry(tmp_path / "none"))
    assert loading.missing(entry(tmp_path)) == ["the folder is empty"]


def test_local_safetensors_that_were_cut_are_damaged(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(100), "bias": torch.zeros(3)}, tmp_path / "model.safetensors")
    assert loading.missing(entry(tmp_path)) == []
    for size in (500, 300, 20, 4):
        os.truncate(tmp_path / "model.safetensors", size)
        assert loading.missing(entry(tmp_path)) == ["model.safetensors is damaged: it ends before its tensors do"]


def test_a_local_pickle_needs_a_checksum(tmp_path: Path) -> None:
    file = tmp_path / "sam.pth"
    torch.save({"weight": torch.zeros(10)}, file)
    assert loading.missing(entry(file)) == [
        "sam.pth is a pickle without a pinned checksum; write its sha256 into the set"
    ]
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert loading.missing(entry(file, sha256=sha256)) == []
    change_last_byte(file)
    assert loading.missing(entry(file, sha256=sha256)) == [], "a page has no time to read gigabytes"
    with pytest.raises(CheckpointMissing, match=r"sam\.pth is damaged: its SHA-256 differs from the set's"):
        loading.load(entry(file, sha256=sha256), "cpu")


def test_the_checksum_of_a_local_folder_is_that_of_its_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    save_file({"weight": torch.zeros(10)}, tmp_path / "model.safetensors")
    pinned = entry(tmp_path, sha256=sha256_of(tmp_path / "model.safetensors"))
    (tmp_path / "README.md").write_text("# DINO")
    assert loading.missing(pinned, checksums="all") == []
    save_file({"weight": torch.ones(10)}, tmp_path / "model.safetensors")
    assert loading.missing(pinned, checksums="pickles") == []
    assert loading.missing(pinned, checksums="all") == [
        "model.safetensors is damaged: its SHA-256 differs from the set's"
    ]


def test_a_pickle_beside_safetensors_is_not_read_and_not_asked_for(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(1)}, tmp_path / "model.safetensors")
    torch.save({}, tmp_path / "model.bin")
    assert loading.missing(entry(tmp_path)) == []


def test_a_server_elsewhere_has_no_files(tmp_path: Path) -> None:
    remote = entry(Path(), role="writer", family="openai-compatible", options={"url": "http://llm"})
    assert loading.missing(remote, checksums="all") == []


@pytest.mark.parametrize(("role", "family"), [(role, family) for role in ROLES for family in FAMILIES[role]])
def test_there_is_code_for_every_family(role: Role, family: str) -> None:
    module, function = loading.code_for(role, family)
    assert callable(getattr(__import__(module, fromlist=[function]), function))


def test_an_adapter_is_loaded_and_the_hub_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a load reached for the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    dino = loading.load(entry(tiny_checkpoint("dinov2")), "cpu")
    assert dino.images([Image.new("RGB", (40, 30), "red")]).shape[0] == 1


def test_files_of_half_precision_are_found_by_their_variant(tmp_path: Path) -> None:
    shutil.copytree(tiny_checkpoint("sd"), tmp_path / "half")
    for file in (tmp_path / "half").rglob("*.safetensors"):
        file.rename(file.with_suffix(".fp16.safetensors"))
    half = entry(tmp_path / "half", role="base", family="sd", options={"variant": "fp16"})
    assert loading.load(half, "cpu").pipeline.unet.dtype == torch.float32


def test_a_pickle_is_not_taken_where_safetensors_are_missing(tmp_path: Path) -> None:
    shutil.copytree(tiny_checkpoint("sd"), tmp_path / "old")
    weights = tmp_path / "old" / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(CheckpointMissing, match=r"The base of the model set shop .* no file named diffusion_pytorch_m"):
        loading.load(entry(tmp_path / "old", role="base", family="sd"), "cpu")


BREAKS: dict[str, tuple[BaseException, type[BaseException], str]] = {
    "a file gone meanwhile": (FileNotFoundError(2, "No such file", "x.json"), CheckpointMissing, "No such file: 'x.js"),
    "weights of another kind": (
        SafetensorError("header too large"),
        CheckpointMissing,
        "header too large",
    ),
    "no memory to map a file": (OSError(errno.ENOMEM, "Cannot allocate memory"), MemoryError, "Cannot allocate"),
    "no memory on the device": (torch.OutOfMemoryError("CUDA out of memory"), torch.OutOfMemoryError, "CUDA out of"),
}


@pytest.mark.parametrize(("error", "kind", "said"), BREAKS.values(), ids=BREAKS.keys())
def test_what_a_library_says_while_loading(
    error: BaseException, kind: type[BaseException], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr("generation.checkpoints.dino.load", broken)
    with pytest.raises(kind, match=said):
        loading.load(entry(tiny_checkpoint("dinov2")), "cpu")


def test_nothing_is_imported_for_a_checkpoint_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.import_module", lambda name: pytest.fail(f"imported {name}"))
    with pytest.raises(CheckpointMissing):
        loading.load(entry(tmp_path / "none"), "cpu")


# Libraries raise what they like over these: a JSON error, a Unicode error, a size that does not match.
DAMAGED: list[tuple[str, Role, str, str, bytes | None]] = [
    ("sd", "base", "sd", "unet/config.json", b'{"in_channels": 4'),
    ("sd", "base", "sd", "unet/config.json", b"\x93\xff"),
    ("sd", "base", "sd", "text_encoder/config.json", None),
    ("sd", "base", "sd", "tokenizer/tokenizer.json", b""),
    ("sd", "base", "sd", "tokenizer/tokenizer.json", None),
    ("sd", "base", "sd", "unet/diffusion_pytorch_model.safetensors", b"\x02\0\0\0\0\0\0\0[]"),
    ("sd", "base", "sd", "unet/diffusion_pytorch_model.safetensors", b'\x07\0\0\0\0\0\0\0{"a":1}'),
    ("ltx", "video", "ltx", "tokenizer/tokenizer.json", None),
    ("blip", "captioner", "blip", "tokenizer.json", None),
    ("writer", "writer", "causal-lm", "tokenizer.json", None),
    ("clip", "clip", "open_clip", "open_clip_config.json", None),
    ("dinov2", "dino", "dinov2", "preprocessor_config.json", b"{}"),
]


@pytest.mark.parametrize(
    "damage",
    DAMAGED,
    ids=[f"{kind} {name} {data[:6]!r}" if data else f"{kind} {name}" for kind, *_, name, data in DAMAGED],
)
def test_a_damaged_file_names_role_and_path(damage: tuple[str, Role, str, str, bytes | None], tmp_path: Path) -> None:
    kind, role, family, name, data = damage
    shutil.copytree(tiny_checkpoint(kind), tmp_path / "model", copy_function=os.link)
    (tmp_path / "model" / name).unlink()
    if data is not None:
        (tmp_path / "model" / name).write_bytes(data)
    with pytest.raises(CheckpointMissing) as error:
        loading.load(entry(tmp_path / "model", role=role, family=family), "cpu")
    assert f"The {role} of the model set shop" in str(error.value)
    assert str(tmp_path / "model") in str(error.value)


# Of each library, files that are JSON and none of its tables: it stumbles, or takes the folder for a name on the hub.
NO_TABLES: list[tuple[str, Role, str, str]] = [
    ("sd", "base", "sd", "model_index.json"),
    ("sd", "base", "sd", "unet/config.json"),
    ("sd", "base", "sd", "vae/config.json"),
    ("sd", "base", "sd", "scheduler/scheduler_config.json"),
    ("sd", "base", "sd", "text_encoder/config.json"),
    ("sd", "base", "sd", "tokenizer/tokenizer.json"),
    ("sd", "base", "sd", "tokenizer/tokenizer_config.json"),
    ("blip", "captioner", "blip", "processor_config.json"),
    ("writer", "writer", "causal-lm", "generation_config.json"),
    ("clip", "clip", "open_clip", "open_clip_config.json"),
    ("dinov2", "dino", "dinov2", "config.json"),
    ("dinov2", "dino", "dinov2", "preprocessor_config.json"),
]


@pytest.mark.parametrize("data", ["[]", "3", '"x"', "null"])
@pytest.mark.parametrize("damaged", NO_TABLES, ids=[f"{one[0]} {one[3]}" for one in NO_TABLES])
def test_a_file_that_holds_no_table_is_named(damaged: tuple[str, Role, str, str], data: str, tmp_path: Path) -> None:
    kind, role, family, name = damaged
    shutil.copytree(tiny_checkpoint(kind), tmp_path / "model", copy_function=os.link)
    (tmp_path / "model" / name).unlink()
    (tmp_path / "model" / name).write_text(data)
    with pytest.raises(CheckpointMissing) as error:
        loading.load(entry(tmp_path / "model", role=role, family=family), "cpu")
    assert str(error.value) == (
        f"The {role} of the model set shop cannot be loaded from {tmp_path / 'model'}:"
        f" {name} is damaged: it holds no table. Put it there, or change the set's path."
    )


def test_a_fetched_file_that_holds_no_table_is_fetched_again(fetched: Path) -> None:
    broken = hub_entry(fetched)
    (broken.path / "config.json").write_text("[]")  # of the same size
    with pytest.raises(CheckpointMissing) as error:
        loading.load(broken, "cpu")
    assert "config.json is damaged: it holds no table. Fetch it: manage.py models fetch shop --role dino" in str(
        error.value
    )


def test_what_has_no_files_is_not_told_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tsconfig.json").write_text("// somebody else's")
    options = {"url": "https://words.example/v1", "model": "large", "timeout": "soon"}
    server = entry(Path(), role="writer", family="openai-compatible", options=options)
    with pytest.raises(CheckpointMissing, match="could not convert string to float: 'soon'"):
        loading.load(server, "cpu")
    assert loading.bytes_on_disk(server) == 0


@pytest.mark.parametrize("kind", [TypeError, AttributeError])
def test_a_mistake_in_the_code_is_no_damage(kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise kind("of the code")

    monkeypatch.setattr("generation.checkpoints.dino.load", broken)
    with pytest.raises(kind, match="of the code"):
        loading.load(entry(tiny_checkpoint("dinov2")), "cpu")


# Of each library class, one file of weights that transformers or diffusers would go on without.
READERS: list[tuple[str, Role, str, str]] = [
    ("sd", "base", "sd", "text_encoder/"),
    ("sd", "base", "sd", "unet/"),
    ("sd", "base", "sd", "vae/"),
    ("sdxl-inpainter", "inpainter", "sdxl", "text_encoder_2/"),
    ("klein", "served", "flux2-klein", "text_encoder/"),
    ("klein", "served", "flux2-klein", "transformer/"),
    ("svd", "video", "svd", "image_encoder/"),
    ("svd", "video", "svd", "unet/"),
    ("wan", "video", "wan", "text_encoder/"),
    ("wan", "video", "wan", "vae/"),
    ("ltx", "video", "ltx", "transformer/"),
    ("dinov2", "dino", "dinov2", ""),
    ("blip", "captioner", "blip", ""),
    ("qwen-vl", "captioner", "qwen-vl", ""),
    ("writer", "writer", "causal-lm", ""),
    ("concepts", "safety", "clip-concepts", ""),
    ("classifier", "safety", "image-classifier", ""),
]


@pytest.mark.parametrize(("kind", "role", "family", "part"), READERS, ids=[f"{one[0]} {one[3]}" for one in READERS])
def test_weights_that_lack_a_tensor_are_not_made_up(
    kind: str, role: Role, family: str, part: str, tmp_path: Path
) -> None:
    shutil.copytree(tiny_checkpoint(kind), tmp_path / "model", copy_function=os.link)
    [weights] = (tmp_path / "model" / part).glob("*.safetensors")
    tensors = load_file(weights)
    gone = sorted(name for name in tensors if "norm" in name)[0]
    tensors.pop(gone)
    weights.unlink()
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(CheckpointMissing, match="incomplete or of another model") as error:
        loading.load(entry(tmp_path / "model", role=role, family=family, options=OPTIONS.get(family, {})), "cpu")
    assert str(error.value).startswith(f"The {role} of the model set shop cannot be loaded from {tmp_path / 'model'}:")


def test_a_controlnet_that_lacks_a_tensor_is_refused(tmp_path: Path) -> None:
    make_tiny_controlnet(tmp_path / "lines")
    [weights] = (tmp_path / "lines").glob("*.safetensors")
    tensors = load_file(weights)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, weights, metadata={"format": "pt"})
    asked = entry(tiny_checkpoint("sd"), role="inpainter", family="sd", options={"controlnet": str(tmp_path / "lines")})
    with pytest.raises(CheckpointMissing, match="the weights in lines are incomplete or of another model"):
        loading.load(asked, "cpu")


def test_a_pickle_is_no_controlnet(tmp_path: Path) -> None:
    make_tiny_controlnet(tmp_path / "lines")
    [weights] = (tmp_path / "lines").glob("*.safetensors")
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()
    asked = entry(tiny_checkpoint("sd"), role="inpainter", family="sd", options={"controlnet": str(tmp_path / "lines")})
    with pytest.raises(CheckpointMissing, match="safetensors"):
        loading.load(asked, "cpu")


def test_a_tensor_that_only_the_list_of_several_files_has_is_missing(tmp_path: Path) -> None:
    shutil.copytree(tiny_checkpoint("sd"), tmp_path / "model")
    unet = tmp_path / "model" / "unet"
    model: Any = UNet2DConditionModel
    model.from_pretrained(unet).save_pretrained(unet, max_shard_size="200KB")
    (unet / "diffusion_pytorch_model.safetensors").unlink()
    part = sorted(unet.glob("*.safetensors"))[-1]
    tensors = load_file(part)
    gone = sorted(tensors)[0]
    tensors.pop(gone)
    save_file(tensors, part, metadata={"format": "pt"})
    with pytest.raises(CheckpointMissing, match=f"incomplete or of another model: {gone} not there"):
        loading.load(entry(tmp_path / "model", role="base", family="sd"), "cpu")


def _renamed(tensors: Tensors, old: str, new: str) -> Tensors:
    return {name.replace(old, new): tensor for name, tensor in tensors.items()}


def _first_name(name: str) -> str:
    for now, before in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
        name = name.replace(f"attentions.0.{now}.", f"attentions.0.{before}.")
    return name


POSITIONS = torch.arange(77)[None]
PREDICTED = "text_decoder.cls.predictions."
# Files that are good with other names than today's transformers writes, as on the hub: older ones, and of tied weights
# one or all. Of each: kind, role, family, part, what becomes of the names, what becomes of the configuration.
OF_THE_HUB: dict[str, tuple[str, Role, str, str, Callable[[Tensors], Tensors], dict[str, Any]]] = {
    "SD 1.5's prefix and positions": (
        "sd", "base", "sd", "text_encoder/",
        lambda t: {f"text_model.{name.removeprefix('text_model.')}": t[name] for name in t}
        | {"text_model.embeddings.position_ids": POSITIONS}, {},
    ),
    "SD 1.5's VAE, with attention's first names": (
        "sd", "base", "sd", "vae/", lambda t: {_first_name(name): t[name] for name in t}, {},
    ),
    "SVD's positions": (
        "svd", "video", "svd", "image_encoder/",
        lambda t: t | {"vision_model.embeddings.position_ids": POSITIONS}, {},
    ),
    "the safety checker's two prefixes": (
        "concepts", "safety", "clip-concepts", "",
        lambda t: _renamed(t, "vision_model.", "vision_model.vision_model."), {},
    ),
    "DINOv2 without its mask token": (
        "dinov2", "dino", "dinov2", "", lambda t: {name: t[name] for name in t if "mask_token" not in name}, {},
    ),
    "BLIP with all that is tied": (
        "blip", "captioner", "blip", "",
        lambda t: t | {
            f"{PREDICTED}decoder.bias": t[f"{PREDICTED}bias"].clone(),
            f"{PREDICTED}decoder.weight": t["text_decoder.bert.embeddings.word_embeddings.weight"].clone(),
        }, {},
    ),
    "BLIP with the other of two that are tied": (
        "blip", "captioner", "blip", "", lambda t: _renamed(t, f"{PREDICTED}bias", f"{PREDICTED}decoder.bias"), {},
    ),
    "Wan's umT5, which says that nothing is tied": (
        "wan", "video", "wan", "text_encoder/", lambda t: t, {"tie_word_embeddings": False},
    ),
    "LTX's T5, with the encoder's name alone": (
        "ltx", "video", "ltx", "text_encoder/",
        lambda t: _renamed(t, "shared.weight", "encoder.embed_tokens.weight"), {"tie_word_embeddings": False},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_THE_HUB)
def test_good_files_of_other_versions_are_not_refused(name: str, tmp_path: Path) -> None:
    kind, role, family, part, change, more = OF_THE_HUB[name]
    shutil.copytree(tiny_checkpoint(kind), tmp_path / "model", copy_function=os.link)
    [weights] = (tmp_path / "model" / part).glob("*.safetensors")
    config = weights.with_name("config.json")
    tensors, told = change(load_file(weights)), json.loads(config.read_text()) | more
    weights.unlink()
    save_file(tensors, weights, metadata={"format": "pt"})
    config.unlink()
    config.write_text(json.dumps(told))
    loading.load(entry(tmp_path / "model", role=role, family=family, options=OPTIONS.get(family, {})), "cpu")
