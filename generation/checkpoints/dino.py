"""DINOv2 (arXiv 2304.07193) and DINO v1 (arXiv 2104.14294, the paper's) by transformers: role dino.

Families `dinov2` and `dino`; the entry's path is a folder of the hub's layout. A picture's row is the CLS token after
the last layer's norm, as DreamBooth's DINO metric takes it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import Dinov2Model, ViTModel

from generation.checkpoints.loading import loaded
from generation.checkpoints.perceiving import Preprocessing, loading_options, preprocessing_of, unit_rows
from generation.checkpoints.roles import Embeddings
from generation.checkpoints.sets import Entry
from generation.checkpoints.weights import whole


class DinoModel:
    """A warm DINO of either generation."""

    def __init__(self, model: Any, preprocessing: Preprocessing) -> None:
        self.model, self.preprocessing = model, preprocessing

    @torch.inference_mode()
    def images(self, images: Sequence[Image.Image]) -> Embeddings:
        """(n, d) unit rows."""
        if not images:
            return np.empty((0, self.model.config.hidden_size), np.float32)
        pixels = self.preprocessing.tensor(images).to(self.model.device, self.model.dtype)
        # Position embeddings are of the training size; both generations interpolate them for any other.
        options = {"interpolate_pos_encoding": True} if isinstance(self.model, ViTModel) else {}
        return unit_rows(self.model(pixels, **options).last_hidden_state[:, 0])


def load(entry: Entry, device: torch.device) -> DinoModel:
    """The entry's DINO on a device. Raises CheckpointMissing."""
    options = loading_options(entry)
    if entry.family == "dinov2":
        # Its mask token is for training alone, and some files have none.
        model = loaded(entry, lambda: whole(Dinov2Model, entry.path, needless="embeddings.mask_token", **options))
    else:
        model = loaded(entry, lambda: whole(ViTModel, entry.path, add_pooling_layer=False, **options))
    model.eval().requires_grad_(False).to(device)
    if entry.options.get("compile"):
        model.compile()
    return DinoModel(model, preprocessing_of(entry))
