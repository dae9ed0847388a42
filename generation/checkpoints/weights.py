"""Models of transformers and diffusers with every weight from their files, alone and as the parts of a pipeline.

Left alone, transformers makes up whatever the files lack, and says so in its log only: a safety filter of such weights
lets everything pass, and a text encoder takes all prompts for noise. Diffusers leaves them without any values.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import diffusers
import transformers
from diffusers import ModelMixin
from transformers import PreTrainedModel

_LIBRARIES: dict[str, tuple[Any, Any]] = {
    "transformers": (transformers, PreTrainedModel),
    "diffusers": (diffusers, ModelMixin),
}


def whole(kind: Any, path: Path, *, needless: str = "", **options: Any) -> Any:
    """The model of that class in a folder.

    Raises ValueError where its files lack a weight that is not `needless`; see `loading.loaded`.
    """
    model, told = kind.from_pretrained(path, output_loading_info=True, **options)
    # Where the list of a model in several files names what the files lack, a tensor is left on the meta device.
    without = {name for name, tensor in model.state_dict().items() if tensor.is_meta}
    if lacking := sorted(without.union(told["missing_keys"]) - {needless}):
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise ValueError(f"the weights in {path.name} are incomplete or of another model: {lacking[0]}{more} not there")
    return model


def parts_of(
    folder: Path, *, variant: str | None = None, without: Collection[str] = (), **options: Any
) -> dict[str, Any]:
    """The models that a pipeline's folder names, such as its UNet and text encoders, by their names.

    A part has the variant where its own files do, as diffusers does it.
    """
    index: dict[str, Any] = json.loads((folder / "model_index.json").read_text("utf-8"))
    kinds = {name: _kind(told) for name, told in index.items() if name not in without}
    return {
        name: whole(kind, folder / name, variant=_variant_in(folder / name, variant), **options)
        for name, kind in kinds.items()
        if kind is not None
    }


def _kind(told: Any) -> Any:
    """The class of a model that an index names by library and class; nothing for schedulers, tokenizers, settings."""
    if not isinstance(told, list) or len(told) != 2 or told[0] not in _LIBRARIES:
        return None
    library, base = _LIBRARIES[told[0]]
    kind = getattr(library, str(told[1]), None)
    return kind if isinstance(kind, type) and issubclass(kind, base) else None


def _variant_in(folder: Path, variant: str | None) -> str | None:
    return variant if variant and any(folder.glob(f"*.{variant}*.safetensors*")) else None
