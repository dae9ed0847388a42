"""Kept sums, those of rows and those of blocks are the same, for every choice that they can tell."""

from collections.abc import Callable

import pytest

from catalog.models import ProductType
from raters.models import QuestionSet
from review import sums
from review.filters import Filters
from review.models import UNTYPED, Counter, JudgedImage
from review.sums import Source
from tests.review.made import mixed_world
from tests.review.packed import MANY, packed_world, scanned_choices

Read = Callable[[Source], None]


@pytest.fixture
def read_from(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Has sums read from rows or from blocks, whether they are kept or not, and however few images there are."""

    def read(source: Source) -> None:
        monkeypatch.setattr(Filters, "is_kept", False)
        monkeypatch.setattr(sums, "FEW", -1 if source == Source.BLOCKS else 1_000)

    return read


def kept_choices() -> list[Filters]:
    first = JudgedImage.objects.order_by("pk")[0].campaign
    kinds = [None, UNTYPED, *ProductType.objects.values_list("pk", flat=True)]
    return [
        Filters(campaign=campaign, method=method, type=kind)
        for campaign in (None, first, 999_999)
        for method in ("", "a", "gone")
        for kind in kinds
    ]


def told(filters: Filters) -> dict[str, object]:
    parts = sums.parts(filters)
    return {
        "whole": sums.whole(filters),
        "method": sums.by(filters, "method"),
        "type": sums.by(filters, "type"),
        "campaign": sums.by(filters, "campaign"),
        "parts": (parts.whole, parts.methods, parts.types, parts.sets),
        "questions": [
            (asked.pk, sums.questions(filters, asked.pk, asked.questions.count()))
            for asked in QuestionSet.objects.order_by("pk")
        ],
        "of questions": [
            (asked.pk, sums.of_questions(filters, asked.pk, asked.questions.count()))
            for asked in QuestionSet.objects.order_by("pk")
        ],
    }


def scanned(filters: Filters) -> dict[str, object]:
    return told(filters) | {"weeks": sums.by_week(filters), "sets": sums.of_sets(filters)}


def test_kept_sums_are_those_of_a_scan(read_from: Read, db: None) -> None:
    mixed_world()
    wanted = kept_choices()
    kept = [told(one) for one in wanted]
    assert sums.source_of(wanted[0]) == Source.KEPT
    for source in (Source.ROWS, Source.BLOCKS):
        read_from(source)
        assert sums.source_of(wanted[0]) == source
        assert [told(one) for one in wanted] == kept
    assert sums.whole(Filters()).sums.images > 0


def test_blocks_add_up_to_what_rows_do(read_from: Read, db: None) -> None:
    choices = scanned_choices(packed_world()) | {"everything": Filters()}
    read_from(Source.ROWS)
    of_rows = {name: scanned(one) for name, one in choices.items()}
    read_from(Source.BLOCKS)
    for name, one in choices.items():
        assert scanned(one) == of_rows[name], name
    images = {name: found["whole"].sums.images for name, found in of_rows.items()}  # type: ignore[attr-defined]
    assert [name for name, number in images.items() if not number] == [name for name in choices if "no such" in name]
    assert 0 < images["by the sum"] < images["everything"]


def test_questions_told_along_the_way_are_those_asked_for(read_from: Read, db: None) -> None:
    packed_world()
    read_from(Source.BLOCKS)
    parts = sums.parts(Filters())
    for asked in QuestionSet.objects.all():
        count = asked.questions.count()
        assert sums.questions(Filters(), asked.pk, count, parts) == sums.questions(Filters(), asked.pk, count)
    long = next(key for key, found in parts.questions.items() if len(found) == MANY)
    assert sums.questions(Filters(), long, MANY + 1, parts)[MANY].sums.images == 0
    assert parts.questions[long][17].alone == 2


@pytest.mark.parametrize(
    ("name", "counter", "filters", "few", "source"),
    [
        ("what sums are kept for", {}, Filters(method="a"), -1, Source.KEPT),
        ("many images", {}, Filters(voters="person"), 3, Source.BLOCKS),
        ("few images", {}, Filters(voters="person"), 1_000, Source.ROWS),
        ("few of a method", {}, Filters(method="gone", voters="person"), 3, Source.ROWS),
        ("few that fit", {}, Filters(voters="import"), 3, Source.ROWS),
        ("a ranker's best of many", {}, Filters(ranker="sum", top=1), 3, Source.BLOCKS),
        ("one product", {}, Filters(product=1), -1, Source.ROWS),
        ("being counted anew", {"partial": True}, Filters(method="a"), -1, Source.ROWS),
        ("packed in another way", {"packed": 99}, Filters(voters="person"), -1, Source.ROWS),
        ("not packed yet", {"packed": 0}, Filters(voters="person"), -1, Source.ROWS),
    ],
)
def test_what_sums_are_read_from(  # noqa: PLR0917 - a case's columns
    name: str, counter: dict[str, object], filters: Filters, few: int, source: Source, db: None
) -> None:
    mixed_world()
    Counter.objects.update(**counter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums, "FEW", few)
        assert sums.source_of(filters) == source
