"""What the settings say of models: where sets and downloads lie, which set is meant, and this worker's warm models.

Web processes read sets here; only `worker_models` imports torch, and only workers call it.
"""

import threading
from typing import TYPE_CHECKING

from django.conf import settings

from generation.checkpoints.set_files import read_set, set_names
from generation.checkpoints.sets import ModelSet, Places
from generation.exceptions import BadModelSet
from jobs.process import siblings

if TYPE_CHECKING:
    from generation.checkpoints.cache import ModelCache, Shelf

_shelf: "Shelf | None" = None
_making = threading.Lock()


def places() -> Places:
    """Where models and the operator's own sets lie."""
    own = settings.MODEL_SETS_DIR
    return Places(settings.MODELS_DIR, own if own.is_dir() else None)


def model_set(name: str = "") -> ModelSet:
    """The set of that name, the one of VITRINE_MODEL_SET without a name. Raises BadModelSet."""
    chosen = name or settings.MODEL_SET
    if not chosen:
        there = ", ".join(set_names(places()))
        raise BadModelSet(f"No model set is chosen; name one of {there}, or set VITRINE_MODEL_SET.")
    return read_set(chosen, places())


def worker_models(chosen: ModelSet) -> "ModelCache":
    """The models of a set from the one shelf of this process, made at the first call.

    The processes of a worker share the machine's cores and memory among them, and on disk what training has encoded.
    """
    from generation.checkpoints import cache, devices  # noqa: PLC0415 - torch: workers only
    from generation.training import caches  # noqa: PLC0415

    global _shelf  # noqa: PLW0603 - one for the process is the point of it
    with _making:
        if _shelf is None:
            device, processes = devices.choose_device(settings.DEVICE), siblings()
            devices.share_cores(processes)
            if settings.TRAINING_CACHE_BYTES:
                caches.keep_in(settings.TRAINING_CACHE_DIR, folder_bytes=settings.TRAINING_CACHE_BYTES)
            _shelf = cache.Shelf(device, settings.MODEL_CACHE_BYTES or devices.spare_bytes(device, processes))
    return cache.ModelCache(chosen, _shelf.device, _shelf.limit_bytes, shelf=_shelf)
