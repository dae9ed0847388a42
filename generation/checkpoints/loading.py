"""Load the checkpoint of a role: files are looked at first, code is imported when asked for, the hub is never reached.

Safetensors wherever a checkpoint has them. A pickle is read by `torch.load(weights_only=True)` alone, and only when
its SHA-256 is pinned: in the set's file, or in the lock that `manage.py models fetch` wrote.
"""

import errno
import functools
import importlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError

from generation.checkpoints.locks import LockedFile, blob_of, files_in, read_lock, sha256_of
from generation.checkpoints.roles import Role
from generation.checkpoints.sets import BUILT_IN, UNPINNED, Entry
from generation.exceptions import CheckpointMissing

_FAMILIES = "generation.checkpoints.families"
_MAKERS = {"sd": f"{_FAMILIES}.sd", "sdxl": f"{_FAMILIES}.sd", "flux2-klein": f"{_FAMILIES}.flux2_klein"}
_PICKLES = (".pth", ".pt", ".bin", ".ckpt")
Checksums = Literal["none", "pickles", "all"]
_MESSAGE_FILES = 3  # named in a message; more are counted
# What reading files raises that are cut short or hold something else; a pickle with code in it is refused.
_UNREADABLE = (OSError, SafetensorError, RuntimeError, ValueError, KeyError, EOFError, pickle.UnpicklingError)
# And what it stumbles over where such a JSON file has something other than a table: else a mistake in the code.
_STUMBLES = (TypeError, AttributeError)
# Ends of the names of JSON files that libraries read as tables.
_TABLES = ("config.json", "index.json", "tokenizer.json", "vocab.json", "_map.json", "captions.json", "world.json")
_FEWEST_WORDS = 10  # without its file, transformers makes a tokenizer of the special tokens and at most a space


def code_for(role: Role, family: str) -> tuple[str, str]:
    """Module and function that load a role's checkpoint of a family: `function(entry, device) -> adapter`."""
    if role in ("base", "served"):
        return _MAKERS[family], "load_backbone"
    if role == "inpainter":
        return _MAKERS[family], "load_inpainter"
    return f"generation.checkpoints.{family if family == BUILT_IN else role}", "load"


def load(entry: Entry, device: str) -> Any:
    """The adapter of an entry on a device, after its files were verified. Raises CheckpointMissing."""
    verify(entry, checksums="pickles")
    module, function = code_for(entry.role, entry.family)
    code = getattr(importlib.import_module(module), function)
    adapter = loaded(entry, lambda: code(entry, device))
    if _is_wordless(adapter):
        raise CheckpointMissing(
            _sentence(entry, ["its tokenizer knows no words, so a file of its vocabulary is missing"])
        )
    return adapter


def loaded(entry: Entry, work: Callable[[], Any]) -> Any:
    """What `work()` gives; what a library says of files that are missing or damaged becomes CheckpointMissing.

    Lack of memory is no damage and goes through, as MemoryError or torch's own.
    """
    from generation.checkpoints.devices import is_out_of_memory  # noqa: PLC0415 - torch: workers only

    try:
        return work()
    except (*_UNREADABLE, *_STUMBLES) as error:
        if is_out_of_memory(error):
            raise
        if getattr(error, "errno", None) == errno.ENOMEM:  # a file that memory has no room to map
            raise MemoryError(str(error)) from error
        if damaged := _without_table(entry):
            raise CheckpointMissing(_sentence(entry, damaged)) from error
        if isinstance(error, _STUMBLES):
            raise
        told = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointMissing(_sentence(entry, [f"{told.rstrip('.')[:300]} ({type(error).__name__})"])) from error


def verify(entry: Entry, *, checksums: Checksums = "none") -> None:
    """Raise CheckpointMissing, with role, path and command, unless every file is there and whole.

    Sizes are always looked at, and that pickles are pinned; checksums take seconds for each gigabyte.
    """
    if problems := missing(entry, checksums=checksums):
        raise CheckpointMissing(_sentence(entry, problems))


def missing(entry: Entry, *, checksums: Checksums = "none") -> list[str]:
    """What is wrong with an entry's files, one short text each; nothing when it can be loaded."""
    if entry.is_remote or entry.is_built_in:
        return []
    if entry.repo:
        return _wrong_in_repo(entry, checksums)
    return _wrong_locally(entry, checksums)


def root_of(entry: Entry) -> Path:
    """The folder of a repo's revision that holds the entry's files; of a local entry, its folder."""
    if not entry.repo:
        return entry.path if entry.path.is_dir() else entry.path.parent
    name = entry.revision or UNPINNED
    return next(path for path in (entry.path, *entry.path.parents) if path.name == name)


def locked_files(entry: Entry) -> list[LockedFile]:
    """The files that an entry of a repo needs, as the lock knows them; none before the first fetch."""
    return read_lock(root_of(entry).parent).wanted(entry.revision, entry.files)


def bytes_on_disk(entry: Entry) -> int:
    """Bytes of the entry's files that are there."""
    return sum(file.stat().st_size for file in _files_of(entry))


