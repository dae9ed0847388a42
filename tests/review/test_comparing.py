"""Who is better, by one rule; what it would take to know; and how little is read for it."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from catalog.models import Product
from ranking.models import Score
from review import comparing, sums
from review.filters import Filters, apart
from review.models import JudgedImage
from review.services import comparisons
from review.statistics import paired
from review.statistics.paired import Compared, Estimate
from tests.factories.catalog import make_product
from tests.factories.generation import make_candidate, make_method, make_result, make_run
from tests.factories.ranking import make_ranker
from tests.factories.rating import NO, YES
from tests.review.facts import put
from tests.review.packed import packed_world
from tests.review.pictured import judge

METHODS = ("base", "new")


def compared(low: float | None, high: float | None, *, needed: int | None = 100) -> Compared:
    middle = None if low is None or high is None else (low + high) / 2
    return Compared(0.5, 0.4, Estimate(middle, low, high), Estimate(1.2), (paired.Test("t", 0.01),), needed)


@pytest.mark.parametrize(
    ("name", "interval", "p", "winner"),
    [
        ("above zero", (0.01, 0.2), 0.01, "new"),
        ("below zero", (-0.2, -0.01), 0.01, "base"),
        ("across zero", (-0.01, 0.2), 0.01, ""),
        ("across zero whatever p says", (-0.01, 0.2), 0.001, ""),
        ("p corrected away", (0.01, 0.2), 0.08, ""),
        ("p just at the line", (0.01, 0.2), 0.05, ""),
        ("no test has anything to say", (0.01, 0.2), None, "new"),
        ("no interval", (None, None), 0.01, ""),
    ],
)
def test_one_rule_names_a_winner(
    name: str, interval: tuple[float | None, float | None], p: float | None, winner: str
) -> None:
    assert comparing.winner_of(compared(*interval), p, METHODS) == winner


def one_each(_number: int) -> int:
    return 1


def passing(products: Sequence[Product], often: Callable[[int], int], method: str) -> list[tuple]:  # type: ignore[type-arg]
    """Four images of each product, of which `often(n)` pass."""
    return [(one, method, "x", [place < often(n) for place in range(4)]) for n, one in enumerate(products)]


def test_sentence_winner_and_corrected_p_never_contradict(db: None) -> None:
    products = [make_product(f"Mug {n}", type="mug") for n in range(9)]
    wanted = passing(products, one_each, "base")
    wanted += passing(products, lambda n: 2 if n < 4 else 1, "slight")
    wanted += passing(products, lambda n: (2, 0, 1)[n % 3], "alike")
    put(wanted + passing(products, lambda n: 2 + n % 3, "much"))
    alone = comparing.compare(Filters(), ["base", "slight"])[0]
    together = {one.second: one for one in comparing.compare(Filters(), ["base", "slight", "alike", "much"])}
    assert (alone.winner, together["much"].winner, together["alike"].winner) == ("slight", "much", "")
    assert "slight is better than base" in alone.sentence
    # 0.035 by itself is 0.069 beside two others; the interval, which is not corrected, still leaves zero out.
    slight_one = together["slight"]
    assert (slight_one.per_image.better, slight_one.winner) == ("first", "")
    assert "corrected for 3 looks, p = " in slight_one.sentence
    for one in together.values():
        assert bool(one.winner) == (one.p[0] < comparing.ALPHA and one.per_image.better != "")
        assert one.sentence.startswith("No winner") == (not one.winner)


def test_questions_and_types_are_corrected_over_all_methods(db: None) -> None:
    products = [make_product(f"Mug {n}", type=("mug", "lamp")[n % 2]) for n in range(12)]
    wanted = passing(products, one_each, "base")
    wanted += passing(products, lambda n: 1 + n % 3, "b") + passing(products, lambda n: 2 + n % 2, "c")
    put(wanted)
    found = comparing.compare(Filters(), ["base", "b", "c"])
    raw = [part.compared.tests[0].p for one in found for part in one.types]
    assert [part.p for one in found for part in one.types] == pytest.approx(paired.holm(raw))
    assert len(raw) == 4
    raw = [part.compared.tests[0].p for one in found for part in one.questions]
    assert [part.p for one in found for part in one.questions] == paired.holm(raw)
    assert all(
        part.winner == comparing.winner_of(part.compared, part.p, (one.first, one.second))
        for one in found
        for part in one.types + one.questions
    )


def test_no_winner_says_how_many_more_it_takes(db: None) -> None:
    products = [make_product() for _ in range(8)]
    put(passing(products, lambda n: n % 2, "base") + passing(products, lambda n: n % 3, "new"))
    (found,) = comparing.compare(Filters(), METHODS)
    needed = found.per_image.products_needed
    assert found.winner == ""
    assert f"about {needed:,} products would tell (power 80 %): {needed - 8:,} more" in found.sentence
    assert f"{(needed - 8) * 8:,} more images" in found.sentence


def test_several_looks_take_more(db: None) -> None:
    products = [make_product() for _ in range(8)]
    wanted = passing(products, lambda n: n % 2, "base") + passing(products, lambda n: n % 3, "new")
    put(wanted + passing(products, lambda n: (n + 1) % 2, "other"))
    (one,) = comparing.compare(Filters(), METHODS)
    (first, _) = comparing.compare(Filters(), [*METHODS, "other"])
    told = [
        int(text.split("about ")[1].split(" products")[0].replace(",", "")) for text in (one.sentence, first.sentence)
    ]
    # (z(.9875) + z(.8))² / (z(.975) + z(.8))²
    assert told[1] == pytest.approx(told[0] * 1.211, abs=1.5)


def test_types_with_too_few_products_are_counted_not_compared(db: None) -> None:
    mugs = [make_product(f"Mug {n}", type="mug") for n in range(comparing.FEWEST)]
    lamp = make_product("Lamp", type="lamp")
    wanted = [(one, name, "x", [n % 2 == 0]) for n, one in enumerate([*mugs, lamp]) for name in METHODS]
    put(wanted)
    (found,) = comparing.compare(Filters(), METHODS)
    assert ([part.name for part in found.types], found.types_left) == (["mug"], 1)
    (inside,) = comparing.compare(Filters(type=mugs[0].type_id), METHODS)
    assert (inside.types, inside.types_left, inside.products) == ((), 0, comparing.FEWEST)


def test_pairs_are_of_common_products(db: None) -> None:
    both, alone, other = (make_product() for _ in range(3))
    second = make_product()
    put(
        [(both, "base", "x", [True, False]), (both, "new", "x", [True]), (alone, "base", "x", [True]),
         (other, "new", "x", [True]), (second, "base", "x", [False]), (second, "new", "x", [True, True])]
    )  # fmt: skip
    pairs, items, left = comparing.pairs_of(Filters(), *METHODS)
    assert (len(items), left) == (2, (1, 1))
    assert np.array_equal(pairs.columns, [[1, 1, 2, 1], [2, 2, 1, 0]])


def test_queries_do_not_grow_with_types_and_questions(db: None, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    products = [make_product(f"P {n}", type=f"type {n % 6}") for n in range(30)]
    put([(one, name, "x", [n % 2 == 0]) for n, one in enumerate(products) for name in METHODS])
    with django_assert_max_num_queries(20):
        (found,) = comparing.compare(Filters(), METHODS, draws=20)
    assert len(found.types) == 6


def test_blocks_say_what_rows_say(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    packed_world()
    choices = (Filters(), Filters(voters="person", least=2), Filters(ranker="sum", top=3))
    of_rows = [comparing.compare(one, ["a", "b"], draws=20) for one in choices]
    monkeypatch.setattr(sums, "FEW", -1)
    assert [comparing.compare(one, ["a", "b"], draws=20) for one in choices] == of_rows
    assert len(comparing.pairs_of(Filters(), "a", "b")[1]) == of_rows[0][0].products > 1


def best_world(kinds: str) -> tuple[str, list[Product]]:
    """Six products, four images of each method in the order of a ranker and of the sum alike: all of "new" come before
    those of "base", and all but one pass; of "base", the first of each product alone. `kinds`: whose filter is told.
    """
    ranker, result = make_ranker(), make_result("generate")
    methods = {name: make_method(name) for name in METHODS}
    products, wanted = [make_product(f"Mug {n}", type="mug") for n in range(6)], []
    for product in products:
        for name, first in (("new", 0), ("base", 4)):
            run = make_run(product, method=methods[name])
            for n in range(4):
                score = 2.0 - (first + n) / 10
                one = make_candidate(run, result=result, place=n + 1, score=score, prompt="x")
                Score.objects.create(
                    ranker=ranker, candidate=one, product=product, probability=0.5, place=first + n + 1
                )
                wanted.append((one, n == 0 or (name == "new" and (n < 3 or product != products[0]))))
    judge([one for one, _ in wanted], [[YES if passes else NO] for _, passes in wanted])
    return (str(ranker.pk) if kinds == "ranker" else "sum"), products


@pytest.mark.parametrize("kinds", ["ranker", "sum"])
@pytest.mark.parametrize("few", [20_000, -1], ids=["rows", "blocks"])
def test_the_best_of_a_comparison_are_each_methods_own(
    kinds: str, few: int, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the best five of each product four are of "new" and one of "base", which passes: "base" would seem better."""
    ranker, products = best_world(kinds)
    monkeypatch.setattr(sums, "FEW", few)
    names = ["base v1", "new v1"]
    chosen = Filters(ranker=ranker, top=5)
    assert [chosen.but(method=name).rows().count() for name in names] == [6, 24]
    (found,) = comparing.compare(chosen, names, draws=20)
    assert (found.products, found.images) == (len(products), 6 * 8)
    assert (found.per_image.second, found.per_image.first, found.winner) == (0.25, pytest.approx(23 / 24), "new v1")
    (found,) = comparing.compare(chosen.but(top=2), names, draws=20)
    assert (found.products, found.images, found.per_image.second) == (len(products), 6 * 4, 0.5)
    assert comparing.pairs_of(chosen.but(top=1), *names)[0].columns.tolist() == [[1, 1, 1, 1]] * 6


