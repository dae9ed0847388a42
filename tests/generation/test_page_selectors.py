"""What pages read: the state of photos, the stage to open with, the buttons that fit a state."""

from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Photo
from generation.exceptions import NotPossible
from generation.method_form import Input
from generation.models import Batch, PhotoCaption, PhotoMask, Run, RunStage
from generation.models.results import StageState
from generation.recipe_fields import parameters
from generation.records import Caption, CaptionResult, Picture, SegmentResult, to_plain
from generation.records import PhotoMask as MaskRecord
from generation.running import StageJob
from generation.selectors.photos import photo_state
from generation.selectors.runs import chosen_stage, is_live, tiers_of
from generation.selectors.stages import Shot, maker_of, settings_of, training_of
from generation.services import marking
from generation.storage import site_files
from generation.views.acts import ACTS, acts_for, acts_for_batch
from jobs.context import JobContext
from tests.factories.accounts import make_user
from tests.factories.catalog import make_photo
from tests.factories.generation import make_method, make_result, make_run
from tests.factories.jobs import make_job
from tests.factories.stand_ins import picture

pytestmark = pytest.mark.django_db


def told(photo: Photo, key: str, **fields: Any) -> PhotoMask:
    return PhotoMask.objects.create(photo=photo, key=key, sha256="0" * 64, width=4, height=4, **fields)


def segmented(photo: Photo, *, found: bool) -> None:
    """What a model said of the photo."""
    picture = Picture(photo.key, photo.sha256, photo.width, photo.height)
    mask = Picture("generated/aa/mask.png", "1" * 64, photo.width, photo.height) if found else None
    record = MaskRecord(
        picture, mask, (1, 2, 3, 4) if found else None, 0.3, 0.9, "automatic", "" if found else "Where?"
    )
    make_result("segment", product=photo.product, state=StageState.SUCCEEDED, result=to_plain(SegmentResult((record,))))


class TestPhotos:
    def test_nobody_has_looked(self) -> None:
        state = photo_state(make_photo())
        assert (state.mask_url, state.mask_by, state.caption, state.needs_person) == ("", "", "", False)

    def test_what_a_model_found(self) -> None:
        photo = make_photo()
        segmented(photo, found=True)
        state = photo_state(photo)
        assert (state.mask_by, state.box, state.score) == ("automatic", (1, 2, 3, 4), 0.9)

    def test_what_a_model_did_not_find_needs_a_person_until_one_has_told(self) -> None:
        photo = make_photo()
        segmented(photo, found=False)
        assert photo_state(photo).needs_person
        assert photo_state(photo).problem == "Where?"
        told(photo, "mine")
        assert not photo_state(photo).needs_person

    def test_the_newest_word_of_a_person_wins_and_what_is_undone_is_silent(self) -> None:
        photo = make_photo()
        segmented(photo, found=True)
        told(photo, "first")
        newest = told(photo, "second", prompt={"box": [1, 1, 3, 3], "points": []})
        state = photo_state(photo)
        assert (state.mask_key, state.mask_by, state.box) == ("second", "person", (1, 1, 3, 3))
        PhotoMask.objects.filter(pk=newest.pk).update(undone_at=timezone.now())
        assert photo_state(photo).mask_key == "first"
        PhotoMask.objects.update(undone_at=timezone.now())
        assert photo_state(photo).mask_by == "automatic"

    def test_captions_follow_the_same_rule(self) -> None:
        photo = make_photo()
        PhotoCaption.objects.create(photo=photo, template="a {product}", undone_at=timezone.now())
        assert photo_state(photo).caption_by == ""
        marking.bring_captions({photo.pk: "the {product}"})
        assert (photo_state(photo).caption, photo_state(photo).caption_by) == ("the {product}", "catalogue")
        writer = make_user()
        PhotoCaption.objects.create(photo=photo, template="my {product}", made_by=writer)
        assert (photo_state(photo).caption, photo_state(photo).caption_by) == ("my {product}", "person")
        writer.delete()
        assert photo_state(photo).caption_by == "person", "whose account is gone by now"

    def test_what_was_given_and_set_aside_is_not_shown_as_automatic(self) -> None:
        photo = make_photo()
        picture = Picture(photo.key, photo.sha256, photo.width, photo.height)
        given = Caption(picture, "my {product}", "given")
        drawn = MaskRecord(picture, picture, (0, 0, 1, 1), 0.5, 1.0, "person")
        for stage, result in (("caption", CaptionResult((given,))), ("segment", SegmentResult((drawn,)))):
            make_result(stage, product=photo.product, state=StageState.SUCCEEDED, result=to_plain(result))
        state = photo_state(photo)
        assert (state.caption, state.caption_by, state.mask_key, state.mask_by) == ("", "", "", "")

    def test_captions_that_come_along_are_checked_as_a_persons_are(self) -> None:
        photo = make_photo()
        with pytest.raises(NotPossible, match="where the product is named"):
            marking.bring_captions({photo.pk: "a mug"})
        assert not PhotoCaption.objects.exists()


def run_with(**states: str) -> Run:
    run = make_run()
    for order, (stage, state) in enumerate(states.items()):
        result = make_result(stage, state=state, **({"result": {}} if state == StageState.SUCCEEDED else {}))
        RunStage.objects.create(run=run, order=order, stage=stage, method=run.method, result=result)
    return run


