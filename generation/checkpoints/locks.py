"""What lies on disk of a checkpoint: which revision of a repo is pinned here, and each file's size and SHA-256.

`manage.py models fetch` writes one `lock.toml` for each repo, beside what it downloaded; nothing else is loaded then.
Folders: MODELS/owner--name/lock.toml and MODELS/owner--name/<revision>/….
"""

import fnmatch
import functools
import hashlib
import json
import os
import tempfile
import time
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from generation.exceptions import CheckpointMissing

_CHUNK = 1 << 22
_SETTLED = 10**9  # nanoseconds after which another change of a file has another time


@dataclass(frozen=True)
class LockedFile:
    """A file of a repo at a revision. `sha256` is empty while it was never downloaded and the hub keeps none."""

    revision: str
    path: str  # inside the repo
    size: int  # bytes
    sha256: str = ""
    blob: str = ""  # git's SHA-1 of it, for files that are not kept as large ones


@dataclass(frozen=True)
class Lock:
    """All files of the revisions of one repo that were looked at; `pinned` is what sets without a revision mean."""

    pinned: str = ""
    files: tuple[LockedFile, ...] = field(default=())

    def wanted(self, revision: str, patterns: tuple[str, ...]) -> list[LockedFile]:
        """The files of a revision that match any of the patterns; without patterns all."""
        return [file for file in self.files if file.revision == revision and matches(file.path, patterns)]


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path in a repo is asked for; `*` does not stop at a slash, as on the hub."""
    return not patterns or any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def repo_folder(models: Path, repo: str) -> Path:
    """Where the revisions and the lock of a repo lie."""
    return models / repo.replace("/", "--")


def pinned_revision(models: Path, repo: str) -> str:
    """The commit that was pinned when the repo was first fetched, "" before that."""
    return read_lock(repo_folder(models, repo)).pinned


def read_lock(folder: Path) -> Lock:
    """The lock of a repo's folder, an empty one when there is none. Raises CheckpointMissing when it is damaged."""
    file = folder / "lock.toml"
    try:
        seen = file.stat()
        # Another process may change it again within a tick of the clock, to the same size and in a used inode.
        if time.time_ns() - seen.st_mtime_ns < _SETTLED:
            return _parsed(file)
        return _kept(file, (seen.st_mtime_ns, seen.st_size, seen.st_ino))
    except FileNotFoundError:
        return Lock()


@functools.lru_cache(maxsize=256)
def _kept(file: Path, _changed: tuple[int, int, int]) -> Lock:
    # Pages read sets often and locks change seldom: once for each change of the file.
    return _parsed(file)


def _parsed(file: Path) -> Lock:
    try:
        plain = tomllib.loads(file.read_text(encoding="utf-8"))
        return Lock(str(plain.get("pinned", "")), tuple(LockedFile(**each) for each in plain.get("files", ())))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise CheckpointMissing(f"{file} is damaged ({error}); remove it and fetch the model again.") from None


def write_lock(folder: Path, lock: Lock) -> None:
    """Keep a lock, whole or not at all."""
    names = [each.name for each in fields(LockedFile)]
    lines = ["# Written by `manage.py models fetch`: only files of these sizes and checksums are loaded."]
    lines += [f"pinned = {json.dumps(lock.pinned)}"]
    for file in sorted(lock.files, key=lambda file: (file.revision, file.path)):
        lines += ["", "[[files]]"]
        lines += [f"{name} = {json.dumps(getattr(file, name), ensure_ascii=False)}" for name in names]
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write("\n".join(lines) + "\n")
    Path(partial).replace(folder / "lock.toml")
    _kept.cache_clear()


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's bytes, read in pieces."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def blob_of(file: Path) -> str:
    """Git's SHA-1 of a file, by which the hub knows small ones."""
    digest = hashlib.sha1(f"blob {file.stat().st_size}\0".encode(), usedforsecurity=False)
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def files_in(path: Path) -> list[Path]:
    """The file itself, or all files of a folder in order, those in folders that are links among them."""
    if path.is_file():
        return [path]
    found: list[Path] = []
    above = {path: {path.resolve()}}  # by folder, the real ones on the way to it
    for folder, folders, names in os.walk(path, followlinks=True):
        way = above.pop(Path(folder))
        for name in [*folders]:
            real = (Path(folder) / name).resolve()
            if real in way:  # a link to where it is from would have no end
                folders.remove(name)
            else:
                above[Path(folder) / name] = way | {real}
        found += [file for name in names if (file := Path(folder) / name).is_file()]
    return sorted(found)


def content_hash(path: Path) -> str:
    """One hash of a local file, or of all files in a folder with their names; "missing" when there is nothing.

    Reads everything once for each change of a size or time, and remembers it while the process lives.
    """
    signature = _signature(path)
    return _hashed(path, signature) if signature else "missing"


def change_stamp(path: Path) -> str:
    """Another text whenever a file in the folder has another size or time, without reading any."""
    return hashlib.sha256(repr(_signature(path)).encode()).hexdigest()[:16]


def _signature(path: Path) -> tuple[tuple[str, int, int], ...]:
    return tuple((str(each), each.stat().st_size, each.stat().st_mtime_ns) for each in files_in(path))


@functools.lru_cache(maxsize=256)
def _hashed(path: Path, signature: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for name, _size, _changed in signature:
        digest.update(f"{Path(name).relative_to(path)}\0{sha256_of(Path(name))}\n".encode())
    return digest.hexdigest()
