"""What a product is, told from its photos by CLIP alone (zero-shot, arXiv 2103.00020 section 3.1)."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from generation.checkpoints.roles import Clip
from generation.nouns import photo_of

SHARPNESS = 100.0  # CLIP's own logit scale, to which its training clips it


def type_shares(clip: Clip, images: Sequence[Image.Image], nouns: Sequence[str], *, batch: int = 8) -> list[float]:
    """For each noun the share of confidence that the images show it; they add up to 1. `batch` images go at a time.

    Each image votes by the softmax of its cosines with "a photo of a <noun>"; the votes are averaged.
    """
    texts = clip.texts([photo_of(noun) for noun in nouns]).astype(np.float64)
    seen = [clip.images(images[start : start + batch]) for start in range(0, len(images), batch)]
    logits = SHARPNESS * (np.concatenate(seen).astype(np.float64) @ texts.T)
    votes = np.exp(logits - logits.max(axis=1, keepdims=True))
    votes /= votes.sum(axis=1, keepdims=True)
    return [float(share) for share in votes.mean(axis=0)]
