"""Scores of whole products: places, picks, none good enough, and the switch to another ranker's."""

from typing import Any

import pytest

from generation.models import Candidate, StageResult
from ranking.exceptions import Damaged, NotPromoted
from ranking.models import DriftNotice, Policy, Promotion, Ranker, RankerFile, Score, ScoredProduct
from ranking.running import ordering, promoting, scoring
from ranking.selectors import picks
from ranking.services import notices, policy, registry, trials
from tests.factories.ranking import make_ranker, parted
from tests.ranking.conftest import Trained

WHY = "Only to see what it does."


def crown(ranker: Ranker) -> Promotion:
    """Champion, over the gate, with all images scored."""
    return promoting.prepare_and_switch(registry.begin_promotion(ranker, reason=WHY))


def test_every_image_of_a_product_has_its_place(trained: Trained) -> None:
    product = trained.world.products[0].pk
    assert scoring.score(trained.ranker, [product]) == 1
    rows = list(Score.objects.filter(ranker=trained.ranker).order_by("place"))
    assert [row.place for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row.probability for row in rows] == sorted((row.probability for row in rows), reverse=True)
    assert {row.candidate.run.product_id for row in rows} == {product}
    told = ScoredProduct.objects.get()
    assert (told.images, told.best) == (6, rows[0].probability)
    assert told.picked == sum(row.picked for row in rows)


def test_scores_are_what_the_ranker_says_of_stored_features(trained: Trained) -> None:
    """By the same code as in training: out of fold or not, the chance of an image is one of its table's."""
    from ranking.learning.table import Definition  # noqa: PLC0415 - numpy is wanted here alone
    from ranking.running import features, files  # noqa: PLC0415

    product = trained.world.products[1].pk
    scoring.score(trained.ranker, [product])
    table = features.table_of(Definition.from_plain(trained.ranker.features), [product])
    told = dict(zip(table.candidates.tolist(), files.fitted(trained.ranker).predict(table).tolist(), strict=True))
    assert dict(Score.objects.values_list("candidate", "probability")) == told


