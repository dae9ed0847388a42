"""Which backgrounds a product's run may have: those of the bank that fit it, and the seller's own of a folder."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from generation import backdrops, placing
from generation.exceptions import NotPossible
from generation.recipe import Recipe, SwapConfig
from generation.records import Backdrop, Picture
from generation.storage import site_files

MOST_SIDE = 2048  # pixels of an own picture's shorter side: twice what candidates have by default


def every() -> tuple[Backdrop, ...]:
    """All there are: the bank's, and the own ones of VITRINE_BACKGROUNDS_DIR, which hide a shipped one of their name.

    Raises NotPossible, naming the file, for one that cannot be used.
    """
    own = backdrops.bank(settings.BACKGROUNDS_DIR)
    names = {backdrop.name for backdrop in own}
    return (*own, *(backdrop for backdrop in backdrops.bank() if backdrop.name not in names))


def for_product(noun: str, config: SwapConfig) -> tuple[Backdrop, ...]:
    """Those that such a product fits, of the ones that the method names. Raises NotPossible when none is left."""
    kind, wanted = placing.kind_of(noun), backdrops.chosen(every(), config.backgrounds)
    fitting = tuple(backdrop for backdrop in wanted if placing.fits(backdrop, kind))
    if not fitting:
        raise NotPossible(
            f"None of the backgrounds {', '.join(one.name for one in wanted) or '(there are none)'} fits a"
            f" {noun or 'product'} of {kind.cm:.0f} cm shown {' or '.join(kind.views)}; choose others in the method."
        )
    return fitting


def check(recipe: Recipe) -> None:
    """Raise NotPossible for a method that names a background that there is not, before any work."""
    if recipe.generate.swap is not None:
        backdrops.chosen(every(), recipe.generate.swap.backgrounds)


def stored(backdrop: Backdrop) -> Backdrop:
    """The same with its picture in the store, where it is a seller's own: workers may lack the folder."""
    file = _own_file(backdrop)
    return backdrop if file is None else replace(backdrop, picture=_kept(file, backdrop.sha256))


def _own_file(backdrop: Backdrop) -> Path | None:
    own = {one.name: one.sha256 for one in backdrops.bank(settings.BACKGROUNDS_DIR)}
    if own.get(backdrop.name) != backdrop.sha256:
        return None
    return backdrops.file_of(backdrop.name, settings.BACKGROUNDS_DIR)


def _kept(file: Path, sha256: str) -> Picture:
    """Its picture in the store. It is written again when it has been swept since this process wrote it."""
    picture = _put(file, sha256)
    if not default_storage.exists(picture.key):
        _put.cache_clear()
        picture = _put(file, sha256)
    return picture


@lru_cache(maxsize=64)
def _put(file: Path, _sha256: str) -> Picture:
    return site_files().put_picture(backdrops.picture_in(file, MOST_SIDE))
