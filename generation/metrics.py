"""The six metrics of the paper's Table 2, from embeddings of unit length; all are cosines, higher is better.

Definitions, of one candidate:
    CLIP-I, DINO-I          mean over the product's photos of the cosine between candidate and photo
                            (DreamBooth, arXiv 2208.12242, section 4.2)
    CLIP-T                  cosine between candidate and prompt, which says the product's noun and no token
    Seg CLIP-I, Seg DINO-I  as the first two, between the cut-outs of the product (MultiBooth, arXiv 2404.14239)
    Seg CLIP-T              cosine between the candidate's cut-out and the prompt
Pure numpy; (n, d) means n rows of d numbers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]  # (n, d), of unit length; zeros for a cut-out that there is none of
Values = NDArray[np.float64]  # (n)


@dataclass(frozen=True)
class Looks:
    """Pictures as the perceivers see them: whole and cut out, one row a picture."""

    clip: Rows
    dino: Rows
    seg_clip: Rows
    seg_dino: Rows


@dataclass(frozen=True)
class Table:
    """The six metrics, each (n); NaN in the segmented ones where no product was found."""

    clip_i: Values
    clip_t: Values
    dino_i: Values
    seg_clip_i: Values
    seg_clip_t: Values
    seg_dino_i: Values


def six_metrics(candidates: Looks, prompts: Rows, photos: Looks) -> Table:
    """All six of n candidates, their n prompts and m photos. Raises ValueError without photos."""
    return Table(
        clip_i=to_photos(candidates.clip, photos.clip),
        clip_t=to_prompts(candidates.clip, prompts),
        dino_i=to_photos(candidates.dino, photos.dino),
        seg_clip_i=to_photos(candidates.seg_clip, photos.seg_clip),
        seg_clip_t=to_prompts(candidates.seg_clip, prompts),
        seg_dino_i=to_photos(candidates.seg_dino, photos.seg_dino),
    )


def to_photos(rows: Rows, photos: Rows) -> Values:
    """(n): mean cosine with the photos; rows and photos of zeros are not there. Raises ValueError without any photo."""
    there = present(photos)
    if not there.any():
        raise ValueError("A mean over no photos means nothing; at least one photo must have an embedding.")
    # The mean of the cosines is the dot product with the mean, but for rounding; spelled out as it is defined.
    means = (rows.astype(np.float64) @ photos[there].astype(np.float64).T).mean(axis=1)
    return np.where(present(rows), means, np.nan)


def to_prompts(rows: Rows, prompts: Rows) -> Values:
    """(n): cosine of each row with the prompt of the same place."""
    if rows.shape != prompts.shape:
        raise ValueError(f"Rows of shape {rows.shape} and prompts of shape {prompts.shape} do not belong together.")
    cosines = (rows.astype(np.float64) * prompts).sum(axis=1)
    return np.where(present(rows), cosines, np.nan)


def present(rows: Rows) -> NDArray[np.bool_]:
    """(n): which rows are an embedding, not zeros in place of one."""
    return np.asarray(rows.any(axis=1))
