"""Write the prompt bank: add, edit, decide, import."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.exceptions import PromptRefused
from catalog.models import ContextPrompt, ProductType
from catalog.prompt_bank import (
    PromptLine,
    clean_text,
    clean_type_name,
    numbered_lines,
    read_line,
    same_text,
    shipped_files,
)

Status = ContextPrompt.Status
BATCH = 500


@dataclass
class PromptImport:
    """What became of a file: lines that were new or known already (decision kept), (line, reason) of those refused."""

    added: int = 0
    known: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


@transaction.atomic
def add_prompt(*, type_name: str, text: str, origin: str, by: Any, status: Status = Status.DRAFT) -> ContextPrompt:
    """Put one prompt into the bank, and its type where there is none yet.

    Raises PromptRefused for a text that breaks the rule or that the type has already.
    """
    clean = clean_text(text)
    type_, _ = ProductType.objects.get_or_create(name=clean_type_name(type_name))
    _refuse_known(type_, clean)
    prompt = ContextPrompt(type=type_, text=clean, status=status, origin=origin, **_decision(status, by))
    return _save(prompt)


@transaction.atomic
def edit_prompt(prompt: ContextPrompt, text: str) -> ContextPrompt:
    """Change a prompt's text. A new wording is a new draft: what was decided was decided about another text.

    Raises PromptRefused as `add_prompt` does; `prompt` is then as it was.
    """
    clean = clean_text(text)
    locked = ContextPrompt.objects.select_for_update().select_related(None).get(pk=prompt.pk)
    if clean == locked.text:
        return prompt
    _refuse_known(prompt.type, clean, but=prompt)
    locked.text, locked.status, locked.decided_by, locked.decided_at = clean, Status.DRAFT, None, None
    return _save(locked)


def decide(ids: Sequence[int], status: Status, by: Any) -> int:
    """Approve or reject prompts, or make them drafts again; returns how many changed. Who and when are kept."""
    prompts = ContextPrompt.objects.filter(pk__in=ids).exclude(status=status)
    return prompts.update(status=status, **_decision(status, by))


def import_prompts(lines: Iterable[str], *, origin: str, by: Any, status: Status = Status.DRAFT) -> PromptImport:
    """Take over the lines of a JSONL file, in batches; `status` is for lines that name none.

    A prompt that is there already keeps its decision. A refused line is reported and the others go in.
    """
    done = PromptImport()
    numbered = numbered_lines(lines)
    while chunk := list(islice(numbered, BATCH)):
        good = []
        for number, line in chunk:
            try:
                good.append(read_line(line))
            except PromptRefused as refusal:
                done.refused.append((number, str(refusal)))
        added = _add_batch(good, origin=origin, by=by, status=status)
        done.added += added
        done.known += len(good) - added
    return done


def load_bank() -> PromptImport:
    """Load the prompts that come with Vitrine, approved; those that are there already are left as they are."""
    done = PromptImport()
    for path in shipped_files():
        with path.open(encoding="utf-8") as file:
            part = import_prompts(file, origin="bank", by=None, status=Status.APPROVED)
        done.added, done.known = done.added + part.added, done.known + part.known
        done.refused += [(number, f"{path.name}: {reason}") for number, reason in part.refused]
    return done


@transaction.atomic
def _add_batch(lines: Sequence[PromptLine], *, origin: str, by: Any, status: Status) -> int:
    names = sorted({line.type_name for line in lines})
    ProductType.objects.bulk_create([ProductType(name=name) for name in names], ignore_conflicts=True)
    types = dict(ProductType.objects.filter(name__in=names).values_list("name", "pk"))
    there = {
        (type_id, same_text(text))
        for type_id, text in ContextPrompt.objects.filter(type__in=types.values()).values_list("type", "text")
    }
    new = {}
    for line in lines:
        key = (types[line.type_name], same_text(line.text))
        if key not in there and key not in new:
            chosen = line.status or status
            new[key] = ContextPrompt(
                type_id=key[0], text=line.text, status=chosen, origin=origin, **_decision(chosen, by)
            )
    ContextPrompt.objects.bulk_create(new.values(), ignore_conflicts=True)
    return len(new)


def _decision(status: Status, by: Any) -> dict[str, Any]:
    if status == Status.DRAFT:
        return {"decided_by": None, "decided_at": None}
    return {"decided_by": by, "decided_at": timezone.now()}


def _refuse_known(type_: ProductType, text: str, but: ContextPrompt | None = None) -> None:
    # Lower case as the database folds it; same_text() folds more letters, and a type has a few hundred prompts at most.
    others = type_.prompts.exclude(pk=but.pk) if but else type_.prompts.all()
    for known in others.values_list("text", flat=True).iterator():
        if same_text(known) == same_text(text):
            raise PromptRefused(f"{type_.name} has this prompt already: “{known}”")


def _save(prompt: ContextPrompt) -> ContextPrompt:
    try:
        with transaction.atomic():
            prompt.save()
    except IntegrityError:
        # Someone else added the same words between our look and our row.
        raise PromptRefused(f"{prompt.type.name} has this prompt already: “{prompt.text}”") from None
    return prompt
