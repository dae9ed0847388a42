"""Add, change and remove products; the counts that pages read are kept here and nowhere else."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog.exceptions import RowRefused
from catalog.locks import hold
from catalog.models import Photo, Product, ProductType
from catalog.photos import storing
from catalog.services.bulk import as_json, insert_products

ATTRIBUTES_MAX_BYTES = 100_000
_ATTEMPTS = 3


@dataclass(slots=True)
class ProductRow:
    """A product as a seller's list gives it. An empty `type_name` leaves the type as it is."""

    external_id: str
    title: str
    type_name: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    json: str = ""  # the attributes as text, once `check_row` has looked


class Upserted(NamedTuple):
    """What became of a batch, and the products' ids by external id (empty for a dry run)."""

    added: int
    updated: int
    unchanged: int
    ids: dict[str, int]


class _Plan(NamedTuple):
    new: list[ProductRow]
    changed: list[ProductRow]
    unchanged: int
    existing: dict[str, Product]


def check_row(row: ProductRow) -> None:
    """Raise RowRefused unless the row fits the tables of both databases."""
    for name, value, limit in (
        ("external_id", row.external_id, 200),
        ("title", row.title, 500),
        ("type", row.type_name, 80),
    ):
        if len(value) > limit:
            raise RowRefused(f"The {name} has {len(value):,} characters; at most {limit} are kept.")
        if not value.isprintable() and _is_unstorable(value):
            raise RowRefused(f"The {name} {value!r} holds a character that cannot be stored.")
    if not row.external_id:
        raise RowRefused("The row has no external_id, by which it would be found again.")
    if not row.title:
        raise RowRefused(f"The product {row.external_id} has no title.")
    _check_attributes(row)


def type_name_of(words: str) -> str:
    """A product type's name as it is kept: lower case, words apart by one space ("PHONE_CASE" → "phone case")."""
    return " ".join(re.split(r"[\s_\-/]+", words.strip().lower())).strip()


def upsert_products(rows: Sequence[ProductRow], *, source: str, with_ids: bool = True) -> Upserted:
    """Add or update checked rows in one transaction; a later row of the same external id wins.

    Title and attributes are taken over from the row; a type only where the row names one. Photos are not touched.
    Without `with_ids` the ids of added products are not looked up.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _upsert(rows, source, with_ids)
        except IntegrityError:
            # A product of the same name was made by hand at this moment: the next look will see it.
            continue
    return _upsert(rows, source, with_ids)


def plan_products(rows: Sequence[ProductRow], *, source: str) -> Upserted:
    """What `upsert_products` would do, writing nothing."""
    types = dict(ProductType.objects.filter(name__in=_type_names(rows)).values_list("name", "id"))
    plan = _plan(rows, types, Product.objects.filter(source=source))
    return Upserted(len(plan.new), len(plan.changed), plan.unchanged, {})


def recount_photos(product_id: int) -> None:
    """Set a product's photo count and its cover, the first photo, from its photos."""
    photos = Photo.objects.filter(product=OuterRef("pk"))
    count = photos.order_by().values("product").annotate(count=Count("pk")).values("count")
    Product.objects.filter(pk=product_id).update(
        photo_count=Coalesce(Subquery(count), 0),
        cover=Subquery(photos.order_by("position", "id").values("pk")[:1]),
        updated_at=timezone.now(),
    )


def remove_product(product: Product) -> None:
    """Remove a product with its photos, and the files that no other product uses; one that has gone is no error."""
    with transaction.atomic():
        locked = Product.objects.select_for_update().filter(pk=product.pk).first()
        if locked is None:
            return
        files = list(locked.photos.values_list("sha256", "format"))
        type_id = locked.type_id
        locked.delete()
        _shift_counts({type_id: -1})
        transaction.on_commit(lambda: storing.remove_unused(files))


def set_type(product: Product, type_: ProductType | None) -> None:
    """Give a product another type and keep both types' counts."""
    with transaction.atomic():
        locked = Product.objects.select_for_update().get(pk=product.pk)
        before, after = locked.type_id, type_.pk if type_ else None
        if before == after:
            return
        Product.objects.filter(pk=product.pk).update(type=type_, updated_at=timezone.now())
        _shift_counts({before: -1, after: +1})
    product.type = type_


def recount_products() -> None:
    """Set every type's product count from the products: for repair after changes made behind the services' back."""
    with transaction.atomic():
        list(ProductType.objects.select_for_update().order_by("pk").values_list("pk"))
        count = Product.objects.filter(type=OuterRef("pk")).order_by().values("type").annotate(count=Count("pk"))
        ProductType.objects.update(product_count=Coalesce(Subquery(count.values("count")), 0))


