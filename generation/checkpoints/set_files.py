"""Read model sets from TOML files: those in `sets/` beside this file and the operator's own (format: docs/models.md).

Web processes read sets too: nothing heavy is imported here.
"""

import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from generation.checkpoints.licences import licence_of
from generation.checkpoints.locks import pinned_revision, repo_folder
from generation.checkpoints.roles import Role
from generation.checkpoints.sets import (
    BUILT_IN,
    FAMILIES,
    OPTIONS,
    REMOTE,
    ROLES,
    RUNNING_OPTIONS,
    UNPINNED,
    Defaults,
    Entry,
    ModelSet,
    Places,
)
from generation.exceptions import BadModelSet
from generation.records import PLACEHOLDER

SHIPPED = Path(__file__).parent / "sets"
Dtype = Literal["float32", "float16", "bfloat16"]
# What sets call it, and what diffusers' dispatcher calls it.
ATTENTION = {
    "sdpa": "sdpa",  # torch chooses
    "math": "_native_math",
    "flash": "_native_flash",
    "efficient": "_native_efficient",
    "cudnn": "_native_cudnn",
}
HALF_ONLY = ("flash", "cudnn")  # torch has these kernels for half precision alone
Attention = Literal["sdpa", "math", "flash", "efficient", "cudnn"]


def set_names(places: Places) -> list[str]:
    """The names of all sets, in alphabetical order; an own set hides a shipped one of its name."""
    folders = [SHIPPED] + ([places.own_sets] if places.own_sets else [])
    return sorted({path.stem for folder in folders for path in folder.glob("*.toml")})


def read_set(name: str, places: Places) -> ModelSet:
    """The set of that name, or in that file when it is a path ending in .toml. Raises BadModelSet."""
    return _built(_named(name, places), places)


def _named(name: str, places: Places) -> Path:
    if name.endswith(".toml"):
        return Path(name).expanduser().resolve()
    folders = ([places.own_sets] if places.own_sets else []) + [SHIPPED]
    for folder in folders:
        if re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name) and (folder / f"{name}.toml").is_file():
            return folder / f"{name}.toml"
    there = ", ".join(set_names(places)) or "none"
    raise BadModelSet(f"There is no model set {name!r}; there are: {there}.")


_STRICT = ConfigDict(extra="forbid")
_Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


@checked(frozen=True, config=_STRICT)
class _Role:
    """A role as a set's file writes it."""

    family: str = ""
    same_as: Role | None = None
    repo: Annotated[str, Field(pattern=r"^([\w.-]+/[\w.-]+)?$")] = ""
    revision: Annotated[str, Field(pattern=r"^([0-9a-f]{40})?$")] = ""
    path: Annotated[str, Field(pattern=r"^[^\x00]*$")] = ""
    file: Annotated[str, Field(pattern=r"^([\w-][\w.-]*(/[\w-][\w.-]*)*)?$")] = ""
    files: tuple[str, ...] = ()
    sha256: _Sha256 = ""
    licence: str = ""
    commercial: bool | None = None
    dtype: Dtype | None = None
    side: Annotated[int, Field(ge=0, le=4096)] = 0
    size: Annotated[int, Field(ge=0)] = 0
    options: dict[str, Any] = field(default_factory=dict)


@checked(frozen=True, config=_STRICT)
class _Defaults:
    dtype: Dtype = "float32"
    attention: Attention = "sdpa"
    channels_last: bool = False
    compile: bool = False
    half_on_cpu: bool = False


@checked(frozen=True, config=_STRICT)
class _Set:
    """A set's file."""

    title: str = ""
    about: str = ""
    extends: str = ""
    partial: bool = False  # has some roles only
    scenes: tuple[str, ...] | None = None  # None: those of the set that it extends
    nouns: dict[str, str] | None = None
    defaults: dict[str, Any] = field(default_factory=dict)
    roles: dict[Role, _Role] = field(default_factory=dict)


# Where pydantic would show a pattern, say what is meant.
_SAID = {
    "repo": "a repo is owner/name",
    "revision": "a revision is a commit of 40 hexadecimal digits; leave it out to pin the newest at the first fetch",
    "sha256": "a SHA-256 is 64 hexadecimal digits in lower case",
    "path": "a path has no null characters",
    "file": "a file is a path inside the repo, without leading dots",
}
_SET: TypeAdapter[_Set] = TypeAdapter(_Set)
_DEFAULTS: TypeAdapter[_Defaults] = TypeAdapter(_Defaults)


