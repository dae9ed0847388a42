"""A model set: a checkpoint for each role, and what tells one checkpoint from another.

Nothing is loaded or fetched here: web processes read sets as well (`set_files.read_set`).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from generation.checkpoints.locks import change_stamp, content_hash
from generation.checkpoints.roles import Role
from generation.exceptions import BadModelSet, LicenceRefused

ROLES: tuple[Role, ...] = get_args(Role)
FAMILIES: dict[Role, tuple[str, ...]] = {
    "base": ("sd", "sdxl", "flux2-klein"),
    "served": ("sd", "sdxl", "flux2-klein"),
    "inpainter": ("sd", "sdxl", "flux2-klein"),
    "video": ("wan", "ltx", "svd", "turntable"),
    "segmenter": ("sam", "grabcut"),
    "clip": ("open_clip",),
    "dino": ("dinov2", "dino"),
    "captioner": ("blip", "qwen-vl", "clip-words"),
    "writer": ("causal-lm", "openai-compatible"),
    "safety": ("clip-concepts", "image-classifier", "closed-world"),
}
# What changes how a model runs and its results by rounding only: no reason to make images anew.
RUNNING_OPTIONS = ("attention", "channels_last", "compile", "half_on_cpu")
_SAMPLED = ("tokens", "temperature", "top_p")
# What else a set may tell a family, beside those. A name that nobody reads would be a wish that nobody hears.
OPTIONS: dict[str, tuple[str, ...]] = {
    "sd": ("variant", "controlnet", "adapter_rank"),
    "sdxl": ("variant", "controlnet", "adapter_rank"),
    "flux2-klein": ("variant", "text_tokens", "adapter_rank"),
    "wan": ("variant", "text_tokens"),
    "ltx": ("variant", "text_tokens"),
    "svd": ("variant", "text_tokens"),
    "turntable": ("variant", "text_tokens"),
    "sam": (
        "model", "dim", "depth", "heads", "global_blocks", "patch", "window", "prompt_dim", "decoder_dim",
        "decoder_heads", "points_per_side", "grid_score", "grid_stability", "overlap",
    ),
    "blip": ("tokens", "beams"),
    "qwen-vl": ("tokens", "pixels"),
    "causal-lm": _SAMPLED,
    "openai-compatible": ("url", "model", "key_env", "timeout", *_SAMPLED),
    "clip-concepts": ("strictness",),
    "image-classifier": ("unsafe", "most"),
}  # fmt: skip
REMOTE = "openai-compatible"  # a family that has no files here
BUILT_IN = "grabcut"  # a family that is in the code, and has no files; raise its version with other results
BUILT_IN_VERSION = 3
UNPINNED = "unpinned"  # where a revision would stand, before the first fetch


@dataclass(frozen=True)
class Entry:
    """One role's checkpoint. Two entries with the same `cache_key` are one object in memory."""

    role: Role
    family: str
    repo: str  # hub id, "" for a local one
    revision: str  # pinned commit, "" for a local one, and for one that was never fetched
    licence: str  # SPDX-like name
    commercial: bool
    path: Path  # local folder (or file) that holds it
    dtype: str = "float32"  # float32 | float16 | bfloat16
    side: int = 0  # native pixels a side
    options: dict[str, Any] = field(default_factory=dict)  # family's own, and attention, channels_last, compile
    size: int = 0  # bytes to fetch, about
    files: tuple[str, ...] = ()  # patterns of the repo's files that are needed; none: all
    sha256: str = ""  # of the one file, where `path` is one
    set_name: str = ""

    @property
    def identity(self) -> str:
        """What fingerprints use: family, repo@revision or the hash of local files, dtype, the family's own options.

        A local checkpoint's files are read once for each change of theirs; `content_hash` remembers.
        """
        own = {name: value for name, value in self.options.items() if name not in RUNNING_OPTIONS}
        return "|".join((self.family, self._source(), self.dtype, str(self.side), _canonical(own)))

    @property
    def cache_key(self) -> str:
        """What tells loaded models apart: where the files are, every option, and of local files when they changed."""
        place = f"{self.repo}@{self.revision}:{self.path}" if self.repo else self._local_place()
        return "|".join((self.family, place, self.dtype, str(self.side), _canonical(self.options)))

    @property
    def is_remote(self) -> bool:
        """Whether it is a server elsewhere, with no files to fetch or load."""
        return self.family == REMOTE

    @property
    def is_built_in(self) -> bool:
        """Whether it needs no checkpoint at all."""
        return self.family == BUILT_IN

    def _local_place(self) -> str:
        return self._source() if self.is_remote or self.is_built_in else f"{self.path}#{change_stamp(self.path)}"

    def _source(self) -> str:
        if self.is_remote:
            return str(self.options.get("url", ""))
        if self.is_built_in:
            return f"built in, version {BUILT_IN_VERSION}"
        if self.repo:
            name = "" if self.path.name == (self.revision or UNPINNED) else f"/{self.path.name}"
            return f"{self.repo}{name}@{self.revision or UNPINNED}"
        return f"sha256:{content_hash(self.path)}"