@transaction.atomic
def _upsert(rows: Sequence[ProductRow], source: str, with_ids: bool) -> Upserted:
    # Locks are always taken in this order: the source, types by name, products by external id, counts by type id.
    hold(f"source:{source}")
    types = _types(_type_names(rows))
    plan = _plan(rows, types, Product.objects.filter(source=source).select_for_update())
    _write(plan, types, source)
    _shift_counts(_count_changes(plan, types))
    ids = {external_id: product.pk for external_id, product in plan.existing.items()}
    if plan.new and with_ids:
        names = [row.external_id for row in plan.new]
        ids.update(Product.objects.filter(source=source, external_id__in=names).values_list("external_id", "pk"))
    return Upserted(len(plan.new), len(plan.changed), plan.unchanged, ids)


def _type_names(rows: Iterable[ProductRow]) -> list[str]:
    return sorted({row.type_name for row in rows if row.type_name})


def _types(names: list[str]) -> dict[str, int]:
    """Ids by name, missing types made. Sorted names: two transactions that make the same types cannot deadlock."""
    found = dict(ProductType.objects.filter(name__in=names).values_list("name", "id"))
    missing = [name for name in names if name not in found]
    if missing:
        ProductType.objects.bulk_create([ProductType(name=name) for name in missing], ignore_conflicts=True)
        found.update(ProductType.objects.filter(name__in=missing).values_list("name", "id"))
    return found


def _plan(rows: Sequence[ProductRow], types: Mapping[str, int], products: QuerySet[Product]) -> _Plan:
    latest = {row.external_id: row for row in rows}
    found = products.filter(external_id__in=list(latest)).order_by("external_id")
    existing = {
        product.external_id: product for product in found.only("id", "external_id", "title", "type_id", "attributes")
    }
    new, changed, unchanged = [], [], len(rows) - len(latest)
    for external_id in sorted(latest):
        row, product = latest[external_id], existing.get(external_id)
        if product is None:
            new.append(row)
        elif _differs(row, product, types):
            changed.append(row)
        else:
            unchanged += 1
    return _Plan(new, changed, unchanged, existing)


def _differs(row: ProductRow, product: Product, types: Mapping[str, int]) -> bool:
    return (
        product.title != row.title
        or product.attributes != row.attributes
        or bool(row.type_name and product.type_id != types.get(row.type_name))
    )


def _write(plan: _Plan, types: Mapping[str, int], source: str) -> None:
    insert_products(
        source,
        (
            (row.external_id, row.title, types.get(row.type_name), row.json or as_json(row.attributes))
            for row in plan.new
        ),
    )
    changed = []
    for row in plan.changed:
        product = _product(row, types, source)
        product.type_id = product.type_id or plan.existing[row.external_id].type_id
        changed.append(product)
    Product.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["source", "external_id"],
        update_fields=["title", "type", "attributes", "updated_at"],
    )


def _product(row: ProductRow, types: Mapping[str, int], source: str) -> Product:
    return Product(
        source=source,
        external_id=row.external_id,
        title=row.title,
        type_id=types[row.type_name] if row.type_name else None,
        attributes=row.attributes,
    )


def _count_changes(plan: _Plan, types: Mapping[str, int]) -> Counter[int | None]:
    changes: Counter[int | None] = Counter(types[row.type_name] for row in plan.new if row.type_name)
    for row in plan.changed:
        before = plan.existing[row.external_id].type_id
        if row.type_name and before != types[row.type_name]:
            changes[before] -= 1
            changes[types[row.type_name]] += 1
    return changes


def _shift_counts(changes: Mapping[int | None, int]) -> None:
    """Add to the product counts of types, by id; None (no type) is skipped. Rows are locked in the order of ids."""
    wanted = {pk: change for pk, change in changes.items() if pk is not None and change}
    if not wanted:
        return
    types = ProductType.objects.filter(pk__in=wanted)
    list(types.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    # One statement for all types of the same change: a batch has hundreds of types and a dozen different changes.
    for change in set(wanted.values()):
        same = [pk for pk, each in wanted.items() if each == change]
        ProductType.objects.filter(pk__in=same).update(product_count=F("product_count") + change)


def _is_unstorable(text: str) -> bool:
    return "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text)


def _check_attributes(row: ProductRow) -> None:
    try:
        text = row.json = as_json(row.attributes)
    except ValueError:
        raise RowRefused(
            f"The attributes of {row.external_id} hold a number that JSON cannot: NaN or infinity."
        ) from None
    except RecursionError:
        raise RowRefused(f"The attributes of {row.external_id} are nested too deeply.") from None
    if len(text) > ATTRIBUTES_MAX_BYTES:
        raise RowRefused(f"The attributes of {row.external_id} take {len(text):,} bytes; at most 100,000 are kept.")
    # PostgreSQL stores neither NUL nor half a surrogate pair; the exact look is needed only where an escape is seen.
    if ("\\u0000" in text or "\\ud" in text) and _has_unstorable(row.attributes):
        raise RowRefused(f"The attributes of {row.external_id} hold a character that cannot be stored.")


def _has_unstorable(value: Any) -> bool:
    if isinstance(value, str):
        return _is_unstorable(value)
    if isinstance(value, dict):
        return any(_has_unstorable(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_has_unstorable(part) for part in value)
