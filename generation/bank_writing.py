"""Fill the prompt bank: scenes from the model set's writer, as drafts for people to curate.

`manage.py prompts write TYPE` calls this by way of `catalog.prompt_writers`. The models run in this process.
"""

from catalog.exceptions import PromptRefused, PromptsNotWritten
from catalog.models import ContextPrompt, ProductType
from catalog.prompt_bank import clean_text
from catalog.prompt_writers import Progress, PromptsWritten
from catalog.services.prompts import add_prompt
from generation.exceptions import GenerationError
from generation.model_sets import model_set, worker_models

ORIGIN = "writer"


def write_prompts(type_: ProductType, count: int, progress: Progress) -> PromptsWritten:
    """Put up to `count` new drafts into the bank. Raises PromptsNotWritten in one sentence.

    Scenes that the bank has already, approved or rejected, are not written again.
    """
    from generation.prompt_writing import Asked, write_scenes  # noqa: PLC0415 - web processes know this module, not torch

    existing = list(type_.prompts.order_by("pk").values_list("text", flat=True))
    # Asked again, a type gets other scenes: the number of those it has is the seed.
    asked = Asked(type_.name, count, tuple(existing), seed=len(existing))
    try:
        models = worker_models(model_set())
        with models.writer() as writer, models.clip() as clip:
            written = write_scenes(writer, clip, asked, clean=_clean, progress=progress)
    except GenerationError as error:
        raise PromptsNotWritten(str(error)) from error
    done = PromptsWritten(refused=written.refused)
    for text in written.scenes:
        try:
            add_prompt(type_name=type_.name, text=text, origin=ORIGIN, by=None, status=ContextPrompt.Status.DRAFT)
        except PromptRefused as refusal:
            done.refused.append((text, str(refusal)))
        else:
            done.added += 1
    return done


def _clean(text: str) -> str:
    try:
        return clean_text(text)
    except PromptRefused as refusal:
        raise ValueError(str(refusal)) from None