def _files_of(entry: Entry) -> list[Path]:
    if entry.is_remote or entry.is_built_in:  # its path is the folder that the worker was started in
        return []
    files = [root_of(entry) / file.path for file in locked_files(entry)] if entry.repo else files_in(entry.path)
    return [file for file in files if file.is_file()]


def _without_table(entry: Entry) -> list[str]:
    """What libraries' own words do not tell: which JSON files have none, or a list, a number or a text instead."""
    files = [file for file in _files_of(entry) if file.name.endswith(_TABLES)]
    return [
        f"{file.relative_to(root_of(entry)).as_posix()} is damaged: it holds no table"
        for file in files
        if not _is_table(file)
    ]


def _is_table(file: Path) -> bool:
    try:
        return isinstance(json.loads(file.read_text("utf-8")), dict)
    except ValueError:
        return False
    except OSError:  # the library's own words say why it cannot be read
        return True


def _wrong_in_repo(entry: Entry, checksums: Checksums) -> list[str]:
    root, wanted = root_of(entry), locked_files(entry)
    if not wanted:
        return ["it was never fetched"]
    wrong = []
    for file in wanted:
        problem = _wrong_file(root / file.path, file, entry.sha256, checksums)
        if problem:
            wrong.append(f"{file.path} {problem}")
    return wrong


def _wrong_file(path: Path, locked: LockedFile, pinned: str, checksums: Checksums) -> str:
    if not path.is_file():
        return "is missing"
    if path.stat().st_size != locked.size:
        return f"is damaged: it has {path.stat().st_size:,} bytes in place of {locked.size:,}"
    wanted = pinned or locked.sha256
    if path.suffix in _PICKLES and not wanted:
        return "is a pickle without a pinned checksum"
    if checksums == "all" and not wanted and locked.blob:
        return "" if blob_of(path) == locked.blob else "is damaged: its checksum differs from the hub's"
    if wanted and _is_to_be_hashed(path, checksums):
        return "" if _known_sha256(path) == wanted else "is damaged: its SHA-256 differs from the pinned one"
    return ""


def _wrong_locally(entry: Entry, checksums: Checksums) -> list[str]:
    files = files_in(entry.path)
    if not files:
        return ["there is no such file or folder" if not entry.path.exists() else "the folder is empty"]
    wrong = []
    # A set has one checksum for a local checkpoint: that of its weights.
    weights = [file for file in files if file.suffix in (".safetensors", *_PICKLES)] if entry.sha256 else []
    hashed = [file for file in weights if _is_to_be_hashed(file, checksums)]
    has_safetensors = any(file.suffix == ".safetensors" for file in files)
    for file in files:
        name = file.name if file == entry.path else file.relative_to(entry.path).as_posix()
        if file.suffix == ".safetensors" and _is_cut_short(file):
            wrong.append(f"{name} is damaged: it ends before its tensors do")
        elif file.suffix in _PICKLES and not entry.sha256 and not has_safetensors:
            wrong.append(f"{name} is a pickle without a pinned checksum; write its sha256 into the set")
        elif file in hashed and _known_sha256(file) != entry.sha256:
            wrong.append(f"{name} is damaged: its SHA-256 differs from the set's")
    return wrong


def _is_to_be_hashed(file: Path, checksums: Checksums) -> bool:
    return checksums == "all" or (checksums == "pickles" and file.suffix in _PICKLES)


def _is_cut_short(file: Path) -> bool:
    """Whether a safetensors file is shorter than its own header says: 8 bytes of length, JSON, then the tensors."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if size < 8 + length or length > 1 << 28:
            return True
        try:
            header = json.loads(opened.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
            return bool(size != 8 + length + max(ends, default=0))
        except (ValueError, TypeError, AttributeError, LookupError):  # no JSON, or of another shape
            return True


def _is_wordless(adapter: Any) -> bool:
    """Whether a tokenizer of the model has special tokens only: every prompt would be the same to it."""
    holder: Any = next((part for name in ("pipeline", "processor") if (part := getattr(adapter, name, None))), adapter)
    tokenizers: list[Any] = [getattr(holder, name, None) for name in ("tokenizer", "tokenizer_2")]
    return any(
        len(tokenizer) - len(tokenizer.all_special_tokens) < _FEWEST_WORDS
        for tokenizer in tokenizers
        if hasattr(tokenizer, "all_special_tokens")
    )


def _known_sha256(file: Path) -> str:
    stat = file.stat()
    return _remembered(file, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _remembered(file: Path, _size: int, _changed: int) -> str:
    # Gigabytes: once for each change of the file while the process lives.
    return sha256_of(file)


def _sentence(entry: Entry, problems: list[str]) -> str:
    told = "; ".join(problems[:_MESSAGE_FILES])
    if len(problems) > _MESSAGE_FILES:
        told += f"; and {len(problems) - _MESSAGE_FILES} more"
    what = f"The {entry.role}{f' of the model set {entry.set_name}' if entry.set_name else ''}"
    if not entry.repo:
        return f"{what} cannot be loaded from {entry.path}: {told}. Put it there, or change the set's path."
    return (
        f"{what}, {entry.repo}, cannot be loaded from {root_of(entry)}: {told}."
        f" Fetch it: manage.py models fetch {entry.set_name} --role {entry.role}"
    )
