"""Make and change single products by hand, and arrange their photos."""

import uuid
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.exceptions import ProductRefused, RowRefused
from catalog.models import Photo, Product, ProductType
from catalog.services.products import ProductRow, check_row, recount_photos, set_type, type_name_of

BY_HAND = "hand"
_MOST_PHOTOS = 100_000


@transaction.atomic
def create_product(*, title: str, type_name: str = "", external_id: str = "", source: str = BY_HAND) -> Product:
    """Make a product; without an external id it gets one of its own, and a new type name makes the type.

    Raises ProductRefused for values that cannot be kept, or when the source has a product of that id.
    """
    row = _checked(ProductRow(external_id.strip() or uuid.uuid4().hex[:12], _one_line(title), type_name_of(type_name)))
    try:
        with transaction.atomic():
            product = Product.objects.create(source=source, external_id=row.external_id, title=row.title)
    except IntegrityError:
        raise ProductRefused(f"{source} has a product with the external id {row.external_id} already.") from None
    set_type(product, _type(row.type_name))
    return product


@transaction.atomic
def change_product(product: Product, *, title: str | None = None, type_name: str | None = None) -> Product:
    """Change a product's title or type; None leaves it, an empty type name takes the type away.

    Raises ProductRefused for values that cannot be kept.
    """
    new_title = product.title if title is None else _one_line(title)
    new_type = None if type_name is None else type_name_of(type_name)
    _checked(ProductRow(product.external_id, new_title, new_type or ""))
    if new_type is not None:
        set_type(product, _type(new_type))
    if new_title != product.title:
        Product.objects.filter(pk=product.pk).update(title=new_title, updated_at=timezone.now())
        product.title = new_title
    return product


@transaction.atomic
def arrange_photos(product_id: int, order: Sequence[int]) -> None:
    """Put a product's photos into this order of ids; the first is its cover.

    Ids that are not the product's are passed over, and photos that are not named keep their order behind the others:
    a photo that came or went meanwhile does no harm, nor does a product that went.
    """
    list(Product.objects.select_for_update().filter(pk=product_id).values_list("pk"))
    photos = {photo.pk: photo for photo in Photo.objects.filter(product=product_id).order_by("position", "id")}
    named = [photos[pk] for pk in dict.fromkeys(order) if pk in photos]
    rest = [photo for pk, photo in photos.items() if pk not in set(order)]
    for position, photo in enumerate([*named, *rest]):
        photo.position = position
    Photo.objects.bulk_update(photos.values(), ["position"], batch_size=500)
    recount_photos(product_id)


def move_photo(photo: Photo, places: int) -> None:
    """Move a photo by so many places, towards the front when negative; it stops at either end.

    One that was removed meanwhile is no error.
    """
    with transaction.atomic():
        list(Product.objects.select_for_update().filter(pk=photo.product_id).values_list("pk"))
        photos = Photo.objects.filter(product=photo.product_id)
        order = list(photos.order_by("position", "id").values_list("pk", flat=True))
        if photo.pk not in order:
            return
        place = max(0, order.index(photo.pk) + max(-_MOST_PHOTOS, min(places, _MOST_PHOTOS)))
        order.remove(photo.pk)
        order.insert(place, photo.pk)
        arrange_photos(photo.product_id, order)


def make_cover(photo: Photo) -> None:
    """Put a photo first: the first photo is the cover."""
    arrange_photos(photo.product_id, [photo.pk])


def _checked(row: ProductRow) -> ProductRow:
    try:
        check_row(row)
    except RowRefused as refusal:
        raise ProductRefused(str(refusal)) from None
    return row


def _type(name: str) -> ProductType | None:
    return ProductType.objects.get_or_create(name=name)[0] if name else None


def _one_line(text: str) -> str:
    return " ".join(text.split())
