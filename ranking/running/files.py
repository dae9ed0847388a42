"""Tables, labels and rankers in the site's storage, each under the hash of its bytes."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from django.core.files.storage import default_storage
from safetensors.numpy import load, save

from generation.storage import DjangoStore
from ranking.exceptions import Damaged
from ranking.learning.base import Ranker as Fitted
from ranking.learning.exceptions import BadRankerFile
from ranking.learning.labels import Labels
from ranking.learning.loading import load as load_fitted
from ranking.learning.table import FeatureTable
from ranking.models import Ranker

PREFIX = "rankers"
_COLUMNS = ("candidates", "products", "passed", "share", "questions", "weight")


def put(data: bytes, extension: str) -> tuple[str, str]:
    """Keep bytes; returns key and SHA-256."""
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"{PREFIX}/{sha256[:2]}/{sha256}.{extension}"
    if not default_storage.exists(key):
        DjangoStore().write(key, data)
    return key, sha256


def get(key: str) -> bytes:
    """The bytes under a key, which names their hash. Raises Damaged when they are gone, or are others."""
    try:
        data = DjangoStore().read(key)
    except FileNotFoundError:
        raise Damaged(f"The file {key} is gone from the store; bring it back from a backup, or train again.") from None
    if hashlib.sha256(data).hexdigest() != Path(key).stem:
        raise Damaged(f"The file {key} has been changed since it was written; bring it back from a backup.")
    return data


def put_table(table: FeatureTable) -> str:
    """Keep a feature table; returns its key."""
    return put(table.packed(), "safetensors")[0]


def get_table(key: str) -> FeatureTable:
    """A kept feature table. Raises Damaged."""
    return FeatureTable.unpacked(get(key))


def put_labels(labels: Labels) -> str:
    """Keep labels in the order of their candidates, so that equal labels are one file; returns its key."""
    ordered = labels.take(np.argsort(labels.candidates, kind="stable"))
    columns = {name: np.ascontiguousarray(getattr(ordered, name)) for name in _COLUMNS}
    return put(save(columns, metadata={"posteriors": json.dumps(labels.posteriors)}), "safetensors")[0]


def get_labels(key: str) -> Labels:
    """Kept labels. Raises Damaged."""
    data = get(key)
    head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    columns = load(data)
    return Labels(
        **{name: columns[name] for name in _COLUMNS}, posteriors=json.loads(head["__metadata__"]["posteriors"])
    )


@contextmanager
def saved(fitted: Fitted) -> Iterator[Path]:
    """A folder with the files of a fitted ranker."""
    with tempfile.TemporaryDirectory(prefix="vitrine-ranking-") as folder:
        fitted.save(Path(folder))
        yield Path(folder)


def digest_of(files: dict[str, str]) -> str:
    """The hash over a ranker's files, from {name: SHA-256}."""
    told = "\n".join(f"{name} {sha256}" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(told.encode()).hexdigest()


def export(ranker: Ranker, folder: Path) -> list[Path]:
    """Write a ranker's files into a folder, as they were trained; returns them. Raises Damaged."""
    written = []
    for row in ranker.files.order_by("name"):
        path = folder / row.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(get(row.key))
        written.append(path)
    if not written:
        raise Damaged(f"The ranker {ranker} has no files any more; train it again.")
    return written


def fitted(ranker: Ranker) -> Fitted:
    """The ranker, ready to predict. Raises Damaged."""
    with tempfile.TemporaryDirectory(prefix="vitrine-ranking-") as folder:
        export(ranker, Path(folder))
        return _loaded(Path(folder))


def from_stored(stored: Iterable[dict[str, Any]]) -> Fitted:
    """The same from files that belong to no row yet, as {"name", "key"}. Raises Damaged."""
    with tempfile.TemporaryDirectory(prefix="vitrine-ranking-") as folder:
        for one in stored:
            (Path(folder) / one["name"]).write_bytes(get(one["key"]))
        return _loaded(Path(folder))


def _loaded(folder: Path) -> Fitted:
    try:
        return load_fitted(folder)
    except BadRankerFile as error:
        raise Damaged(f"The stored ranker cannot be read: {error}") from error
