"""The runs that are a show's own: of each method and product one, whatever a visitor runs beside them."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from django.db.models import QuerySet

from generation.models import Method, Run
from generation.services import methods
from vitrine.demo.shows import Show

Versions = dict[int, int]  # a method's version → the run by it


def own_runs(show: Show, names: Sequence[str], products: Sequence[int]) -> QuerySet[Run]:
    """Of each of these methods and products the one run: by the version that the show has, or else by the newest."""
    chosen, asked = _usual(found := _found(show, names)), set(products)
    pks = [runs.get(chosen[name], runs[max(runs)]) for (name, product), runs in found.items() if product in asked]
    return Run.objects.filter(pk__in=pks)


def method_of(show: Show, name: str) -> Method:
    """The version of that method by which the show's runs are, the newest where it has none. Raises NotPossible."""
    version = _usual(_found(show, (name,))).get(name)
    return methods.named(f"{name} v{version}" if version else name)


def _found(show: Show, names: Sequence[str]) -> dict[tuple[str, int], Versions]:
    """By method and product what there is; nothing of products that the show does not run the method on."""
    wanted = {(name, product) for name in names for product in show.of_method(name, show.products)}
    rows = Run.objects.filter(product__in=show.products, method__name__in=names, seed=0)
    found: dict[tuple[str, int], Versions] = defaultdict(dict)
    for name, product, version, pk in rows.values_list("method__name", "product", "method__version", "pk"):
        if (name, product) in wanted:
            found[name, product][version] = pk
    return found


def _usual(found: dict[tuple[str, int], Versions]) -> dict[str, int]:
    """The version of each method that most products have; of two that as many have, the older was there first."""
    counts = Counter((name, version) for (name, _), runs in found.items() for version in runs)
    by_count = sorted(counts, key=lambda one: (counts[one], -one[1]))
    return dict(by_count)
