"""Product types, products and photos for tests; photos are real images of real bytes."""

import io
import itertools
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from catalog.models import ContextPrompt, Photo, Product, ProductType
from catalog.services.photos import add_photo

_numbers = itertools.count(1)


def image_bytes(
    size: tuple[int, int] = (64, 48),
    *,
    encoding: str = "JPEG",
    mode: str = "RGB",
    colour: Any = None,
    **parameters: Any,
) -> bytes:
    """An encoded image; without a colour each call gives another picture."""
    number = next(_numbers)
    if colour is None and mode in {"RGB", "RGBA"}:
        colour = (number * 37 % 256, number * 91 % 256, number // 256 % 256, 255)[: len(mode)]
    buffer = io.BytesIO()
    Image.new(mode, size, colour if colour is not None else 0).save(buffer, encoding, **parameters)
    return buffer.getvalue()


def make_type(name: str | None = None) -> ProductType:
    return ProductType.objects.get_or_create(name=name or f"thing {next(_numbers)}")[0]


def make_product(
    title: str | None = None,
    *,
    type: ProductType | str | None = None,  # noqa: A002 - the model's word
    source: str = "test",
    external_id: str | None = None,
    attributes: dict[str, Any] | None = None,
) -> Product:
    """A product; a type given by name is made when there is none. The type's count is kept."""
    number = next(_numbers)
    type_ = make_type(type) if isinstance(type, str) else type
    product = Product.objects.create(
        source=source,
        external_id=external_id or f"product-{number}",
        title=title or f"Product {number}",
        type=type_,
        attributes=attributes or {},
    )
    if type_:
        type_.product_count += 1
        type_.save(update_fields=["product_count"])
    return product


def make_photo(
    product: Product | None = None,
    *,
    size: tuple[int, int] = (64, 48),
    name: str = "front.jpg",
    data: bytes | None = None,
) -> Photo:
    """A photo that went the whole way: checked, normalised, stored."""
    photo, _ = add_photo(product or make_product(), ContentFile(data or image_bytes(size)), name=name)
    return photo


def make_prompt(
    type: ProductType | None = None,  # noqa: A002 - the model's word
    text: str | None = None,
    *,
    status: ContextPrompt.Status = ContextPrompt.Status.DRAFT,
) -> ContextPrompt:
    text = text or f"a photo of {{product}} in place number {next(_numbers)}"
    return ContextPrompt.objects.create(type=type or make_type(), text=text, status=status, origin="test")