class TestStages:
    @pytest.mark.parametrize(
        ("states", "asked", "opened"),
        [
            ({"segment": "succeeded", "caption": "succeeded", "filter": "waiting"}, "", "caption"),
            ({"segment": "succeeded", "caption": "running", "filter": "failed"}, "", "filter"),
            ({"segment": "succeeded", "caption": "running"}, "", "caption"),
            ({"segment": "waiting", "caption": "waiting"}, "", "segment"),
            ({"segment": "succeeded", "caption": "running"}, "segment", "segment"),
            ({"segment": "succeeded"}, "nonsense", "segment"),
        ],
    )
    def test_a_page_opens_with_what_matters(self, states: dict[str, str], asked: str, opened: str) -> None:
        chosen = chosen_stage(tiers_of(run_with(**states)), asked)
        assert chosen is not None
        assert chosen.name == opened

    def test_a_run_that_is_not_planned_opens_with_none(self) -> None:
        assert chosen_stage(tiers_of(make_run())) is None

    def test_what_waits_when_a_run_has_ended_was_not_reached(self) -> None:
        run = run_with(segment="failed", caption="waiting")
        assert [stage.state for stage in tiers_of(run)[0].stages] == ["failed", "waiting"]
        run.state = Run.State.FAILED
        assert [stage.state for stage in tiers_of(run)[0].stages] == ["failed", "skipped"]

    def test_the_maker_of_a_shared_result_is_named_once_it_is_known(self) -> None:
        run = run_with(segment="waiting")
        own = run.stages.get()
        other = RunStage.objects.create(
            run=make_run(), order=0, stage="segment", method=run.method, result=own.result, reused=True
        )
        assert maker_of(other) == run.pk
        assert maker_of(own) is None

    def test_settings_name_what_differs_parts_included(self) -> None:
        result = make_result("finetune", config={"rank": 8, "sweep": None, "early_stop": {"every": 50}})
        differing = {setting.parameter.path: setting.value for setting in settings_of(result) if setting.differs}
        assert differing["finetune.rank"] == 8
        assert differing["finetune.sweep"] is False
        assert differing["finetune.early_stop"] is True
        assert "finetune.steps" not in differing

    def test_class_images_have_no_settings_of_their_own(self) -> None:
        assert settings_of(make_result("class_images")) == []

    @pytest.mark.parametrize("stage", ["finetune", "segment"])
    def test_nothing_is_known_of_a_training_before_its_end(self, stage: str) -> None:
        assert training_of(make_result(stage)) is None

    def test_while_it_trains_the_curve_and_the_images_so_far_are_there(self) -> None:
        result = make_result("finetune", state="running", told={"loss": [[10, 0.5], [20, 0.25]]})
        context = StageJob(JobContext(make_job(state="running")), result)
        shown = [picture(site_files(), "validation", number) for number in range(2)]
        for step, one in zip((600, 1200), shown, strict=True):
            context.show(f"Step {step}: a photo of sks mug: red", one)
        training = training_of(result)
        assert training is not None
        assert training.record is None
        assert training.curve is not None
        assert (training.curve.first, training.curve.last) == (0.5, 0.25)
        assert training.shots == [
            Shot("step 600", "a photo of sks mug: red", shown[0].key),
            Shot("step 1200", "a photo of sks mug: red", shown[1].key),
        ]
        assert training.tried == []


BUTTONS = {
    "planned": ["pause", "cancel"], "running": ["pause", "cancel"], "paused": ["resume", "cancel"],
    "needs_person": ["retry", "cancel"], "failed": ["retry"], "cancelled": ["retry"], "succeeded": [],
}  # fmt: skip


class TestActs:
    @pytest.mark.parametrize("state", BUTTONS)
    def test_the_buttons_fit_the_state(self, state: str) -> None:
        assert [act for act, _, _ in acts_for(Run(state=state))] == BUTTONS[state]

    def test_every_state_has_its_buttons(self) -> None:
        assert set(BUTTONS) == set(Run.State.values)

    @pytest.mark.parametrize("state", ["planned", "running"])
    def test_only_what_goes_on_is_looked_at_again(self, state: str) -> None:
        assert is_live(Run(state=state))
        assert not is_live(Run(state="succeeded"))

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"total": 5, "running": 5}, ["pause", "cancel"]),
            ({"total": 5, "paused": 5, "state": "paused"}, ["resume", "cancel"]),
            ({"total": 5, "failed": 2, "succeeded": 3}, ["retry"]),
            ({"total": 5, "succeeded": 5}, []),
            ({"total": 5, "cancelled": 5, "state": "cancelled"}, []),
        ],
    )
    def test_a_batchs_buttons_fit_its_counts(self, fields: dict[str, Any], expected: list[str]) -> None:
        assert [act for act, _, _ in acts_for_batch(Batch(**fields))] == expected

    @pytest.mark.parametrize("act", ["pause", "resume", "cancel", "retry"])
    def test_what_the_state_does_not_allow_is_refused_by_name(self, act: str) -> None:
        run = make_run(state="succeeded", method=make_method())
        with pytest.raises(NotPossible, match=rf"Run #{run.pk} is succeeded"):
            ACTS[act].run(run)


@pytest.mark.parametrize(
    ("path", "value", "shown", "bounds"),
    [
        ("finetune.rank", 64, "64", "1 to 512."),
        ("finetune.learning_rate", 2e-5, "0.00002", "0 to 1."),
        ("finetune.alpha", None, "", "0 to 1,024."),
        ("finetune.steps", "many", "many", "1 to 100,000."),
        ("finetune.validate_every", 0, "0", "At least 0."),
        ("select.least_sum", 1.0, "1", ""),
        ("filter.least_clip_i", 0.5, "0.5", "-1 to 1."),
    ],
)
def test_a_number_is_shown_as_people_write_it(path: str, value: Any, shown: str, bounds: str) -> None:
    field = Input(next(one for one in parameters() if one.path == path), value)
    assert (field.shown, field.range) == (shown, bounds)
