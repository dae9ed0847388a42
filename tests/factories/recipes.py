"""The smallest recipe that goes through every stage: a few images of 64 pixels, a few steps, no threshold to fail."""

from typing import Any

from generation.recipe import Recipe, recipe_from

SIDE = 64
_TINY: dict[str, Any] = {
    "segment": {"surest": 0.0, "smallest_share": 0.0, "largest_share": 1.0},
    "caption": {"longest": 40},
    "novel_views": {
        "views": 2, "frames": 5, "steps": 2, "nearest_source": 1.0, "furthest_source": -1.0,
        "smallest_growth": 0.0, "largest_growth": 1e9,
    },
    "new_contexts": {"per_photo": 2, "per_view": 1, "steps": 2, "size": SIDE},
    "negatives": {"steps": 2, "size": SIDE},
    "filter": {
        "kept_share": 1.0, "least_clip_i": -1.0, "least_clip_t": -1.0, "least_seg_clip_i": -1.0, "least_iou": 0.0,
        "most_negative_clip_i": 1.0,
    },
    "finetune": {
        "rank": 4, "steps": 6, "checkpoint_every": 2, "validate_every": 6, "size": SIDE,
        "sweep": {"candidates": 2, "steps": 2},
    },
    "generate": {"candidates": 4, "prompts": 2, "steps": 2, "batch": 2, "size": SIDE},
    "measure": {"batch": 4},
    "select": {"top": 2, "least_sum": -3.0},
}  # fmt: skip


def tiny_recipe(**stages: Any) -> Recipe:
    """That recipe, with some stages' parameters changed (`finetune={"rank": 8}`) or off (`novel_views=False`)."""
    values = {name: dict(part) for name, part in _TINY.items()}
    changed = {name: value if value is False else values.get(name, {}) | value for name, value in stages.items()}
    return recipe_from(values | changed)
