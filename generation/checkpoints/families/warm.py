"""What makers of every family share: loading, a fresh scheduler for each call, generators, cancelling, less memory."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler
from diffusers.utils import logging as diffusers_logging
from numpy.typing import NDArray
from PIL import Image
from transformers.utils import logging as transformers_logging

from generation.checkpoints.attention import attend_by
from generation.checkpoints.devices import DTYPES
from generation.checkpoints.roles import Check, Sampling
from generation.checkpoints.sets import Entry
from generation.checkpoints.weights import parts_of
from generation.exceptions import BadModelSet, NotPossible

Pixels = NDArray[np.float32]  # (n, height, width, 3), 0 to 1
SOLVERS: dict[str, Any] = {"ddim": DDIMScheduler, "dpm++": DPMSolverMultistepScheduler}
_LOGGING: tuple[Any, ...] = (diffusers_logging, transformers_logging)
_MOST_SAVED = {"cuda": 2}  # by kind of device; parts wait on the CPU from level 2 on


def load_pipeline(kind: Any, entry: Entry, **parts: Any) -> Any:
    """The entry's pipeline, whole and local, in the entry's dtype, on the CPU.

    Raises BadModelSet for a dtype that there is not.
    """
    if entry.dtype not in DTYPES:
        raise BadModelSet(f"The {entry.role} has the dtype {entry.dtype!r}; choose from {', '.join(DTYPES)}.")
    for logging in _LOGGING:
        logging.disable_progress_bar()
    how: dict[str, Any] = {
        "dtype": DTYPES[entry.dtype],
        "local_files_only": True,
        "variant": entry.options.get("variant"),
        "use_safetensors": True,  # never a pickle beside them
    }
    pipeline = kind.from_pretrained(entry.path, **how, **parts_of(entry.path, without=parts, **how) | parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def part_config(folder: Path, part: str) -> dict[str, Any]:
    """The configuration of one part of a checkpoint, such as its UNet."""
    config: dict[str, Any] = json.loads((folder / part / "config.json").read_text())
    return config


class Warm:
    """A pipeline on its device, with what its entry asks of it: attention, channels-last, compiling."""

    family: str
    multiple: int  # sizes divide by it

    def __init__(self, pipeline: Any, entry: Entry, device: str) -> None:
        self.pipeline = pipeline
        self.family = entry.family
        self.device = torch.device(device)
        self._options = entry.options
        self._saved, self._sliced = 0, False
        self._prepare_denoiser()
        pipeline.to(self.device)
        self._slice()

    @property
    def denoiser(self) -> Any:
        """The part that does nearly all of the work: a UNet or a transformer."""
        return self.pipeline.unet if hasattr(self.pipeline, "unet") else self.pipeline.transformer

    @property
    def compiled(self) -> bool:
        return bool(self._options.get("compile"))

    def to(self, device: str) -> None:
        """Move all parts, out of the way to the CPU or back."""
        self.save_memory(0)
        self.device = torch.device(device)
        self.pipeline.to(self.device)
        self._slice()

    def save_memory(self, level: int) -> bool:
        """1: attention and VAE in slices and tiles; 2, on a GPU: parts that are not at work wait on the CPU."""
        if not 0 <= level <= _MOST_SAVED.get(self.device.type, 1):
            return False
        if level == self._saved:
            return True
        if self._saved >= 2 > level:
            self.pipeline.remove_all_hooks()
            self.pipeline.to(self.device)
        if level >= 2 > self._saved:
            self.pipeline.enable_model_cpu_offload(device=self.device)
        self._saved = level
        self._slice()
        return True

    def generators(self, seeds: Iterable[int]) -> list[torch.Generator]:
        """One for each image, on the CPU: the same noise on every device, in every batch."""
        return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]

    def call(self, pipeline: Any, sampling: Sampling, check: Check, **arguments: Any) -> Any:
        """One call with the named scheduler, new for this call: they keep state, which must not reach the next one.

        `check` is called after every step; what it raises ends the call.
        """

        def after_step(_pipeline: Any, _step: int, _time: Any, values: dict[str, Any]) -> dict[str, Any]:
            check()
            return values

        with self._scheduled(pipeline, sampling.scheduler):
            return pipeline(
                **arguments,
                num_inference_steps=sampling.steps,
                output_type="np",
                callback_on_step_end=after_step,
            )

    def solver(self, name: str, current: Any) -> Any:
        """A new scheduler by name, set up for the checkpoint's noise schedule; "default" is the checkpoint's own."""
        kind = type(current) if name == "default" else SOLVERS[name]
        return kind.from_config(current.config)

    @contextmanager
    def _scheduled(self, pipeline: Any, name: str) -> Iterator[None]:
        own = pipeline.scheduler
        pipeline.scheduler = self.solver(name, own)
        try:
            yield
        finally:
            pipeline.scheduler = own
            pipeline.maybe_free_model_hooks()

    def _slice(self) -> None:
        """Attention and VAE in parts, as the level says. A VAE cannot but by saying so with `use_…`."""
        vae, saving = self.pipeline.vae, self._saved > 0
        if saving != self._sliced:
            # Only on a change: this puts new attention processors in, for which torch.compile begins anew.
            getattr(self.pipeline, "enable_attention_slicing" if saving else "disable_attention_slicing")()
            self._sliced = saving
        if hasattr(vae, "use_tiling"):
            vae.use_tiling = saving
        if hasattr(vae, "use_slicing"):
            # A CPU decodes one image at a time faster than four at once: 0.48 s against 0.58 s each at 256 px.
            vae.use_slicing = saving or self.device.type == "cpu"

    def _prepare_denoiser(self) -> None:
        options, denoiser = self._options, self.denoiser
        backend = options.get("attention", "sdpa")
        if backend not in ("sdpa", "native"):
            attend_by(denoiser, backend)
        if options.get("channels_last"):
            denoiser.to(memory_format=torch.channels_last)
        if self.compiled:
            chosen = options["compile"]
            denoiser.compile(backend="inductor" if chosen is True else chosen)


def size_of(sampling: Sampling, side: int, multiple: int) -> tuple[int, int]:
    """(width, height) in pixels; the backbone's own side where the sampling names none. Raises NotPossible."""
    width, height = sampling.width or side, sampling.height or side
    if width % multiple or height % multiple:
        raise NotPossible(f"{width} x {height} pixels cannot be drawn: both must divide by {multiple}.")
    return width, height


def to_images(pixels: Pixels) -> list[Image.Image]:
    """(n, height, width, 3) of 0 to 1 as RGB images. Raises NotPossible for pixels that are no numbers."""
    if not np.isfinite(pixels).all():
        raise NotPossible(
            "What was drawn is no picture: its pixels are no numbers (NaN), as happens where a VAE computes in float16."
            " Set the model's dtype to bfloat16 or float32 in the model set."
        )
    return [Image.fromarray(image) for image in (pixels * 255).round().astype(np.uint8)]


def runs(keys: Sequence[Any]) -> list[list[int]]:
    """Places of equal keys together, in the order of their first: what one pass can take."""
    places: dict[Any, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    return list(places.values())
