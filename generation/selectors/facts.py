"""What stages may know of products, read for many at once: photos, what people said of them, nouns, and the bank."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import QuerySet

from catalog.models import ContextPrompt, Photo, Product, ProductType
from generation.models import PhotoCaption, PhotoMask, ProductTypeGuess
from generation.records import Photo as PhotoRecord
from generation.records import Picture, ProductFacts

_Told = TypeVar("_Told", PhotoMask, PhotoCaption)
# A guess of a product's type below it is not taken; a person is asked.
SURE_ENOUGH = 0.5
AT_ONCE = 500  # products in one query


@dataclass(frozen=True)
class Known:
    """A product as planning sees it. `type_id` and `noun` are its type's, or a sure guess's; None and "" without one.

    `guessed` says whether a model has looked at these very photos; `name` is the product's in the world.
    """

    product_id: int
    name: str
    title: str
    noun: str
    type_id: int | None
    guessed: bool
    photos: tuple[PhotoRecord, ...]

    @property
    def facts(self) -> ProductFacts:
        return ProductFacts(self.title, self.noun, self.photos)


@dataclass(frozen=True)
class Bank:
    """The approved prompts by type, and the nouns of all types."""

    prompts: dict[int, tuple[str, ...]] = field(default_factory=dict)
    nouns: tuple[str, ...] = ()

    def of(self, type_id: int | None) -> tuple[str, ...]:
        return self.prompts.get(type_id or 0, ())


def known_products(products: Iterable[Product]) -> dict[int, Known]:
    """By id what is known of each; five queries for each 500 of them."""
    by_id = {product.pk: product for product in products}
    ids, known = list(by_id), dict[int, Known]()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        photos = _photos(some)
        types = {row.pk: row for row in ProductType.objects.filter(products__in=some).distinct()}
        guesses = {row.product_id: row for row in _guesses(some)}
        for pk in some:
            product, records = by_id[pk], photos.get(pk, ())
            known[pk] = _known(product, records, types.get(product.type_id or 0), guesses.get(pk))
    return known


def bank(type_ids: Collection[int | None]) -> Bank:
    """The bank for these types; two queries."""
    prompts: dict[int, list[str]] = defaultdict(list)
    approved = ContextPrompt.objects.filter(status=ContextPrompt.Status.APPROVED, type__in=[*filter(None, type_ids)])
    for type_id, text in approved.values_list("type_id", "text"):
        prompts[type_id].append(text)
    nouns = tuple(ProductType.objects.values_list("name", flat=True))
    return Bank({type_id: tuple(texts) for type_id, texts in prompts.items()}, nouns)


def photos_hash(photos: Iterable[PhotoRecord]) -> str:
    """What tells one set of photos from another; for guesses of the type."""
    return hashlib.sha256("".join(photo.picture.sha256 for photo in photos).encode()).hexdigest()


def _known(
    product: Product, photos: tuple[PhotoRecord, ...], type_: ProductType | None, guess: ProductTypeGuess | None
) -> Known:
    name = f"{product.source}/{product.external_id}"
    if type_ is not None:
        return Known(product.pk, name, product.title, type_.name, type_.pk, False, photos)
    looked = guess is not None and guess.photos == photos_hash(photos)
    if guess is None or not looked or guess.confidence < SURE_ENOUGH:
        return Known(product.pk, name, product.title, "", None, looked, photos)
    return Known(product.pk, name, product.title, guess.type.name, guess.type_id, True, photos)


def _guesses(product_ids: list[int]) -> Iterable[ProductTypeGuess]:
    return ProductTypeGuess.objects.filter(product__in=product_ids, product__type=None).select_related("type")


def _photos(product_ids: list[int]) -> dict[int, tuple[PhotoRecord, ...]]:
    masks = {row.photo_id: row for row in _holding(PhotoMask.objects.filter(photo__product__in=product_ids))}
    captions = {row.photo_id: row for row in _holding(PhotoCaption.objects.filter(photo__product__in=product_ids))}
    found: dict[int, list[PhotoRecord]] = defaultdict(list)
    rows = Photo.objects.filter(product__in=product_ids).order_by("position", "id")
    for photo in rows:
        mask, caption = masks.get(photo.pk), captions.get(photo.pk)
        found[photo.product_id].append(
            PhotoRecord(
                Picture(photo.key, photo.sha256, photo.width, photo.height),
                Picture(mask.key, mask.sha256, mask.width, mask.height) if mask else None,
                caption.template if caption else "",
            )
        )
    return {product_id: tuple(records) for product_id, records in found.items()}


def _holding(told: QuerySet[_Told]) -> QuerySet[_Told]:
    """What holds now; the newest of a photo comes last, and wins in a dict."""
    return told.filter(undone_at=None).order_by("pk")
