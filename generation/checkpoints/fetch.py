"""Download checkpoints from the hub: by commit, resumed where it was cut off, each file checked against its checksum.

Only `manage.py models fetch` comes here. A run never does: it loads what is on disk, or says what is missing.
Files are written as `<name>.part` beside their place; the lock knows size and checksum of each before the first byte.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Self, cast
from urllib.parse import urlsplit

from huggingface_hub import HfApi, constants, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.errors import HTTPError as ConnectionBroke  # type: ignore[attr-defined] # of its own HTTP client
from huggingface_hub.file_download import get_hf_file_metadata, http_get
from huggingface_hub.utils._headers import build_hf_headers

from generation.checkpoints.loading import root_of
from generation.checkpoints.locks import (
    Lock,
    LockedFile,
    blob_of,
    matches,
    read_lock,
    repo_folder,
    sha256_of,
    write_lock,
)
from generation.checkpoints.sets import Entry
from generation.exceptions import FetchFailed

# Its requests would else say what runs here, and ask the hub for a list to guess from.
constants.HF_HUB_DISABLE_TELEMETRY = True
Progress = Callable[[int], None]  # told the bytes that arrived since the last call
SPARE_BYTES = 1 << 28  # left free on the disk
_TIMEOUT = 20.0  # seconds for an answer about a repo


@dataclass(frozen=True)
class Download:
    """The files that one entry needs, of one repo at one commit."""

    entry: Entry  # with its commit, and the path that goes with it
    files: tuple[LockedFile, ...]
    listed: tuple[LockedFile, ...] = ()  # all files of the commit, where the hub was asked
    pins: bool = False  # whether the commit was chosen just now, and is pinned by fetching

    @property
    def root(self) -> Path:
        return root_of(self.entry)

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def bytes_to_fetch(self) -> int:
        """What is not on disk yet, parts of files counted."""
        return sum(file.size - _on_disk(self.root / file.path, file.size) for file in self.files)


def plan(entry: Entry, models: Path) -> Download:
    """What is to be downloaded for an entry of a repo; asks the hub unless the lock knows the commit's files already.

    Raises FetchFailed when the hub is not reached, or has no such repo, commit or files.
    """
    folder = repo_folder(models, entry.repo)
    lock = read_lock(folder)
    files = lock.wanted(entry.revision, entry.files) if entry.revision else []
    if files:
        return Download(entry, tuple(files))
    commit, listed = _listed(entry)
    wanted = tuple(file for file in listed if matches(file.path, entry.files))
    if not wanted:
        raise FetchFailed(f"{entry.repo}@{commit} has none of the files {', '.join(entry.files)}; correct the set.")
    return Download(_at(entry, commit), wanted, tuple(listed), pins=not entry.revision)


def fetch(downloads: Sequence[Download], models: Path, progress: Progress = lambda _bytes: None) -> None:
    """Download what is missing, file by file, and write the locks.

    Stopped at any moment, it goes on from the same byte when called again. Raises FetchFailed for lack of room, a hub
    that cannot be reached, and a file whose checksum is wrong even after a second download.
    """
    _check_room(downloads, models)
    done: set[Path] = set()
    for download in downloads:
        folder = repo_folder(models, download.entry.repo)
        with _alone(folder, download.entry.repo):
            _fetch_one(folder, download, done, progress)


def _fetch_one(folder: Path, download: Download, done: set[Path], progress: Progress) -> None:
    _remember(folder, download)
    for file in download.files:
        target = download.root / file.path
        if target in done:
            continue
        sha256 = _bring(download, _wanted(file, download.entry), progress)
        done.add(target)
        if file.sha256 != sha256:
            _note(folder, replace(file, sha256=sha256))


@contextmanager
def _alone(folder: Path, repo: str) -> Iterator[None]:
    """Keep a second fetch of this repo out: both would write to the same parts. The lock goes with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "fetching").open("w") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FetchFailed(f"{repo} is being fetched by another process; wait until it is done.") from None
        yield


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn what the hub's client raises into one sentence."""
    try:
        yield
    except OfflineModeIsEnabled:
        raise FetchFailed(
            f"{what} cannot be fetched: HF_HUB_OFFLINE is set. Unset it, or copy the files here."
        ) from None
    except GatedRepoError:
        raise FetchFailed(
            f"{what} is gated: accept its licence on its page on the hub, then set HF_TOKEN to a token of yours."
        ) from None
    except RevisionNotFoundError:
        raise FetchFailed(f"{what}: the hub knows no such commit; correct the set's revision.") from None
    except RepositoryNotFoundError:
        raise FetchFailed(f"{what}: the hub knows no such repo, or only lets others read it (HF_TOKEN).") from None
    except HfHubHTTPError as error:
        raise FetchFailed(f"{what} cannot be fetched: the hub answered {error.response.status_code}.") from None
    except ConnectionBroke as error:
        raise FetchFailed(
            f"{what} cannot be fetched: the hub cannot be reached ({type(error).__name__}). What is here stays; run the"
            " command again when there is a network."
        ) from None
    except OSError as error:
        raise FetchFailed(f"{what} cannot be fetched: {error.strerror or error}. What is here stays.") from None


def _listed(entry: Entry) -> tuple[str, list[LockedFile]]:
    """The commit that an entry means, and all files of it."""
    what = f"{entry.repo}@{entry.revision}" if entry.revision else entry.repo
    with _told(what):
        info = HfApi(endpoint=_hub()).model_info(
            entry.repo, revision=entry.revision or None, files_metadata=True, timeout=_TIMEOUT
        )
    if not info.sha or (entry.revision and info.sha != entry.revision):
        raise FetchFailed(f"{what}: the hub answered with the commit {info.sha}, which is another one.")
    files = []
    for file in info.siblings or []:
        if file.size is None:
            raise FetchFailed(f"{what}: the hub does not say how large {file.rfilename} is.")
        _check_name(file.rfilename, what)
        sha256 = file.lfs.sha256 if file.lfs else ""
        files.append(LockedFile(info.sha, file.rfilename, file.size, sha256, "" if sha256 else file.blob_id or ""))
    return info.sha, files


