"""What a page must know to let a person edit a recipe: every parameter with its type, its bounds and what it means.

All is read from the dataclasses of `generation.recipe`, the meaning from the comments beside them: told once, there.
"""

import ast
import dataclasses
import inspect
import re
import tokenize
import types
from collections.abc import Iterator
from functools import cache
from io import StringIO
from typing import Annotated, Any, Literal, get_args, get_origin

from generation import recipe as module
from generation.pipeline import BY_NAME
from generation.recipe import Recipe

# Parts of finetune and generate, on or off as a stage is.
OPTIONS = {"sweep": "Token sweep", "early_stop": "Early stop", "swap": "Background swap"}
_WORDS = {"clip i": "CLIP-I", "clip t": "CLIP-T", "iou": "IoU", "ema": "EMA", "snr": "SNR"}
_BY_NAME = {"size": "Pixels a side; 0 is what the model set says."}  # those that many stages have, with no comment
_BOUNDS = {"ge": "min", "gt": "min", "le": "max", "lt": "max"}


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One value of a recipe. `path` is its name in problems and differences: "finetune.rank"."""

    path: str
    label: str
    kind: Literal["whole", "number", "text", "switch", "choice"]
    help: str
    default: Any
    optional: bool = False  # may be left empty, which is None
    choices: tuple[str, ...] = ()
    bounds: tuple[tuple[str, float], ...] = ()  # ("min", 0), ("max", 1): the browser's hint, the dataclass decides

    @property
    def long(self) -> bool:
        """Whether its text needs several lines."""
        return self.kind == "text" and len(str(self.default)) > 60


@dataclasses.dataclass(frozen=True)
class Section:
    """A stage's parameters, or those of a part of one; `optional` ones can be off."""

    path: str
    title: str
    help: str
    optional: bool
    on: bool  # by default
    parameters: tuple[Parameter, ...]
    parts: tuple["Section", ...] = ()


@cache
def sections() -> tuple[Section, ...]:
    """Every stage that has parameters, in the order of the pipeline."""
    return tuple(_section(field, "") for field in dataclasses.fields(Recipe) if field.name in BY_NAME)


def parameters(of: tuple[Section, ...] | None = None) -> Iterator[Parameter]:
    """All parameters, parts included, in order."""
    for section in sections() if of is None else of:
        yield from section.parameters
        yield from parameters(section.parts)


def _section(field: "dataclasses.Field[Any]", prefix: str) -> Section:
    config, optional = _config_of(field.type)
    path = f"{prefix}{field.name}"
    default = _default(field)
    inner = dataclasses.fields(config)
    return Section(
        path,
        BY_NAME[field.name].title if not prefix else OPTIONS[field.name],
        inspect.cleandoc(config.__doc__ or "").partition("\n")[0].replace("`", ""),
        optional,
        default is not None,
        tuple(_parameter(one, config, f"{path}.") for one in inner if one.name not in OPTIONS),
        tuple(_section(one, f"{path}.") for one in inner if one.name in OPTIONS),
    )


def _parameter(field: "dataclasses.Field[Any]", config: type[Any], prefix: str) -> Parameter:
    plain, metadata, optional = _unwrapped(field.type)
    choices = tuple(str(value) for value in get_args(plain)) if get_origin(plain) is Literal else ()
    kinds: dict[Any, Any] = {bool: "switch", int: "whole", float: "number", str: "text"}
    return Parameter(
        f"{prefix}{field.name}",
        _label(field.name),
        "choice" if choices else kinds[plain],
        _comments(config.__name__).get(field.name) or _BY_NAME.get(field.name, ""),
        _default(field),
        optional,
        choices,
        tuple(_bounds(metadata)),
    )


def _config_of(annotation: Any) -> tuple[type[Any], bool]:
    if isinstance(annotation, types.UnionType):
        return next(part for part in get_args(annotation) if part is not types.NoneType), True
    return annotation, False


def _unwrapped(annotation: Any) -> tuple[Any, list[Any], bool]:
    """The bare type, what pydantic's Field says of it, and whether it may be None."""
    if get_origin(annotation) is Annotated:
        bare, *rest = get_args(annotation)
        return bare, [fact for info in rest for fact in info.metadata], False
    if get_origin(annotation) is not Literal and type(None) in get_args(annotation):
        inner = next(part for part in get_args(annotation) if part is not types.NoneType)
        bare, metadata, _ = _unwrapped(inner)
        return bare, metadata, True
    return annotation, [], False


def _bounds(metadata: list[Any]) -> Iterator[tuple[str, float]]:
    for fact in metadata:
        for name, attribute in _BOUNDS.items():
            if hasattr(fact, name):
                yield attribute, getattr(fact, name)


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


@cache
def _comments(config: str) -> dict[str, str]:
    """By parameter of that dataclass: the comment on the line where it ends."""
    source = inspect.getsource(module)
    told = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == config:
            return {
                line.target.id: _sentence(told[line.end_lineno])
                for line in node.body
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.end_lineno in told
            }
    return {}


def _label(name: str) -> str:
    """The name in words: "least_clip_i" is "Least CLIP-I", "clip_gradient" stays a verb."""
    words = name.replace("_", " ")
    for plain, known in _WORDS.items():
        words = re.sub(rf"\b{plain}\b", known, words)
    return words[0].upper() + words[1:]


def _sentence(comment: str) -> str:
    comment = comment.replace("None:", "empty:")
    return f"{comment[0].upper()}{comment[1:]}{'' if comment.endswith('.') else '.'}"
