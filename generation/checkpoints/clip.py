"""CLIP and its kin (arXiv 2103.00020, 2212.07143) by `open_clip`: role clip, family `open_clip`.

The entry's path is a folder with `open_clip_config.json` and weights, as open_clip's own repositories on the hub have.
Nothing is fetched: the BPE vocabulary comes with open_clip, any other tokenizer lies in the folder.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.transform import PreprocessCfg
from PIL import Image

from generation.checkpoints.loading import loaded
from generation.checkpoints.perceiving import Preprocessing, dtype_of, unit_rows, weights_in
from generation.checkpoints.roles import Embeddings
from generation.checkpoints.sets import Entry
from generation.exceptions import BadModelSet

PRECISION = {"float32": "fp32", "float16": "pure_fp16", "bfloat16": "pure_bf16"}


class OpenClip:
    """A warm CLIP."""

    def __init__(self, model: Any, tokenizer: Any, preprocessing: Preprocessing, dtype: torch.dtype) -> None:
        self.model, self.tokenizer, self.preprocessing, self.dtype = model, tokenizer, preprocessing, dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are; the cache of warm models moves them."""
        return torch.device(self.model.logit_scale.device)

    @torch.inference_mode()
    def images(self, images: Sequence[Image.Image]) -> Embeddings:
        """(n, d) unit rows."""
        if not images:
            return self._none()
        return unit_rows(self.model.encode_image(self.preprocessing.tensor(images).to(self.device, self.dtype)))

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> Embeddings:
        """(n, d) unit rows; what is beyond the context of 77 tokens is cut."""
        if not texts:
            return self._none()
        return unit_rows(self.model.encode_text(self.tokenizer(list(texts)).to(self.device)))

    def _none(self) -> Embeddings:
        width = self.texts([""]).shape[1]
        return np.empty((0, width), np.float32)


def load(entry: Entry, device: torch.device) -> OpenClip:
    """The entry's CLIP on a device. Raises CheckpointMissing or BadModelSet."""
    name = f"local-dir:{entry.path}"
    # open_clip would go on with random weights where it finds none.
    loaded(entry, lambda: weights_in(entry.path))
    model = loaded(
        entry,
        lambda: open_clip.create_model(
            name, precision=PRECISION[entry.dtype], device=device, require_pretrained=True, weights_only=True
        ),
    )
    model.eval().requires_grad_(False)
    if entry.options.get("compile"):
        model.visual.compile()
    tokenizer = loaded(entry, lambda: open_clip.get_tokenizer(name))
    return OpenClip(model, tokenizer, _preprocessing(entry, model), dtype_of(entry))


def _preprocessing(entry: Entry, model: Any) -> Preprocessing:
    config: dict[str, Any] = json.loads((entry.path / "open_clip_config.json").read_text("utf-8"))
    own = {**_DEFAULTS, **config.get("preprocess_cfg", {})}
    size = model.visual.image_size
    height, width = (size, size) if isinstance(size, int) else size
    common: dict[str, Any] = {"mean": tuple(own["mean"]), "std": tuple(own["std"]), "filter": own["interpolation"]}
    if own["resize_mode"] == "squash":
        return Preprocessing(exact=(height, width), **common)
    if own["resize_mode"] != "shortest" or height != width:
        raise BadModelSet(
            f"The clip in {entry.path} scales pictures to {height} x {width} by {own['resize_mode']!r};"
            " only square inputs by 'shortest' or any by 'squash' are known here."
        )
    return Preprocessing(shortest=height, crop=(height, width), **common)


_DEFAULTS = {
    "mean": PreprocessCfg.mean,
    "std": PreprocessCfg.std,
    "interpolation": PreprocessCfg.interpolation,
    "resize_mode": PreprocessCfg.resize_mode,
}
