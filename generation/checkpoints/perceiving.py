"""What the perceivers share: reading weights, pictures as tensors, unit-length rows.

Pictures are scaled by Pillow always. The libraries' own processors choose between Pillow and torchvision by what is
installed, and the metrics drift with it.
"""

import json
import os
import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file

from generation.checkpoints.devices import DTYPES
from generation.checkpoints.loading import loaded
from generation.checkpoints.roles import Embeddings
from generation.checkpoints.sets import Entry
from generation.exceptions import NotPossible

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def dtype_of(entry: Entry) -> torch.dtype:
    """What the weights are held in."""
    return DTYPES[entry.dtype]


def loading_options(entry: Entry) -> dict[str, Any]:
    """What transformers' `from_pretrained` is told: precision, no hub, and plain attention where the set wants it.

    Left alone, it takes torch's own scaled dot product, which chooses among flash, efficient and math itself.
    """
    eager = {"attn_implementation": "eager"} if entry.options.get("attention") == "_native_math" else {}
    return {"dtype": dtype_of(entry), "local_files_only": True, **eager}


def weights_in(path: Path, suffixes: Sequence[str] = (".safetensors", ".pth", ".pt", ".bin")) -> Path:
    """The weights file at `path`, or the one in that folder; safetensors first. Raises FileNotFoundError."""
    if path.is_file():
        return path
    found = [file for suffix in suffixes for file in sorted(path.glob(f"*{suffix}"))]
    if not found:
        raise FileNotFoundError(f"there is no weights file ({', '.join(suffixes)}) in it")
    return found[0]


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file by name, on the CPU; a pickle may hold tensors only. Call it within `loading.loaded`."""
    if path.suffix == ".safetensors":
        return load_file(path)
    try:
        return cast(dict[str, torch.Tensor], torch.load(path, map_location="cpu", weights_only=True))
    except pickle.UnpicklingError:
        # Torch's own words are how to read it all the same.
        raise ValueError("it is a pickle that is damaged, or that holds more than tensors") from None


def unit_rows(rows: torch.Tensor) -> Embeddings:
    """(n, d) of any dtype, as float32 rows of length 1 in numpy. Raises NotPossible for what is no number."""
    return cast(Embeddings, torch.nn.functional.normalize(finite(rows).float(), dim=-1).cpu().numpy())


def finite(values: torch.Tensor) -> torch.Tensor:
    """The values, when all are numbers: any comparison with NaN is false, and would let pass what it should hold."""
    if not values.isfinite().all():
        dtype = str(values.dtype).removeprefix("torch.")
        raise NotPossible(
            f"A perceiver gave values that are no numbers (NaN), as happens in {dtype} where they grow too large; set"
            " its dtype to float32 in the model set."
        )
    return values


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes what a network sees, in the checkpoint's own way.

    `shortest` scales the shorter side, `exact` (height, width) both; then the centre is cropped to `crop`, its offset
    rounded as torchvision does or, with `floors`, cut as transformers does.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    shortest: int = 0
    exact: tuple[int, int] | None = None
    crop: tuple[int, int] | None = None  # (height, width)
    filter: str = "bicubic"
    floors: bool = False

    def tensor(self, images: Sequence[Image.Image]) -> torch.Tensor:
        """(n, 3, height, width), float32, normalised."""
        pixels = list(scalers(os.getpid()).map(self._pixels, images)) if len(images) > 1 else [self._pixels(images[0])]
        batch = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float().div_(255)
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        return batch.sub_(mean).div_(std).contiguous()

    def _pixels(self, image: Image.Image) -> NDArray[np.uint8]:
        size = (self.exact[1], self.exact[0]) if self.exact else self._scaled(image.size)
        scaled = (
            image.convert("RGB").resize(size, _FILTERS[self.filter]) if size != image.size else image.convert("RGB")
        )
        if self.crop is None:
            return np.asarray(scaled)
        height, width = self.crop
        # Smaller than the crop: black beside it, as both libraries do.
        left, top = self._offset(scaled.width - width), self._offset(scaled.height - height)
        return np.asarray(scaled.crop((left, top, left + width, top + height)))

    def _scaled(self, size: tuple[int, int]) -> tuple[int, int]:
        if not self.shortest:
            return size
        short, long = sorted(size)
        longer = int(self.shortest * long / short)
        return (self.shortest, longer) if size[0] <= size[1] else (longer, self.shortest)

    def _offset(self, room: int) -> int:
        return room // 2 if self.floors else round(room / 2)


@cache
def scalers(_process: int) -> ThreadPoolExecutor:
    """Threads that scale the pictures of a batch side by side: Pillow does it without the interpreter's lock.

    By process id: a worker forked from one that has scaled already would wait for threads that it does not have.
    """
    return ThreadPoolExecutor(min(os.cpu_count() or 1, 8), thread_name_prefix="scaling")


_RESAMPLE = {0: "nearest", 2: "bilinear", 3: "bicubic"}  # Pillow's numbers, as the hub's files have them


def preprocessing_of(entry: Entry) -> Preprocessing:
    """What `preprocessor_config.json` in a transformers folder asks for; `entry.side`, if set, in place of its size.

    Raises CheckpointMissing for a folder without one.
    """
    file = entry.path / "preprocessor_config.json"
    config: dict[str, Any] = loaded(entry, lambda: json.loads(file.read_text("utf-8")))
    size, crop = _sized(config.get("size", 224)), _sized(config.get("crop_size", 224))
    crops = config.get("do_center_crop", False)
    shortest = size.get("shortest_edge", 0)
    exact = None if shortest else (size["height"], size["width"])
    cropped = (crop["height"], crop["width"]) if crops else None
    if entry.side:
        shortest = round(shortest * entry.side / crop.get("height", 224)) if crops else shortest and entry.side
        exact, cropped = exact and (entry.side, entry.side), cropped and (entry.side, entry.side)
    return Preprocessing(
        mean=tuple(config["image_mean"]),
        std=tuple(config["image_std"]),
        shortest=shortest,
        exact=exact,
        crop=cropped,
        filter=_RESAMPLE[config.get("resample", 2)],
        floors=True,
    )


def _sized(size: int | dict[str, int]) -> dict[str, int]:
    """Old files have one number where new ones name the sides."""
    return {"height": size, "width": size} if isinstance(size, int) else size
