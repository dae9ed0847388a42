"""The stages in order, on one page: what each needs, which models it asks for, and which code it runs.

A stage's result is known by its fingerprint: the hash of the stage, its `version`, its config, the checkpoints of its
roles, and the fingerprints of what it is made from. Raise the `version` with any change that gives other results.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from generation import records
from generation.checkpoints.roles import Role
from generation.recipe import Recipe

StageName = Literal[
    "segment", "matte", "caption", "novel_views", "new_contexts", "negatives", "filter", "class_images",
    "finetune", "generate", "measure", "select",
]  # fmt: skip


SWAP = "background-swap"  # recipe.GenerateConfig.way


@dataclass(frozen=True)
class Stage:
    """One box of the pipeline. `after` are the stages whose results it takes, where the recipe has them.

    `swap_version` is the version of a background swap, where that is not the others'.
    """

    name: StageName
    title: str
    version: int
    after: tuple[StageName, ...]
    roles: tuple[Role, ...]
    result: type[Any]
    swap_version: int = 0

    def version_of(self, config: Mapping[str, Any]) -> int:
        """The version of the code that this part of a recipe means: a change of swaps leaves other images alone."""
        return self.swap_version if self.swap_version and config.get("way") == SWAP else self.version

    def is_in(self, recipe: Recipe) -> bool:
        if self.name == "class_images":
            return recipe.finetune is not None and recipe.finetune.class_images > 0
        return getattr(recipe, self.name) is not None

    def roles_in(self, recipe: Recipe) -> tuple[Role, ...]:
        """The roles that it asks for: a background swap draws with no model."""
        return () if self.name == "generate" and recipe.generate.way == SWAP else self.roles

    def code(self) -> Any:
        """The module that runs it: `run(inputs, config, models, context, files)` and its dataclass `Inputs`."""
        return import_module(f"generation.stages.{self.name}")


STAGES: tuple[Stage, ...] = (
    Stage("segment", "Cut out", 2, (), ("segmenter",), records.SegmentResult),
    Stage("matte", "Edges", 1, ("segment",), (), records.MatteResult),
    Stage("caption", "Describe", 1, (), ("captioner", "base"), records.CaptionResult),
    Stage("novel_views", "New views", 1, ("segment",), ("video", "segmenter", "dino"), records.NovelViewsResult),
    Stage("new_contexts", "New contexts", 2, ("segment", "novel_views"), ("inpainter",), records.NewContextsResult),
    Stage(
        "negatives", "Negatives", 3,
        ("segment", "caption", "novel_views", "new_contexts"), ("base", "inpainter"), records.NegativesResult,
    ),
    Stage(
        "filter", "Filter", 1,
        ("segment", "caption", "novel_views", "new_contexts", "negatives"), ("clip", "segmenter"), records.FilterResult,
    ),
    Stage("class_images", "Class images", 1, (), ("base",), records.ClassImagesResult),
    Stage(
        "finetune", "Fine-tune", 1,
        ("segment", "caption", "filter", "class_images"), ("base", "clip", "dino"), records.FinetuneResult,
    ),
    Stage(
        "generate", "Generate", 1, ("segment", "matte", "finetune"), ("served", "safety"), records.GenerateResult,
        swap_version=2,  # says where the product is
    ),
    Stage("measure", "Measure", 2, ("segment", "generate"), ("clip", "dino", "segmenter"), records.MeasureResult),
    Stage("select", "Select", 1, ("generate", "measure"), (), records.SelectResult),
)  # fmt: skip
BY_NAME: dict[str, Stage] = {stage.name: stage for stage in STAGES}


def stages_of(recipe: Recipe) -> tuple[Stage, ...]:
    """The stages that a recipe has on, in order."""
    return tuple(stage for stage in STAGES if stage.is_in(recipe))
