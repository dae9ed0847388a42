"""The pages of review's products, walls and images with something on them: who opens each, and its address."""

import io
from collections.abc import Callable

from django.urls import reverse

from accounts.models import User
from catalog.models import Product
from catalog.samples import render_product_photo
from generation.models import Candidate, Run
from review.cards import ImageKey
from review.models import Item
from review.services import marks, notes
from tests.factories.accounts import make_user
from tests.factories.catalog import make_photo, make_product
from tests.factories.generation import make_method
from tests.factories.rating import YES
from tests.factories.runs import make_whole_run
from tests.review.pictured import SIZE_FAILS, TWO_FAIL, judge, make_uploads
from vitrine.access import Role

VOTES = (
    [YES, YES, YES],
    [SIZE_FAILS, SIZE_FAILS, YES],
    [TWO_FAIL, TWO_FAIL, SIZE_FAILS],
    [YES, YES, SIZE_FAILS],
    [YES | {"surroundings": "no"}, YES | {"surroundings": "unclear"}, YES],
)
LONG = "The handle is too thick in most of them; look at the photos\nfrom the side before you decide."


def drawn(view: int) -> bytes:
    """A photo of a mug, drawn."""
    buffer = io.BytesIO()
    render_product_photo("mug", 3, 240, view=view).save(buffer, "JPEG")
    return buffer.getvalue()


def judged_product(photo: Callable[[int], bytes] = drawn, *, side: int = 64, images: int = 10) -> Product:
    """A product with images of two methods, most of them judged, a few marked and noted on."""
    product = make_product("Stoneware mug with a long name that wraps on a narrow screen", type="mug")
    for view in range(3):
        make_photo(product, data=photo(view))
    runs = [
        make_whole_run(product, method=make_method(name), candidates=images, pictures=6, side=side)
        for name in ("paper-2503.08729", "dreambooth-lora")
    ]
    candidates = [one for run in runs for one in run.candidates.filter(dropped="").order_by("pk")[: images - 2]]
    judge(candidates, [VOTES[n % len(VOTES)] for n in range(len(candidates))], name="Mugs and lamps, autumn")
    writer = make_user(Role.ANALYST)
    for candidate in candidates[1:4]:
        key = ImageKey("candidate", candidate.pk)
        marks.mark(key, marked=True, by=writer)
        notes.write_on_image(key, LONG, by=writer)
    notes.write_on_item(notes.item_of(product), LONG, by=writer)
    notes.write_on_item(notes.item_of(product), "A note of one's own.", by=User.objects.order_by("pk")[0])
    return product


def a_product(query: str = "") -> Callable[[], str]:
    return lambda: reverse("review:product", args=[judged_product().pk]) + query


def an_image() -> str:
    judged_product()
    judged = Candidate.objects.filter(run=Run.objects.order_by("pk")[0], dropped="").order_by("pk")[1]
    return reverse("review:candidate", args=[judged.pk])


def images() -> str:
    judged_product()
    make_uploads(2)
    return reverse("review:images") + "?question=size&how=no"


def products() -> str:
    judged_product()
    make_uploads(2)
    return reverse("review:products")


def an_item() -> str:
    make_uploads(3)
    return reverse("review:item", args=[Item.objects.order_by("pk")[0].pk])


def an_upload() -> str:
    return reverse("review:upload", args=[make_uploads(2)[1].pk])


ADDRESSES: dict[str, tuple[Role, Callable[[], str]]] = {
    "review-products": (Role.ANALYST, products),
    "review-products-empty": (Role.ANALYST, lambda: reverse("review:products")),
    "review-product": (Role.OPERATOR, a_product()),
    "review-product-analyst": (Role.ANALYST, a_product("?sort=clip_i&question=size&how=fails")),
    "review-product-empty": (Role.ANALYST, lambda: reverse("review:product", args=[make_product("Bare").pk])),
    "review-item": (Role.OPERATOR, an_item),
    "review-images": (Role.OPERATOR, images),
    "review-images-empty": (Role.ANALYST, lambda: reverse("review:images")),
    "review-candidate": (Role.ANALYST, an_image),
    "review-upload": (Role.ANALYST, an_upload),
}
