"""Masks as lengths of runs: small enough for JSON, and read by a few lines of script in the browser.

Row by row, alternating, the first run outside the mask: [3, 2, 4] is three pixels out, two in, four out.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]  # (height, width)


def encode(mask: Mask) -> list[int]:
    """The runs of a mask; an empty one is a single run."""
    flat = np.asarray(mask, dtype=bool).ravel()
    ends = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    bounds = np.concatenate(([0], ends, [flat.size]))
    counts: list[int] = np.diff(bounds).tolist()
    return [0, *counts] if flat.size and flat[0] else counts


def decode(counts: Sequence[int], width: int, height: int) -> Mask:
    """The mask of these runs. Raises ValueError where they do not fill the picture exactly."""
    lengths = np.asarray(counts, dtype=np.int64)
    if (lengths.size and lengths.min() < 0) or int(lengths.sum()) != width * height:
        raise ValueError(f"the runs cover {int(lengths.sum())} pixels, the picture has {width * height}")
    inside = np.arange(lengths.size) % 2 == 1
    return np.repeat(inside, lengths).reshape(height, width)
