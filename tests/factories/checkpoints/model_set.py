"""A complete model set of tiny checkpoints, for runs from end to end.

Each checkpoint is made once and kept in the temporary folder for later test runs and for all test processes, under a
name that changes with the code that makes it and with the libraries.
"""

import fcntl
import functools
import hashlib
import importlib
import importlib.metadata
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

SIDE = 64
Family = Literal["sd", "sdxl", "flux2-klein"]
_PACKAGE = "tests.factories.checkpoints"


@dataclass(frozen=True)
class _Tiny:
    """How one checkpoint is made: `module.function(folder, **arguments)`; and what a set says of it."""

    module: str
    function: str
    family: str
    arguments: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    options_of: str = ""  # a constant of the module that has options too
    side: int = SIDE


_KINDS = {
    "sd": _Tiny("sd", "make_tiny_sd", "sd"),
    "sd-inpainter": _Tiny("sd", "make_tiny_sd_inpainter", "sd"),
    "sdxl": _Tiny("sdxl", "make_tiny_sdxl", "sdxl"),
    "sdxl-inpainter": _Tiny("sdxl", "make_tiny_sdxl_inpainter", "sdxl"),
    "klein": _Tiny("klein", "make_tiny_klein", "flux2-klein", options_of="OPTIONS"),
    "klein-distilled": _Tiny("klein", "make_tiny_klein", "flux2-klein", {"distilled": True}, options_of="OPTIONS"),
    "svd": _Tiny("video", "make_tiny_svd", "svd", options_of="OPTIONS"),
    "ltx": _Tiny("video", "make_tiny_ltx", "ltx", options_of="OPTIONS"),
    "wan": _Tiny("video", "make_tiny_wan", "wan", options_of="OPTIONS"),
    "sam": _Tiny("sam", "make_tiny_sam", "sam", options_of="OPTIONS"),
    "clip": _Tiny("clip", "make_tiny_clip", "open_clip", side=0),
    "dinov2": _Tiny("dino", "make_tiny_dino", "dinov2", side=0),
    "blip": _Tiny("captioner", "make_tiny_captioner", "blip", options={"tokens": 12}, side=0),
    "qwen-vl": _Tiny("captioner", "make_tiny_vlm", "qwen-vl", options={"tokens": 12}, side=0),
    "writer": _Tiny("writer", "make_tiny_writer", "causal-lm", options={"tokens": 24}, side=0),
    "concepts": _Tiny("safety", "make_tiny_safety", "clip-concepts", side=0),
    "classifier": _Tiny("safety", "make_tiny_classifier", "image-classifier", {"nsfw": -20.0}, side=0),
}
_SHARED = {"segmenter": "sam", "clip": "clip", "dino": "dinov2", "writer": "writer"}
# By role, the kind; "=role" is the same checkpoint as that role's.
_ROLES: dict[Family, dict[str, str]] = {
    "sd": _SHARED
    | {"base": "sd", "served": "=base", "inpainter": "sd-inpainter", "video": "svd", "captioner": "blip",
       "safety": "concepts"},
    "sdxl": _SHARED
    | {"base": "sdxl", "served": "=base", "inpainter": "sdxl-inpainter", "video": "ltx", "captioner": "blip",
       "safety": "concepts"},
    "flux2-klein": _SHARED
    | {"base": "klein", "served": "klein-distilled", "inpainter": "=served", "video": "wan", "captioner": "qwen-vl",
       "safety": "classifier"},
}  # fmt: skip


def tiny_set(folder: Path, family: Family = "sd", *, name: str = "") -> Path:
    """Write a set of all roles into a folder (`tiny-<family>.toml`, or that name) and return its file.

    Pass the file's path to `read_set`, or the folder as VITRINE_MODEL_SETS_DIR and the name to whatever runs.
    """
    lines = [f'title = "Tiny {family}"', "", "[defaults]", 'dtype = "float32"']
    for role, kind in _ROLES[family].items():
        lines += ["", f"[roles.{role}]"]
        lines += [f'same_as = "{kind[1:]}"'] if kind.startswith("=") else _table(kind)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name or f'tiny-{family}'}.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


def tiny_checkpoint(kind: str) -> Path:
    """The folder of one tiny checkpoint; made by whichever test process asks first."""
    tiny = _KINDS[kind]
    kept = _kept()
    folder = kept / kind
    with (kept / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = kept / f"{kind}.making"
            shutil.rmtree(making, ignore_errors=True)
            _maker(tiny)(making, **tiny.arguments)
            making.rename(folder)
    return folder


def _table(kind: str) -> list[str]:
    tiny = _KINDS[kind]
    options = dict(getattr(_module(tiny), tiny.options_of)) if tiny.options_of else {}
    lines = [f'family = "{tiny.family}"', f"path = {json.dumps(str(tiny_checkpoint(kind)))}", 'licence = "Apache-2.0"']
    lines += [f"side = {tiny.side}"] if tiny.side else []
    if options := options | tiny.options:
        lines.append(
            "options = { " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in options.items()) + " }"
        )
    return lines


def _maker(tiny: _Tiny) -> Callable[..., None]:
    maker: Callable[..., None] = getattr(_module(tiny), tiny.function)
    return maker


def _module(tiny: _Tiny) -> Any:
    return importlib.import_module(f"{_PACKAGE}.{tiny.module}")


@functools.cache
def _kept() -> Path:
    digest = hashlib.sha256()
    for name in ("torch", "diffusers", "transformers", "open_clip_torch", "segment_anything"):
        digest.update(importlib.metadata.version(name).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    # The tests' own temporary folder goes with them: see tests.isolation.
    outside = Path(os.environ.get("TESTS_OUTSIDE") or tempfile.gettempdir())
    folder = outside / f"vitrine-tiny-{os.getuid()}-{digest.hexdigest()[:16]}"
    if not folder.exists():
        for old in folder.parent.glob(f"vitrine-tiny-{os.getuid()}-*"):
            if time.time() - old.stat().st_mtime > 86_400:  # of code that has changed since
                shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
