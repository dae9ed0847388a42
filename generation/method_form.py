"""The method editor: a form over every parameter of a recipe, with each problem beside the field that it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django import forms

from generation.exceptions import BadRecipe
from generation.recipe import Recipe, recipe_from
from generation.recipe_fields import Parameter, Section, sections
from generation.recipe_text import ON, form_values, from_form
from generation.services import methods

NAME = rf"\A{methods.NAME}\Z"


@dataclass(frozen=True)
class Input:
    """A parameter with the value that its field shows, and what is wrong with that."""

    parameter: Parameter
    value: Any
    problem: str = ""

    @property
    def id(self) -> str:
        return f"id_{self.parameter.path.replace('.', '_')}"

    @property
    def shown(self) -> str:
        """A number as a person writes it: 0.0002, never 2e-04; nothing for none."""
        if self.value is None:
            return ""
        return f"{self.value:.10f}".rstrip("0").rstrip(".") if isinstance(self.value, float) else str(self.value)

    @property
    def range(self) -> str:
        bounds = dict(self.parameter.bounds)
        if {"min", "max"} <= set(bounds):
            return f"{bounds['min']:,} to {bounds['max']:,}."
        return f"At least {bounds['min']:,}." if "min" in bounds else ""


@dataclass(frozen=True)
class SectionInput:
    """A stage, or a part of one, as the editor shows it."""

    path: str
    title: str
    help: str
    optional: bool
    on: bool
    is_part: bool
    inputs: list[Input] = field(default_factory=list)
    parts: list["SectionInput"] = field(default_factory=list)
    problem: str = ""


class MethodForm(forms.Form):
    """Name, title and description; the recipe's own fields are read from the same post by `recipe_text`."""

    name = forms.RegexField(
        NAME,
        help_text="Lower-case letters, digits, dots and hyphens.",
        error_messages={"invalid": "Use lower-case letters, digits, dots and hyphens only, such as “mugs-rank-16”."},
    )
    title = forms.CharField(max_length=200, help_text="What people read: “As in the paper, with rank 16”.")
    description = forms.CharField(required=False, max_length=5_000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, data: Mapping[str, Any] | None = None, *, recipe: Recipe, fixed_name: str = "", **kwargs: Any):
        super().__init__(data, **kwargs)
        self._recipe = recipe
        self.problems: list[str] = []
        self.parsed: Recipe | None = None
        if fixed_name:
            self.fields["name"].disabled = True
            self.fields["name"].initial = fixed_name
            self.fields["name"].help_text = "Another name makes another method: start from “New method”."

    def clean(self) -> dict[str, Any]:
        try:
            self.parsed = recipe_from(from_form(self.data))
        except BadRecipe as refused:
            self.problems = refused.problems
            # Without an error of its own the form would count as valid; the sentences stand beside the fields.
            self.errors.setdefault("recipe", self.error_class(["The recipe does not fit."]))
        return self.cleaned_data

    @cached_property
    def values(self) -> dict[str, Any]:
        """By path what the fields show: what was posted, else the recipe's own."""
        if not self.is_bound:
            return form_values(self._recipe)
        posted = dict(form_values(self._recipe))
        for path, value in posted.items():
            posted[path] = path in self.data if isinstance(value, bool) else self.data.get(path, value)
        return posted

    @property
    def sections(self) -> list[SectionInput]:
        return [self._section(section) for section in sections()]

    @property
    def next_tier_value(self) -> str:
        return str(self.values.get("next_tier", ""))

    @property
    def problems_of_whole(self) -> list[str]:
        """Problems that are about no field that the editor has."""
        return [problem for problem in self.problems if not self._is_placed(problem)]

    def _is_placed(self, problem: str) -> bool:
        path = problem.partition(":")[0]
        return path in self.values or path + ON in self.values

    def _section(self, section: Section, is_part: bool = False) -> SectionInput:
        return SectionInput(
            section.path,
            section.title,
            section.help,
            section.optional,
            bool(self.values.get(section.path + ON, True)),
            is_part,
            [Input(one, self.values[one.path], self._problem(one.path)) for one in section.parameters],
            [self._section(part, True) for part in section.parts],
            self._problem(section.path),
        )

    def _problem(self, path: str) -> str:
        for problem in self.problems:
            name, _, sentence = problem.partition(": ")
            if name == path and sentence:
                return sentence[0].upper() + sentence[1:]
        return ""