@dataclass(frozen=True)
class Defaults:
    """What entries of a set have unless they say otherwise."""

    dtype: str = "float32"
    attention: str = "sdpa"
    channels_last: bool = False
    compile: bool = False
    half_on_cpu: bool = False  # keep half precision on a CPU too: half the memory, several times slower

    def running(self) -> dict[str, Any]:
        """The options that each entry starts from."""
        return {name: getattr(self, name) for name in RUNNING_OPTIONS}


@dataclass(frozen=True)
class ModelSet:
    """A named checkpoint for every role; a partial set has some only.

    A small set may know few words: `scenes` are then all that it is asked for, in place of the prompt bank's texts, and
    `nouns` has its own word for each product type that it knows. Both are empty for sets that read whatever is written.
    """

    name: str
    title: str
    entries: dict[Role, Entry]
    defaults: Defaults = Defaults()
    about: str = ""
    file: Path = Path()
    scenes: tuple[str, ...] = ()
    nouns: dict[str, str] = field(default_factory=dict)

    def entry(self, role: Role) -> Entry:
        """The checkpoint of a role. Raises BadModelSet for one that a partial set does not have."""
        if role not in self.entries:
            raise BadModelSet(f"The model set {self.name} has no {role}; choose another set, or a method without it.")
        return self.entries[role]

    def identities(self, roles: tuple[Role, ...]) -> dict[str, str]:
        """For a fingerprint: the identity of the checkpoint of each of these roles."""
        return {role: self.entry(role).identity for role in roles}

    def knows(self, noun: str) -> bool:
        """Whether the set can be asked for products of that type: for any, where it names none."""
        return not self.nouns or noun in self.nouns

    def noun_for(self, noun: str) -> str:
        """What the set calls a product of that type: its own word, where it has one."""
        return self.nouns.get(noun, noun)

    def known_nouns(self, nouns: Iterable[str]) -> tuple[str, ...]:
        """Those of the types that the set knows, by its own words; all of them where it names none."""
        return tuple(self.nouns[noun] for noun in nouns if noun in self.nouns) if self.nouns else tuple(nouns)

    def check_licences(self, commercial: bool, roles: tuple[Role, ...] = ROLES) -> None:
        """Refuse a commercial run that would use a checkpoint whose licence forbids it. Raises LicenceRefused."""
        if not commercial:
            return
        for entry in (self.entries[role] for role in roles if role in self.entries):
            if not entry.commercial:
                raise LicenceRefused(
                    f"This run is commercial, and the {entry.role} of the model set {self.name},"
                    f" {entry.repo or entry.path}, has the licence {entry.licence}, which forbids that. Choose another"
                    " model set, or a run that is not commercial."
                )


@dataclass(frozen=True)
class Places:
    """Where models and sets lie: downloads, and the operator's own sets (None: there are none)."""

    models: Path
    own_sets: Path | None = None


def _canonical(values: dict[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)
    return text if len(text) <= 120 else "sha256:" + hashlib.sha256(text.encode()).hexdigest()
