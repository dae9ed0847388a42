"""Models of transformers with every weight from their files, alone and as the parts of a pipeline.

Left alone, transformers makes up whatever the files lack, and says so in its log only: a safety filter of such weights
lets everything pass, and a text encoder takes all prompts for noise.
"""

import json
from pathlib import Path
from typing import Any

import transformers
from transformers import PreTrainedModel


def whole(kind: Any, path: Path, *, needless: str = "", **options: Any) -> Any:
    """The model of that class in a folder.

    Raises ValueError where its files lack a weight that is not `needless`; see `loading.loaded`.
    """
    model, told = kind.from_pretrained(path, output_loading_info=True, **options)
    if lacking := sorted(set(told["missing_keys"]) - {needless}):
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise ValueError(f"the weights in {path.name} are incomplete or of another model: {lacking[0]}{more} not there")
    return model


def parts_of(folder: Path, *, variant: str | None = None, **options: Any) -> dict[str, Any]:
    """The models of transformers that a pipeline's folder names, such as its text encoders, by their names.

    A part has the variant where its own files do, as diffusers does it.
    """
    index: dict[str, Any] = json.loads((folder / "model_index.json").read_text("utf-8"))
    kinds = {
        name: getattr(transformers, str(told[1]), None)
        for name, told in index.items()
        if isinstance(told, list) and told[0] == "transformers"
    }
    return {
        name: whole(kind, folder / name, variant=_variant_in(folder / name, variant), **options)
        for name, kind in kinds.items()
        if isinstance(kind, type) and issubclass(kind, PreTrainedModel)
    }


def _variant_in(folder: Path, variant: str | None) -> str | None:
    return variant if variant and any(folder.glob(f"*.{variant}*.safetensors*")) else None