def test_chunks_come_in_their_order_each_with_what_the_ranker_says_of_it(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ranking.running import files  # noqa: PLC0415 - numpy is wanted here alone

    monkeypatch.setattr(scoring.features, "PRODUCTS", 1)
    products = [product.pk for product in trained.world.products]
    found = list(scoring.said(trained.ranker, products))
    assert [set(table.products.tolist()) for table, _ in found] == [{pk} for pk in sorted(products)]
    fitted = files.fitted(trained.ranker)
    assert all((chances == fitted.predict(table)).all() for table, chances in found)


def test_whoever_watches_may_stop_it(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring.features, "PRODUCTS", 1)

    def stop(done: int, _total: int, _doing: str) -> None:
        if done == 7:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        scoring.score(trained.ranker, [product.pk for product in trained.world.products], progress=stop)
    assert ScoredProduct.objects.count() == 5, "two chunks were still being computed"


@pytest.mark.parametrize(
    ("values", "outcome"),
    [({"threshold": 1.0}, "none good enough"), ({"threshold": 0.0, "distance": 0.0}, "picked")],
    ids=["none", "some"],
)
def test_no_image_may_be_good_enough(trained: Trained, values: dict[str, Any], outcome: str) -> None:
    policy.change(**values)
    crown(trained.ranker)
    found = picks.picks_of(trained.world.products[0].pk)
    assert found.outcome == outcome
    assert len(found.picked) == (4 if outcome == "picked" else 0)
    assert found.images == 6
    assert found.by == str(trained.ranker)


def test_nearly_the_same_image_is_not_picked_twice(trained: Trained) -> None:
    policy.change(threshold=0.0, distance=2.0)
    crown(trained.ranker)
    found = picks.picks_of(trained.world.products[0].pk)
    assert [pick.place for pick in found.picked] == [1]
    notes = Score.objects.filter(product=trained.world.products[0], place__gt=1).values_list("note", flat=True)
    assert all(f"nearly the same as #{found.picked[0].candidate.pk}" in note for note in notes)


def test_images_that_come_are_ranked_among_the_others(trained: Trained) -> None:
    crown(trained.ranker)
    first = trained.world.candidates[0]
    twin = Candidate.objects.get(pk=first.pk)
    twin.pk, twin.seed = None, 99
    twin.save()
    assert picks.picks_of(first.run.product_id).old
    assert scoring.stale(trained.ranker, policy.settled()) == [first.run.product_id]
    assert scoring.score_stale(trained.ranker) == 1
    found = picks.picks_of(first.run.product_id)
    assert not found.old
    assert found.images == 7
    assert scoring.score_stale(trained.ranker) == 0


def test_images_that_go_leave_no_score_behind(trained: Trained) -> None:
    crown(trained.ranker)
    product = trained.world.products[0]
    Candidate.objects.filter(run__product=product).delete()
    assert scoring.stale(trained.ranker, policy.settled()) == []
    assert not ScoredProduct.objects.filter(product=product).exists()
    assert picks.picks_of(product.pk).outcome == "no images"


def test_another_policy_makes_all_stale(trained: Trained) -> None:
    crown(trained.ranker)
    policy.change(top=2)
    assert len(scoring.stale(trained.ranker, policy.settled())) == 12
    scoring.score_stale(trained.ranker)
    assert ScoredProduct.objects.filter(policy=Policy.objects.first()).count() == 12


def test_a_promotion_shows_nothing_until_all_is_scored_and_then_everything(trained: Trained) -> None:
    begun = registry.begin_promotion(trained.ranker, reason=WHY)
    scoring.score(trained.ranker, [product.pk for product in trained.world.products[:6]])
    assert picks.picks_of(trained.world.products[0].pk).ranker is None
    done = promoting.prepare_and_switch(begun)
    assert done.state == Promotion.State.DONE
    assert {picks.picks_of(product.pk).ranker for product in trained.world.products} == {trained.ranker}


def test_a_promotion_that_dies_while_scoring_goes_on_where_it_was(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = registry.begin_promotion(trained.ranker, reason=WHY)
    real = scoring._write

    def write(*args: Any) -> None:
        real(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(scoring.features, "PRODUCTS", 4)
    monkeypatch.setattr(scoring, "_write", write)
    with pytest.raises(KeyboardInterrupt):
        promoting.prepare_and_switch(begun)
    assert registry.champion() is None
    there = ScoredProduct.objects.count()
    assert 0 < there < 12
    monkeypatch.setattr(scoring, "_write", real)
    promoting.prepare_and_switch(begun)
    assert registry.champion() == trained.ranker
    assert Score.objects.count() == 72


def test_a_promotion_that_was_given_up_prepares_nothing(trained: Trained) -> None:
    begun = registry.begin_promotion(trained.ranker, reason=WHY)
    registry.give_up(begun.pk, "Its job was cancelled.")
    with pytest.raises(NotPromoted, match="Ask for it again"):
        promoting.prepare_and_switch(begun)
    assert not Score.objects.exists()


def test_after_a_rollback_the_sum_picks_again(trained: Trained) -> None:
    crown(trained.ranker)
    registry.rollback()
    found = picks.picks_of(trained.world.products[0].pk)
    assert (found.outcome, found.by) == ("picked", "the plain sum")
    assert [pick.place for pick in found.picked] == [1, 2]


def test_the_stage_select_asks_the_champion(trained: Trained) -> None:
    product = trained.world.products[0]
    result = StageResult(stage="select", product=product)
    assert ordering.order(result) is None
    crown(trained.ranker)
    order = ordering.order(result)
    assert order is not None
    assert order.ranker == str(trained.ranker)
    own = Candidate.objects.filter(run__product=product).values_list("sha256", flat=True)
    assert set(order.chances) == set(own)
    assert all(order.chances[sha256] < 0.1 for sha256 in order.unfit)


def test_an_image_that_two_runs_share_is_fit_for_both(trained: Trained) -> None:
    policy.change(threshold=0.0, distance=0.0)
    crown(trained.ranker)
    product = trained.world.products[0]
    result = StageResult(stage="select", product=product)
    before = ordering.order(result)
    assert before is not None
    assert before.unfit == ()
    best = max(before.chances, key=before.chances.__getitem__)
    first = Candidate.objects.get(run__product=product, sha256=best)
    first.pk, first.seed = None, 99  # another run took it over: the same file
    first.save()
    policy.change(distance=0.01)
    after = ordering.order(result)
    assert after is not None
    assert Score.objects.filter(product=product).exclude(note="").count() == 1
    assert (after.unfit, set(after.chances)) == ((), set(before.chances))


def test_a_champion_that_cannot_score_opens_a_notice_and_the_sum_stands_in(trained: Trained) -> None:
    crown(trained.ranker)
    RankerFile.objects.all().delete()
    assert ordering.order(StageResult(stage="select", product=trained.world.products[0])) is None
    notice = DriftNotice.objects.get()
    assert notice.kind == "broken"
    assert "has no files any more" in notice.sentence


def test_the_sum_stands_in_for_what_a_broken_ranker_never_scored(trained: Trained) -> None:
    crown(trained.ranker)
    first, other = trained.world.products[:2]
    Score.objects.filter(product=first).delete()
    ScoredProduct.objects.filter(product=first).delete()
    assert picks.picks_of(first.pk).outcome == "not scored yet"
    notices.open_notice(trained.ranker, DriftNotice.Kind.FEATURES, "clip_i", "It has moved.", {})
    assert picks.picks_of(first.pk).outcome == "not scored yet", "one that has drifted scores on"
    notice = notices.open_notice(trained.ranker, DriftNotice.Kind.BROKEN, "", "It cannot score.", {})
    stood_in = picks.picks_of(first.pk)
    assert (stood_in.ranker, stood_in.by, stood_in.outcome, len(stood_in.picked)) == (
        None,
        "the plain sum",
        "picked",
        2,
    )
    assert picks.picks_of(other.pk).ranker == trained.ranker, "what it said before stays"
    candidate = Candidate.objects.filter(run__product=other)[0]
    candidate.pk, candidate.seed = None, 99
    candidate.save()
    assert picks.picks_of(other.pk).ranker is None, "of an image that came it says nothing"
    notices.close(notice)
    assert picks.picks_of(other.pk).ranker == trained.ranker


def test_a_trial_gives_its_share_of_the_products_its_own_picks(trained: Trained) -> None:
    trial = parted(trials.begin(trained.ranker, 0.5), trained.world.products)
    scoring.score_stale(trained.ranker)
    sides = {product.pk: picks.picks_of(product.pk).in_trial for product in trained.world.products}
    assert set(sides.values()) == {True, False}
    assert sides == {pk: trials.in_trial(trial, pk) for pk in sides}
    trials.end(trial)
    assert not any(picks.picks_of(product.pk).in_trial for product in trained.world.products)


def test_until_a_trials_ranker_has_scored_a_product_the_champions_picks_stay(trained: Trained) -> None:
    crown(trained.ranker)
    tried = make_ranker()  # without files: it never can
    trial = parted(trials.begin(tried, 0.5), trained.world.products)
    inside = next(product for product in trained.world.products if trials.in_trial(trial, product.pk))
    result = StageResult(stage="select", product=inside)
    for _ in range(2):  # before it has tried, and after it could not
        found = picks.picks_of(inside.pk)
        assert (found.ranker, found.in_trial) == (trained.ranker, False)
        order = ordering.order(result)
        assert order is not None
        assert order.ranker == str(trained.ranker)
    assert DriftNotice.objects.get(kind="broken").ranker == tried
    registry.rollback()
    assert trials.running() is None
    assert picks.picks_of(inside.pk).by == "the plain sum"


def test_a_ranker_without_files_says_so(db: None) -> None:
    with pytest.raises(Damaged, match="heads v1 has no files any more; train it again"):
        scoring.score(make_ranker(), [1])