def _built(file: Path, places: Places) -> ModelSet:
    """The set of a file: its roles and defaults over those of the set that it extends, and so on."""
    chain = _chain(file, places)
    written = chain[0][1]
    given = {role: (each, source) for source, one in reversed(chain) for role, each in one.roles.items()}
    partial = any(one.partial for _, one in chain)
    if partial:
        given.setdefault("segmenter", (_Role(family=BUILT_IN), file))
    for role in ROLES:
        if role not in given and not partial:
            raise BadModelSet(f"{file}: the role {role} is missing; write a table [roles.{role}], or extend a set.")
    reader = _Reader(file, given, places, _defaults(chain))
    entries = {role: reader.entry(role) for role in ROLES if role in given}
    scenes = next((_scenes(source, one.scenes) for source, one in chain if one.scenes is not None), ())
    nouns = next((_nouns(source, one.nouns) for source, one in chain if one.nouns is not None), {})
    title = written.title or file.stem
    return ModelSet(file.stem, title, entries, reader.defaults, written.about, file, scenes, nouns)


def _scenes(file: Path, scenes: tuple[str, ...]) -> tuple[str, ...]:
    for scene in scenes:
        if scene.count(PLACEHOLDER) != 1:
            raise BadModelSet(f"{file}: a scene has {PLACEHOLDER} exactly once, and not so {scene!r}.")
    return scenes


def _nouns(file: Path, nouns: dict[str, str]) -> dict[str, str]:
    for noun, word in nouns.items():
        if not noun.strip() or not word.strip():
            raise BadModelSet(f"{file}: nouns has {noun!r} = {word!r}; write a product type and a word for it.")
    return nouns


def _chain(file: Path, places: Places) -> list[tuple[Path, _Set]]:
    """The file and those that it extends, nearest first."""
    chain = [(file, _parsed(file))]
    while name := chain[-1][1].extends:
        parent = _named(name, places)
        if parent in [source for source, _ in chain]:
            raise BadModelSet(f"{file} extends itself by way of {', '.join(source.stem for source, _ in chain)}.")
        chain.append((parent, _parsed(parent)))
    return chain


