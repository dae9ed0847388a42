"""Keep or drop: thresholds, the best of each photo, the ratio; and what calibration says of them."""

import pytest

from generation import calibration
from generation.judging import Judged, counted, judged, kept_best, ratio_held
from generation.recipe import FilterConfig
from generation.records import Kind, Picture, TrainingImage

CONFIG = FilterConfig()
GOOD = {"clip_i": 0.8, "clip_t": 0.25, "seg_clip_i": 0.9, "iou": 0.95}


def picture(name: str) -> Picture:
    return Picture(f"generated/{name}", name, 64, 64)


def image(
    kind: Kind = "new-context", source: str = "photo", name: str = "one", scores: dict[str, float] | None = None
) -> TrainingImage:
    return TrainingImage(kind, picture(source), picture(name), None, "text", scores or {}, True)


class TestThresholds:
    @pytest.mark.parametrize(
        ("kind", "scores", "said"),
        [
            ("new-context", GOOD, []),
            ("photo", {}, []),
            ("new-context", GOOD | {"clip_i": 0.5, "iou": 0.8}, []),
            ("new-context", GOOD | {"clip_i": 0.49}, ["CLIP-I) is 0.490, below 0.500"]),
            ("new-context", GOOD | {"clip_t": 0.1, "iou": 0.2}, ["CLIP-T) is 0.100", "IoU) is 0.200, below 0.800"]),
            ("novel-view", {"clip_i": 0.8, "clip_t": 0.25, "seg_clip_i": 0.69}, ["Seg CLIP-I) is 0.690"]),
            ("novel-view", {"clip_i": 0.8, "clip_t": 0.25}, ["no outline of the product is known"]),
            ("in-class", {"clip_i": 0.97}, []),
            ("in-class", {"clip_i": 0.98}, ["it shows the product", "0.980, above 0.970"]),
            ("counterfactual", {"clip_i": 0.99, "seg_clip_i": 0.6}, []),
            ("counterfactual", {"clip_i": 0.9, "seg_clip_i": 0.98}, ["it shows the product"]),
            ("counterfactual", {"clip_i": 0.99}, ["it shows the product"]),
        ],
        ids=[
            "good", "photos are not doubted", "just enough", "unlike", "two faults", "changed", "no outline",
            "a negative", "a negative too alike", "a counterfactual is judged by what replaced the product",
            "it is the product again", "without an outline the whole counts",
        ],
    )  # fmt: skip
    def test_each_drop_says_why_with_both_figures(self, kind: Kind, scores: dict[str, float], said: list[str]) -> None:
        found = judged(image(kind, scores=scores), CONFIG).image
        assert found.kept == (not said)
        assert all(part in found.reason for part in said)
        assert found.scores == scores


def contexts(*clip_i: float, source: str = "photo", kind: Kind = "new-context") -> list[Judged]:
    return [
        Judged(image(kind, source, f"{source} {place}", GOOD | {"clip_i": value})) for place, value in enumerate(clip_i)
    ]


class TestBestOfEachPhoto:
    @pytest.mark.parametrize(
        ("share", "kept"),
        [(1.0, [1, 1, 1, 1]), (0.75, [1, 1, 0, 1]), (0.5, [0, 1, 0, 1]), (0.0, [0, 1, 0, 0])],
        ids=["all", "three quarters", "half", "one at least"],
    )  # fmt: skip
    def test_the_share_is_of_all_that_were_made(self, share: float, kept: list[int]) -> None:
        assert [one.image.kept for one in kept_best(contexts(0.6, 0.9, 0.55, 0.8), share)] == kept

    def test_what_was_dropped_before_counts_as_made_and_stays_dropped(self) -> None:
        images = contexts(0.6, 0.9, 0.55, 0.8)
        images[1] = images[1].dropped("before")
        found = kept_best(images, 0.5)
        assert [one.image.kept for one in found] == [True, False, False, True]
        assert found[1].image.reason == "before"

    def test_photos_do_not_compete_nor_views_with_contexts(self) -> None:
        images = contexts(0.9, 0.8) + contexts(0.6, 0.5, source="other") + contexts(0.7, 0.55, kind="novel-view")
        assert [one.image.kept for one in kept_best(images, 0.5)] == [True, False] * 3

    def test_equal_sums_keep_those_made_first(self) -> None:
        found = kept_best(contexts(0.8, 0.8, 0.8, 0.8), 0.5)
        assert [one.image.kept for one in found] == [True, True, False, False]
        assert (
            found[2].image.reason
            == "place 3 of 4 from this photo by the sum of its scores (1.950); the best 2 are kept"
        )


def negatives(*clip_i: float) -> list[Judged]:
    return [Judged(image("in-class", name=f"negative {value}", scores={"clip_i": value})) for value in clip_i]


