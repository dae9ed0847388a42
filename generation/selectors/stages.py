"""What a run's page says of one stage: its parameters, its drops, how training went, and what its cost was."""

from dataclasses import dataclass
from typing import Any

from generation.loss_curve import Curve, curve_of
from generation.models import Adapter, RunStage, StageImage, StageResult
from generation.recipe import Recipe, as_plain
from generation.recipe_fields import Parameter, Section, sections
from generation.records import FinetuneResult, from_plain

MOST_SHOTS = 48


@dataclass(frozen=True)
class Setting:
    """One parameter as this stage ran with it; `usual` is the paper's or the project's own where they differ."""

    parameter: Parameter
    value: Any
    differs: bool


def settings_of(result: StageResult) -> list[Setting]:
    """The parameters of a stage, those that differ from the defaults marked."""
    section = next((one for one in sections() if one.path == result.stage), None)
    if section is None:
        return []
    defaults = as_plain(Recipe())[result.stage]
    return _settings(section, result.config, defaults)


def _settings(section: Section, config: dict[str, Any], defaults: Any) -> list[Setting]:
    usual = defaults if isinstance(defaults, dict) else {}
    found = []
    for one in section.parameters:
        name = one.path.rpartition(".")[2]
        value = config.get(name, one.default)
        found.append(Setting(one, value, value != usual.get(name, one.default)))
    for part in section.parts:
        name = part.path.rpartition(".")[2]
        inner = config.get(name)
        found.append(_switch(part, bool(inner), bool(usual.get(name))))
        if inner:
            found += _settings(part, inner, usual.get(name))
    return found


def _switch(part: Section, on: bool, usual: bool) -> Setting:
    return Setting(Parameter(part.path, part.title, "switch", part.help, part.on), on, on != usual)


@dataclass(frozen=True)
class Shot:
    """A validation image: when it was drawn, from what words, and the key of its picture."""

    when: str
    prompt: str
    key: str


@dataclass(frozen=True)
class Training:
    """How a fine-tuning went, or goes: then there is no record yet."""

    record: FinetuneResult | None
    curve: Curve | None
    shots: list[Shot]
    adapter: Adapter | None = None  # whose file is there

    @property
    def tried(self) -> list[Any]:
        """The tokens of the sweep, best first, the refused ones last."""
        scores = self.record.sweep if self.record else ()
        return sorted(scores, key=lambda one: (one.score is None, -(one.score or 0.0)))


def training_of(result: StageResult) -> Training | None:
    """What the trainer wrote down, or has said so far; None before it has said anything. One query."""
    if result.stage != "finetune":
        return None
    if result.result:
        record = from_plain(FinetuneResult, result.result)
        shots = [Shot(f"step {one.step}", one.prompt, one.picture.key) for one in record.validation]
        adapter = Adapter.objects.filter(result=result, dropped_at=None).first()
        return Training(record, curve_of(record.loss), shots, adapter)
    curve, shots = curve_of(result.told.get("loss", ())), _shown(result)
    return Training(None, curve, shots) if curve or shots else None


def trained_by(job_id: int) -> StageResult | None:
    """The result that a job of fine-tuning makes; None when nothing needs it any more."""
    return StageResult.objects.filter(job=job_id, stage="finetune").first()


def user_of(result: StageResult) -> RunStage | None:
    """The first run that uses a result, by its stage; None when none does."""
    return RunStage.objects.filter(result=result).order_by("reused", "pk").first()


def _shown(result: StageResult) -> list[Shot]:
    """What the stage has shown so far; its titles are "Step 600: a photo of …"."""
    rows = StageImage.objects.filter(result=result, kind=StageImage.Kind.VALIDATION).order_by("-pk")[:MOST_SHOTS]
    found = []
    for text, key in rows.values_list("text", "key"):
        when, _, prompt = text.partition(": ")
        found.append(Shot(when.lower(), prompt, key))
    return found[::-1]


def maker_of(row: RunStage) -> int | None:
    """The run that made a shared result; None when it is gone."""
    made = RunStage.objects.filter(result=row.result_id, reused=False).exclude(run=row.run_id)
    return made.order_by("pk").values_list("run_id", flat=True).first()
