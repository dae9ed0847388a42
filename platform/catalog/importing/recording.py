"""What an import did, written down as it goes: the counts on its row, and a row for each refusal."""

from django.utils import timezone

from catalog.importing.records import Refusal
from catalog.models import ImportRefusal, ImportRun
from catalog.services.products import Upserted

COUNTS = (
    "rows_read",
    "products_added",
    "products_updated",
    "products_unchanged",
    "photos_added",
    "photos_known",
    "refused",
)


class Recorder:
    """Collects counts and refusals of one run; `flush` writes them."""

    def __init__(self, run: ImportRun) -> None:
        self.run = run
        self._unwritten: list[ImportRefusal] = []

    def restart(self) -> None:
        """Forget an earlier attempt: an import that begins again reports as if it were the first."""
        ImportRefusal.objects.filter(run=self.run).delete()
        for name in COUNTS:
            setattr(self.run, name, 0)
        self.run.problem, self.run.finished_at = "", None
        self.flush()

    def refuse(self, refusal: Refusal) -> None:
        self.run.refused += 1
        self._unwritten.append(
            ImportRefusal(
                run=self.run,
                file=storable(refusal.file)[-500:],
                line=refusal.line,
                external_id=storable(refusal.external_id)[:200],
                reason=storable(refusal.reason)[:500],
            )
        )

    def count(self, upserted: Upserted) -> None:
        self.run.products_added += upserted.added
        self.run.products_updated += upserted.updated
        self.run.products_unchanged += upserted.unchanged

    def flush(self) -> None:
        ImportRefusal.objects.bulk_create(self._unwritten, batch_size=500)
        self._unwritten = []
        self.run.save(update_fields=[*COUNTS, "problem", "finished_at", "layout", "source"])

    def finish(self, problem: str = "") -> None:
        """Write the rest and mark the run as ended; `problem` says why nothing could be imported at all."""
        self.run.problem = storable(problem)[:500]
        self.run.finished_at = timezone.now()
        self.flush()


def storable(text: str) -> str:
    """The text without what no database takes: NUL, and bytes of file names that are not UTF-8."""
    return text.encode(errors="replace").decode().replace("\x00", "\ufffd")