class TestRatio:
    PHOTO = Judged(image("photo", name="photo"))

    @pytest.mark.parametrize(
        ("positives", "negative", "ratio", "left"),
        [
            (3, 2, 2.0, (4, 2)),
            (1, 3, 2.0, (2, 1)),
            (7, 2, 2.0, (4, 2)),
            (3, 0, 2.0, (4, 0)),
            (0, 3, 2.0, (1, 1)),
            (3, 4, 1.0, (4, 4)),
            (5, 3, 3.0, (6, 2)),
            (5, 9, None, (6, 9)),
        ],
        ids=[
            "as asked", "too many negatives", "too many positives", "no negatives", "a photo alone", "1 : 1", "3 : 1",
            "no ratio asked for",
        ],
    )  # fmt: skip
    def test_the_surplus_of_either_side_goes(
        self, positives: int, negative: int, ratio: float | None, left: tuple[int, int]
    ) -> None:
        images = [self.PHOTO, *contexts(*[0.9] * positives), *negatives(*[0.5] * negative)]
        held = ratio_held(images, ratio)
        assert counted(one.image for one in held) == left
        assert len(held) == len(images)

    def test_the_worst_of_each_side_go_first(self) -> None:
        held = ratio_held([self.PHOTO, *contexts(0.9), *negatives(0.5, 0.9, 0.4)], 2.0)
        assert [one.image.kept for one in held] == [True, True, False, False, True]
        held = ratio_held([self.PHOTO, *contexts(0.6, 0.9, 0.7), *negatives(0.5)], 2.0)
        assert [one.image.kept for one in held] == [True, False, True, False, True]
        assert held[1].image.reason == (
            "surplus: 4 positives and 1 negatives passed, and the method asks for 2 : 1; of the positives this is among"
            " the worst"
        )

    def test_photos_stay_however_few_negatives_there_are(self) -> None:
        photos = [Judged(image("photo", name=f"photo {place}")) for place in range(5)]
        held = ratio_held([*photos, *contexts(0.9), *negatives(0.5)], 2.0)
        assert [one.image.kept for one in held] == [True] * 5 + [False, True]


class TestCalibration:
    IMAGES = [
        image("photo"),
        *(image(scores=GOOD | {"clip_i": value}) for value in (0.2, 0.4, 0.6, 0.8, 1.0)),
        image("in-class", scores={"clip_i": 0.5}),
        image("in-class", scores={"clip_i": 0.99}),
    ]

    def test_spreads_are_of_new_images_by_kind_and_score(self) -> None:
        found = {(row.kind, row.score): row for row in calibration.spreads(self.IMAGES)}
        assert set(found) == {("new-context", name) for name in GOOD} | {("in-class", "clip_i")}
        row = found["new-context", "clip_i"]
        assert row.count == 5
        assert row.mean == pytest.approx(0.6)
        assert row.quantiles == pytest.approx((0.24, 0.4, 0.6, 0.8, 0.96))

    @pytest.mark.parametrize(
        ("kind", "threshold", "kept"),
        [("new-context", 0.6, 3), ("new-context", 0.0, 5), ("in-class", 0.97, 1), ("in-class", 0.4, 0)],
        ids=["at least", "all", "at most", "none"],
    )
    def test_each_threshold_says_what_it_would_keep(self, kind: Kind, threshold: float, kept: int) -> None:
        found = [
            row for row in calibration.effects(self.IMAGES, [threshold]) if (row.kind, row.score) == (kind, "clip_i")
        ]
        assert [(row.kept, row.share) for row in found] == [(kept, kept / found[0].count)]

    @pytest.mark.parametrize(
        ("kind", "share", "threshold"),
        [("new-context", 0.6, 0.52), ("new-context", 1.0, 0.2), ("in-class", 0.5, 0.745)],
    )
    def test_the_threshold_for_a_share(self, kind: Kind, share: float, threshold: float) -> None:
        assert calibration.threshold_for(self.IMAGES, kind, "clip_i", share) == pytest.approx(threshold)
        assert calibration.threshold_for(self.IMAGES, "novel-view", "clip_i", share) is None

    def test_all_thresholds_together(self) -> None:
        positive, negative = calibration.together(self.IMAGES, CONFIG)
        assert (positive.kind, positive.kept, positive.count) == ("new-context", 3, 5)
        assert positive.dropped_by == {"clip_i": 2, "clip_t": 0, "seg_clip_i": 0, "iou": 0}
        assert (negative.kind, negative.kept, negative.count) == ("in-class", 1, 2)
        assert negative.dropped_by == {"clip_i": 1}

    def test_nothing_gives_no_rows(self) -> None:
        assert [*calibration.spreads([]), *calibration.effects([], [0.5]), *calibration.together([], CONFIG)] == []