def test_its_pictures_are_of_the_same_images(db: None) -> None:
    ranker, _ = best_world("ranker")
    chosen = Filters(ranker=ranker, top=2, least=2)
    row = comparisons.ask(chosen, ["base v1", "new v1"])
    comparisons.run(row.pk)
    row.refresh_from_db()
    gained = row.result[0]["moved"]["gained"]
    assert gained["count"] == 6
    assert [[verdict for _, verdict in images] for images in gained["shown"][0]] == [[1, 0], [1, 1]]


@pytest.mark.parametrize("kinds", ["ranker", "sum"])
def test_only_products_that_may_be_chosen_are_placed(kinds: str, db: None) -> None:
    """The best are looked for among all images of a product that the filters choose, and in no other product."""
    ranker, products = best_world(kinds)
    chosen = apart(Filters(ranker=ranker, top=2))
    campaign = JudgedImage.objects.values_list("campaign", flat=True)[0]
    narrowed = [({}, 6), ({"product": products[1].pk}, 1), ({"campaign": campaign}, 6),
                ({"campaign": campaign + 1}, 0), ({"type": products[0].type_id}, 6), ({"type": 0}, 0)]  # fmt: skip
    for fields, count in narrowed:
        assert chosen.but(**fields).first().count() == count * 4, fields
