"""What judged images add up to, product by product: the rows of `Tally`, as plain integers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product

from review.counting.facts import KINDS, LANE, MOST_BITS
from review.models import ALL, JudgedImage, Tally, Verdicts

# campaign, method, type, question_set, question
Key = tuple[int, int, int, int, int]
KEY = ("campaign", "method", "type", "question_set", "question")
WHOLE = -1  # the place of "no question": the whole image
SUMS = tuple(one.attname for one in Tally._meta.concrete_fields if one.attname not in (*KEY, "id"))
AT_LEAST = range(1, 6)
# What is counted of one product's images in one cell: images decided, passing, undecided; ratings; milliseconds;
# images that one question alone decided; answers of each of the KINDS.
_Counts = list[int]
_WIDTH = 6 + len(KINDS)
_NO_ANSWERS = [0] * len(KINDS)
_MASK = (1 << LANE) - 1


def tallies_of(facts: Iterable[JudgedImage]) -> dict[Key, list[int]]:
    """Sums by key, in the order of SUMS. All images of a product must be among the facts, in any order."""
    products: dict[int, list[JudgedImage]] = defaultdict(list)
    for fact in facts:
        products[fact.item].append(fact)
    found: dict[Key, list[int]] = {}
    for images in products.values():
        add(found, tallies_of_product(images))
    return found


def tallies_of_product(facts: Iterable[JudgedImage]) -> dict[Key, list[int]]:
    """What one product's images add to every tally."""
    cells: dict[Key, _Counts] = defaultdict(lambda: [0] * _WIDTH)
    for fact in facts:
        for question_set, question, counts in _parts(fact):
            _grow(cells[fact.campaign, fact.method, fact.type, question_set, question], counts)
    wider: dict[Key, _Counts] = defaultdict(lambda: [0] * _WIDTH)
    for (campaign, method, kind, question_set, question), counts in cells.items():
        for one, another, third in product((campaign, ALL), (method, ALL), (kind, ALL)):
            _grow(wider[one, another, third, question_set, question], counts)
    return {key: _sums(counts) for key, counts in wider.items()}


def add(into: dict[Key, list[int]], more: dict[Key, list[int]], *, sign: int = 1) -> None:
    """Add sums to sums, or take them away."""
    for key, sums in more.items():
        mine = into.setdefault(key, [0] * len(SUMS))
        for place, value in enumerate(sums):
            mine[place] += sign * value


def _parts(fact: JudgedImage) -> Iterator[tuple[int, int, _Counts]]:
    """The image as a whole, and each of its questions: (question set, place, what it counts for)."""
    undecided = int(fact.verdict == Verdicts.UNDECIDED)
    passed = int(fact.verdict == Verdicts.PASSED)
    yield ALL, WHOLE, [1 - undecided, passed, undecided, fact.ratings, fact.active_ms, 0, *_NO_ANSWERS]
    kinds = [getattr(fact, kind) for kind in KINDS]
    for place in range(min(fact.questions, MOST_BITS)):
        passes, fails = fact.passes >> place & 1, fact.fails >> place & 1
        said = _NO_ANSWERS if kinds[0] is None else [packed >> (LANE * place) & _MASK for packed in kinds]
        alone = int(fact.alone == place)
        yield fact.question_set, place, [passes + fails, passes, 1 - passes - fails, 0, 0, alone, *said]


def _grow(mine: _Counts, more: _Counts) -> None:
    for place, value in enumerate(more):
        mine[place] += value


def _sums(counts: _Counts) -> list[int]:
    images, passed = counts[:2]
    squares = [images * images, passed * passed, images * passed]
    return [int(images > 0), images, passed, *squares, *(int(passed >= least) for least in AT_LEAST), *counts[2:]]