def _hub() -> str | None:
    """Another hub than the public one, where HF_ENDPOINT names it."""
    return os.environ.get("HF_ENDPOINT") or None


def _check_name(name: str, what: str) -> None:
    """A file's place comes from the hub: it must stay inside its folder."""
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or any(part in ("", ".", "..") for part in parts):
        raise FetchFailed(f"{what}: the file name {name!r} leads out of the folder; nothing was fetched.")


def _at(entry: Entry, commit: str) -> Entry:
    """The entry at a commit, its path with it."""
    if entry.revision:
        return entry
    root = root_of(entry)
    return replace(entry, revision=commit, path=root.parent / commit / entry.path.relative_to(root))


def _check_room(downloads: Sequence[Download], models: Path) -> None:
    models.mkdir(parents=True, exist_ok=True)
    needed = sum(download.bytes_to_fetch for download in downloads)
    free = shutil.disk_usage(models).free
    if needed and needed + SPARE_BYTES > free:
        raise FetchFailed(
            f"{models} has {free / 1e9:.1f} GB free, and {needed / 1e9:.1f} GB are to be fetched. Make room, or set"
            " VITRINE_MODELS_DIR to a larger disk."
        )


def _remember(folder: Path, download: Download) -> None:
    """Put the files into the lock before they are there: from now on it is known what is missing."""
    lock = read_lock(folder)
    known = {(file.revision, file.path) for file in lock.files}
    # All files of the commit: another set may need others of them, and the lock must say which there are.
    new = [file for file in download.listed if (file.revision, file.path) not in known]
    pinned = download.entry.revision if download.pins else lock.pinned
    if new or pinned != lock.pinned:
        write_lock(folder, Lock(pinned, (*lock.files, *new)))


def _note(folder: Path, done: LockedFile) -> None:
    lock = read_lock(folder)
    others = [file for file in lock.files if (file.revision, file.path) != (done.revision, done.path)]
    write_lock(folder, Lock(lock.pinned, (*others, done)))


def _wanted(file: LockedFile, entry: Entry) -> LockedFile:
    """The file with the checksum that the set itself pins, where it does: the hub is not asked then."""
    return replace(file, sha256=entry.sha256) if entry.sha256 else file


def _bring(download: Download, file: LockedFile, progress: Progress) -> str:
    """Have one file in its place; returns its SHA-256."""
    target = download.root / file.path
    part = target.with_name(target.name + ".part")
    what = f"{file.path} of {download.entry.repo}"
    if _is_whole(target, file):
        return file.sha256 or sha256_of(target)
    target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    for begun_before in (_on_disk(target, file.size), 0):
        if not begun_before:
            part.unlink(missing_ok=True)
        _stream(download, file, part, progress)
        if _is_whole(part, file):
            part.replace(target)
            return file.sha256 or sha256_of(target)
        part.unlink()
        progress(-file.size)
        if not begun_before:  # all of it was new: a second time would bring the same
            break
    raise FetchFailed(
        f"{what} arrived with another checksum than the {'set' if download.entry.sha256 else 'hub'} names, and was"
        " removed. Run the command again; if it stays so, do not use this repo."
    )


def _is_whole(path: Path, file: LockedFile) -> bool:
    """Whether it is there with size and checksum; the hub keeps git's for small files, and SHA-256 for large ones."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    return sha256_of(path) == file.sha256 if file.sha256 else file.blob in ("", blob_of(path))


def _stream(download: Download, file: LockedFile, part: Path, progress: Progress) -> None:
    """Append to `part` what it lacks."""
    entry = download.entry
    have = part.stat().st_size if part.exists() else 0
    if have == file.size and part.exists():
        return
    with _told(f"{file.path} of {entry.repo}"):
        url = hf_hub_url(entry.repo, file.path, revision=entry.revision, endpoint=_hub())
        place = get_hf_file_metadata(url, endpoint=_hub()).location
        headers = build_hf_headers()
        if urlsplit(place).hostname != urlsplit(url).hostname:
            headers.pop("authorization", None)  # the storage behind the hub has signed addresses, and no right to it
        with part.open("ab") as opened:
            http_get(
                place,
                cast(BinaryIO, opened),
                resume_size=have,
                headers=headers,
                expected_size=file.size,
                displayed_filename=file.path,
                tqdm_class=cast(Any, _reporting(progress)),
            )


def _on_disk(target: Path, size: int) -> int:
    """How much of a file is here, whole or in part."""
    part = target.with_name(target.name + ".part")
    for path in (target, part):
        with suppress(FileNotFoundError):
            have = path.stat().st_size
            if path == target and have != size:
                continue  # damaged: it will be fetched anew
            if have > size:
                part.unlink()
                return 0
            return have
    return 0


def _reporting(progress: Progress) -> type:
    """A stand-in for tqdm that only passes on how many bytes came: one bar shows all files together."""

    class Reporting:
        def __init__(self, *_: Any, **__: Any) -> None:
            self.n = 0

        def update(self, count: int) -> None:
            progress(count)

        def close(self) -> None: ...

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

    return Reporting


def total(downloads: Iterable[Download]) -> int:
    """Bytes still to be fetched, each file once."""
    files = {(download.root, file.path): (download, file) for download in downloads for file in download.files}
    return sum(file.size - _on_disk(root / path, file.size) for (root, path), (_, file) in files.items())