def _parsed(file: Path) -> _Set:
    try:
        return _SET.validate_python(tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise BadModelSet(f"{file} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadModelSet(f"{file} is no valid TOML: {error}.") from None
    except ValidationError as error:
        raise BadModelSet(_sentence(file, error)) from None


def _defaults(chain: list[tuple[Path, _Set]]) -> Defaults:
    merged: dict[str, Any] = {}
    for source, written in reversed(chain):
        try:
            _DEFAULTS.validate_python(written.defaults)
        except ValidationError as error:
            raise BadModelSet(_sentence(source, error, "defaults")) from None
        merged |= written.defaults
    return Defaults(**vars(_DEFAULTS.validate_python(merged)))


@dataclass(frozen=True)
class _Reader:
    """Makes the entries of a set from what its files give for each role, and in which file."""

    file: Path
    given: dict[Role, tuple[_Role, Path]]
    places: Places
    defaults: Defaults

    def entry(self, role: Role) -> Entry:
        given, source = self.given[role]
        where = f"{source}, role {role}"
        if given.same_as is not None:
            return self._same(role, given.same_as, where)
        if given.family not in FAMILIES[role]:
            raise BadModelSet(f"{where}: family = {given.family!r} is none of {', '.join(FAMILIES[role])}.")
        _check_source(given, where)
        licence, commercial = _licence(given, where)
        dtype, options = given.dtype or self.defaults.dtype, self._options(given, where)
        if given.family in FAMILIES["base"]:
            _check_kernel(options["attention"], dtype, f"{self.file}, role {role}")
        revision = given.revision or (pinned_revision(self.places.models, given.repo) if given.repo else "")
        return Entry(
            role,
            given.family,
            given.repo,
            revision,
            licence,
            commercial,
            self._path(given, revision, source),
            dtype=dtype,
            side=given.side,
            options=options | {"attention": ATTENTION[options["attention"]]},
            size=given.size,
            files=given.files or ((given.file,) if given.file else ()),
            sha256=given.sha256,
            set_name=self.file.stem,
        )

    def _same(self, role: Role, other: Role, where: str) -> Entry:
        if self.given[role][0] != _Role(same_as=other):
            raise BadModelSet(f"{where}: same_as = {other!r} stands alone; leave the other keys out.")
        if self.given[other][0].same_as is not None:
            raise BadModelSet(f"{where}: same_as = {other!r} must name a role that has a checkpoint of its own.")
        entry = self.entry(other)
        if entry.family not in FAMILIES[role]:
            raise BadModelSet(f"{where}: same_as = {other!r} is of the family {entry.family}, which is no {role}.")
        return replace(entry, role=role)

    def _options(self, given: _Role, where: str) -> dict[str, Any]:
        options = self.defaults.running() | given.options
        known = (*RUNNING_OPTIONS, *OPTIONS.get(given.family, ()))
        if unknown := [name for name in given.options if name not in known]:
            raise BadModelSet(
                f"{where}: there is no option {unknown[0]} of {given.family}; its options are {', '.join(known)}."
            )
        if not isinstance(options["attention"], str) or options["attention"] not in ATTENTION:
            raise BadModelSet(
                f"{where}: options.attention = {options['attention']!r} is none of {', '.join(ATTENTION)}."
            )
        return options

    def _path(self, given: _Role, revision: str, source: Path) -> Path:
        if given.path:
            return (source.parent / Path(given.path).expanduser()).resolve()
        if not given.repo:
            return Path()
        folder = repo_folder(self.places.models, given.repo) / (revision or UNPINNED)
        return folder / given.file if given.file else folder


def _check_kernel(attention: str, dtype: str, where: str) -> None:
    """Of a family whose attention a set may choose, what torch could only refuse in the middle of a run."""
    if attention in HALF_ONLY and dtype == "float32":
        raise BadModelSet(
            f"{where}: attention = {attention!r} needs half precision, and dtype = {dtype!r}; take dtype bfloat16 or"
            " float16, or attention sdpa, efficient or math."
        )


def _check_source(given: _Role, where: str) -> None:
    if given.family == REMOTE:
        if given.repo or given.path or not given.options.get("url"):
            raise BadModelSet(f"{where}: family = {REMOTE!r} wants options.url, and neither repo nor path.")
    elif given.family == BUILT_IN:
        if given.repo or given.path:
            raise BadModelSet(f"{where}: family = {BUILT_IN!r} is in the code and wants neither repo nor path.")
    elif bool(given.repo) == bool(given.path):
        raise BadModelSet(f'{where}: give either repo = "owner/name" or path = "a/local/folder".')
    if given.sha256 and given.repo and not given.file:
        raise BadModelSet(f"{where}: sha256 is that of one file of a repo; name it by file.")
    if given.path and (given.revision or given.files or given.file):
        raise BadModelSet(
            f"{where}: revision, file and files belong to a repo; a path names the folder or file itself."
        )


def _licence(given: _Role, where: str) -> tuple[str, bool]:
    if given.family == BUILT_IN and not given.licence:
        return "Apache-2.0", True  # OpenCV's
    if not given.licence:
        raise BadModelSet(f'{where}: licence is missing; write its name, such as "Apache-2.0".')
    known = licence_of(given.licence)
    if known is None and given.commercial is None:
        raise BadModelSet(
            f"{where}: licence = {given.licence!r} is not registered; say commercial = true or false beside it."
        )
    if known is not None and not known.commercial and given.commercial:
        raise BadModelSet(f"{where}: commercial = true, but the licence {given.licence} forbids commercial use.")
    return given.licence, bool(known.commercial if known and given.commercial is None else given.commercial)


def _sentence(file: Path, error: ValidationError, prefix: str = "") -> str:
    problem = error.errors()[0]
    path = [prefix] if prefix else []
    path += [str(part) for part in problem["loc"] if part != "[key]"]
    where = f"{file}, role {path[1]}" if len(path) > 1 and path[0] == "roles" else str(file)
    key = ".".join(path[2:] if where != str(file) else path)
    if problem["type"] == "unexpected_keyword_argument":
        return f"{where}: there is no key {key}."
    if problem["loc"] and problem["loc"][-1] == "[key]":
        return f"{file}: there is no role {path[1]!r}; the roles are {', '.join(ROLES)}."
    told = _SAID.get(key) or problem["msg"]
    return f"{where}: {key}: {told[0].lower()}{told[1:]} (it is {problem['input']!r})."
