"""Kept sums and scanned ones are the same, for every choice that both can tell."""

import pytest

from catalog.models import ProductType
from raters.models import QuestionSet
from review import sums
from review.filters import Filters
from review.models import UNTYPED, JudgedImage
from tests.review.made import mixed_world


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> "Scan":
    return Scan(monkeypatch)


class Scan:
    """Makes a choice that is kept be scanned all the same."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def __call__(self, on: bool) -> None:
        if on:
            self._patch.setattr(Filters, "is_kept", False)
        else:
            self._patch.undo()


def choices() -> list[Filters]:
    first = JudgedImage.objects.order_by("pk")[0].campaign
    kinds = [None, UNTYPED, *ProductType.objects.values_list("pk", flat=True)]
    return [
        Filters(campaign=campaign, method=method, type=kind)
        for campaign in (None, first, 999_999)
        for method in ("", "a", "gone")
        for kind in kinds
    ]


def test_kept_sums_are_those_of_a_scan(scanned: Scan, db: None) -> None:
    mixed_world()
    wanted = choices()
    asked = QuestionSet.objects.get()
    kept = [told(one, asked) for one in wanted]
    scanned(True)
    again = [told(one, asked) for one in wanted]
    scanned(False)
    assert kept == again
    assert kept[0]["whole"].sums.images > 0


def told(filters: Filters, asked: QuestionSet) -> dict[str, object]:
    count = asked.questions.count()
    return {
        "whole": sums.whole(filters),
        "method": sums.by(filters, "method"),
        "type": sums.by(filters, "type"),
        "campaign": sums.by(filters, "campaign"),
        "parts": sums.parts(filters),
        "questions": sums.questions(filters, asked.pk, count),
    }
