"""Run one import from beginning to end; begun again, it does what is left and reports as if it were the first time."""

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.db.models import Q

from catalog.exceptions import CatalogError, ImportUnreadable, PhotoRefused, RowRefused
from catalog.importing.archives import READ_ERRORS, damaged
from catalog.importing.layouts import Wish, detect, reader_for, unwrapped
from catalog.importing.opening import Opened, opened
from catalog.importing.prefetching import prefetched
from catalog.importing.recording import Recorder
from catalog.importing.records import Reader, Record, Refusal
from catalog.importing.trees import Tree, inner_path
from catalog.models import ImportRun, Photo, ProductType
from catalog.photos.checking import read_capped
from catalog.photos.normalising import normalise
from catalog.services.bulk import bounded_memory
from catalog.services.photos import add_photos, source_hash
from catalog.services.products import check_row, plan_products, upsert_products
from catalog.services.uploads import discard_upload

# Rows that go into one transaction; with photos fewer, so that progress moves.
ROWS_AT_A_TIME = 1000
ROWS_WITH_PHOTOS_AT_A_TIME = 50
Progress = Callable[[int, int | None, str], None]
Item = TypeVar("Item")


def run(run: ImportRun, *, progress: Progress = lambda _done, _total, _message: None) -> ImportRun:
    """Import what `run` names, and return it with its counts.

    `progress(done, total, message)` is called between batches, in the reader's units; what it raises stops the import
    there, and a later run takes it up. A run that has ended well is left as it is: its upload is gone, and the job of a
    worker that was killed just then begins again. Raises ImportUnreadable, after noting it on the run, when nothing can
    be read.
    """
    if run.finished_at and not run.problem:
        return run
    recorder = Recorder(run)
    recorder.restart()
    try:
        with opened(run) as files, bounded_memory():
            _Import(recorder, files, progress).take_all()
        if not run.rows_read:
            raise ImportUnreadable(f"No product was found in {run.origin}. docs/importing.md shows the layouts.")
    except ImportUnreadable as error:
        recorder.finish(str(error))
        discard_upload(run)
        raise
    recorder.finish()
    discard_upload(run)
    return run


def stop(run: ImportRun, why: str) -> None:
    """Mark a run that was left early as ended; its counts and its upload stay, for it may be begun again."""
    Recorder(run).finish(why)


class _Import:
    """The import of one tree: reads in batches, checks, writes products, then their photos."""

    def __init__(self, recorder: Recorder, files: Opened, progress: Progress) -> None:
        self.recorder, self.run, self._progress = recorder, recorder.run, progress
        known = list(ProductType.objects.values_list("name", flat=True))
        options = self.run.options
        self._photos = bool(options.get("photos", True))
        self._limit: int | None = options.get("limit")
        wish = Wish(str(options.get("type", "")), self._photos, known)
        self._reader = self._make_reader(files, wish)

    def take_all(self) -> None:
        with prefetched(self._batches()) as all_batches:
            for batch, done, total in all_batches:
                self._take(batch)
                self.recorder.flush()
                self._progress(done, total, self._message())

    def _batches(self) -> Generator[tuple[list[Record | Refusal], int, int | None], None, None]:
        """Checked items and how far the reader is; runs in the reading thread, so it asks no database."""
        size = ROWS_WITH_PHOTOS_AT_A_TIME if self._photos else ROWS_AT_A_TIME
        for batch in batches(islice(self._reader, self._limit), size):
            yield [_checked(item) for item in batch], self._reader.done, self._reader.total

    def _make_reader(self, files: Opened, wish: Wish) -> Reader:
        tree: Tree = files.tree
        if files.archive is not None:
            for entry, reason in files.archive.refused:
                self.recorder.refuse(Refusal(entry, 0, "", reason))
            tree = unwrapped(tree, wish.known_types)
        if self.run.layout == ImportRun.Layout.AUTO:
            self.run.layout = ImportRun.Layout.MANIFEST if files.manifest else detect(tree)
        self.run.source = self.run.source or self.run.layout
        return reader_for(ImportRun.Layout(self.run.layout), tree, wish, manifest=files.manifest)

    def _take(self, batch: list[Record | Refusal]) -> None:
        self.run.rows_read += len(batch)
        records = [item for item in batch if isinstance(item, Record)]
        for item in batch:
            if isinstance(item, Refusal):
                self.recorder.refuse(item)
        rows = [record.row for record in records]
        if self.run.dry_run:
            upserted = plan_products(rows, source=self.run.source)
        else:
            upserted = upsert_products(rows, source=self.run.source, with_ids=self._photos)
        self.recorder.count(upserted)
        for record in records:
            if self._photos:
                self._take_photos(record, upserted.ids.get(record.row.external_id))

    def _take_photos(self, record: Record, product_id: int | None) -> None:
        for reason in record.remarks:
            self.recorder.refuse(Refusal(record.file, record.line, record.row.external_id, reason))
        if product_id is None:
            self._try_photos(record)
            return
        try:
            kept = add_photos(product_id, record.photos, self._read_photo)
        except PhotoRefused as error:
            # Somebody removed the product between its row and its photos.
            self._refuse_photo(record, record.photos[0], str(error))
            return
        self.run.photos_added += kept.added
        self.run.photos_known += kept.known
        for path, reason in kept.refused:
            self._refuse_photo(record, path, reason)

    def _try_photos(self, record: Record) -> None:
        """The dry run's look at a record's photos: all checks, nothing kept."""
        owner = Q(product__source=self.run.source, product__external_id=record.row.external_id)
        for path in record.photos:
            try:
                data = self._read_photo(path)
                if Photo.objects.filter(owner, source_sha256=source_hash(data)).exists():
                    self.run.photos_known += 1
                else:
                    normalise(data, path)
                    self.run.photos_added += 1
            except CatalogError as error:
                self._refuse_photo(record, path, str(error))

    def _read_photo(self, path: str) -> bytes:
        path = inner_path(path)
        try:
            with self._reader.tree.open(path) as file:
                return read_capped(file, path)
        except READ_ERRORS:
            raise damaged(path) from None

    def _refuse_photo(self, record: Record, path: str, reason: str) -> None:
        file, line = (record.file, record.line) if record.line else (path, 0)
        self.recorder.refuse(Refusal(file, line, record.row.external_id, reason))

    def _message(self) -> str:
        run = self.run
        photos = f", {run.photos_added:,} photos" if self._photos else ""
        taken = run.products_added + run.products_updated + run.products_unchanged
        return f"{run.rows_read:,} rows read: {taken:,} products{photos}, {run.refused:,} refused"


def _checked(item: Record | Refusal) -> Record | Refusal:
    if isinstance(item, Record):
        try:
            check_row(item.row)
        except RowRefused as error:
            return Refusal(item.file, item.line, item.row.external_id, str(error))
    return item


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of at most `size` items, in order."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
