"""In-class negatives that a type's products share: drawn for the first that needs them, there for all that follow."""

import hashlib
import json
from collections.abc import Collection

from generation.models import SharedNegative, StageResult
from generation.records import InClassImage, NegativesResult, from_plain, to_plain

MOST = 1_000  # of one pool that a stage is told of: more than any product has contexts


def there(result: StageResult, templates: Collection[str]) -> tuple[InClassImage, ...]:
    """Those on these texts that some product of the type has; one query."""
    rows = SharedNegative.objects.filter(pool=pool_of(result), template__in=templates).order_by("pk")[:MOST]
    return tuple(from_plain(InClassImage, row.image) for row in rows)


def keep(result: StageResult, made: NegativesResult) -> None:
    """Inside the transaction that keeps the result: let other products of the type have its shared images.

    They go with the result that names their files; whoever took one over names it, too, and keeps the file.
    """
    shared = [image for image in made.images if image.template]
    pool = pool_of(result) if shared else ""
    rows = [
        SharedNegative(
            result=result, pool=pool, template=image.template, seed=image.seed,
            image=to_plain(InClassImage(image.template, image.prompt, image.seed, image.picture)),
        )
        for image in shared
    ]  # fmt: skip
    SharedNegative.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


def pool_of(result: StageResult) -> str:
    """The hash of all that such an image depends on beside its text and seed: equal for a type's products."""
    drawn = [result.config[name] for name in ("steps", "guidance", "size")]
    told = [
        result.stage, result.inputs.get("version"), result.inputs["product"]["noun"], result.model_set,
        result.checkpoints["base"], drawn,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
