"""Costs are summed once for each result, in seconds and in money, and shared out over the images that count."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings

from generation import accepting
from generation.models import Candidate, Run
from generation.selectors import costs
from generation.selectors.costs import Cost
from tests.factories.generation import make_method, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs(paid_runs: tuple[Run, Run]) -> tuple[Run, Run]:
    return paid_runs


def test_a_run_pays_for_what_it_made_and_was_spared_the_rest(runs: tuple[Run, Run]) -> None:
    first, second = (costs.bill_of_run(run) for run in runs)
    assert (first.total.seconds, first.saved.seconds) == (40, 0)
    assert (second.total.seconds, second.saved.seconds) == (20, 10)
    assert list(first.stages) == ["segment", "generate"]
    assert (first.candidates, first.picked) == (4, 1)
    assert first.per_candidate.seconds == 10
    assert first.per_picked.seconds == 40


def test_a_method_and_a_product_pay_for_a_shared_result_once(runs: tuple[Run, Run]) -> None:
    for bill in (costs.bill_of_method(runs[0].method_id), costs.bill_of_product(runs[0].product_id)):
        assert bill.total == Cost(seconds=60, gpu_seconds=30, peak_bytes=3000, images=6)
        assert (bill.candidates, bill.picked) == (6, 2)


def test_money_is_gpu_time_at_the_price_of_an_hour(runs: tuple[Run, Run], settings: LazySettings) -> None:
    settings.GPU_HOUR_PRICE = 1.8
    bill = costs.bill_of_method(runs[0].method_id)
    assert bill.total.money == pytest.approx(30 / 3600 * 1.8)
    assert bill.per_candidate.money == pytest.approx(30 / 3600 * 1.8 / 6)


class TestAccepted:
    def test_all_that_was_made_beside_it_is_paid_with_it(
        self, runs: tuple[Run, Run], judged: Callable[..., None]
    ) -> None:
        judged(Candidate.objects.all(), (1,))
        found = costs.per_accepted(runs[0].method_id)
        assert found is not None
        assert found.judged == 6, "what the safety filter held back is none"
        assert (found.cost.number, found.cost.seconds, found.cost.gpu_seconds) == (2, 30, 15)

    def test_runs_of_which_nobody_has_judged_an_image_are_left_out(
        self, runs: tuple[Run, Run], judged: Callable[..., None]
    ) -> None:
        judged(Candidate.objects.filter(run=runs[1], place=1), (1,))
        found = costs.per_accepted(runs[0].method_id)
        assert found is not None
        # The shared result is paid by whoever's images count.
        assert (found.judged, found.cost.number, found.cost.seconds) == (1, 1, 30)

    def test_with_none_accepted_there_is_no_cost_of_one(
        self, runs: tuple[Run, Run], judged: Callable[..., None]
    ) -> None:
        judged(Candidate.objects.all(), ())
        found = costs.per_accepted(runs[0].method_id)
        assert found is not None
        assert (found.judged, found.cost.number, found.cost.seconds, found.cost.money) == (6, 0, None, None)

    def test_of_another_method_nothing_is_known(self, runs: tuple[Run, Run], judged: Callable[..., None]) -> None:
        judged(Candidate.objects.filter(run__in=runs), (1,))
        assert costs.per_accepted(make_method().pk) is None

    def test_without_a_room_that_knows_nothing_is(self, runs: tuple[Run, Run], judged: Callable[..., None]) -> None:
        judged(Candidate.objects.all(), (1,))
        accepting.withdraw()
        assert costs.per_accepted(runs[0].method_id) is None


def test_nothing_made_has_cost_nothing() -> None:
    bill = costs.bill_of_run(make_run())
    assert bill.total == Cost()
    assert bill.per_candidate.number == 0


def test_memory_is_the_most_and_all_else_the_sum() -> None:
    assert Cost(1, 2, 30, 4, 5) + Cost(1, 1, 20, 1, 1) == Cost(2, 3, 30, 5, 6)
