"""Runs from being asked for to their candidates: what is refused, what is shared, what is made once only."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.conf import LazySettings
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from catalog.models import Product
from generation.exceptions import BadModelSet, CheckpointMissing, GenerationError, LicenceRefused, NotPossible
from generation.model_sets import model_set
from generation.models import Batch, Candidate, Method, Run, RunStage, StageResult
from generation.recipe import FinetuneConfig, GenerateConfig, NewContextsConfig, NovelViewsConfig, Recipe, SelectConfig
from generation.services import control
from generation.services.guessing import types_to_choose_from
from generation.services.planning import plan_runs
from generation.services.runs import Wish, next_seed, start_batch, start_run
from jobs.models import Job
from tests.factories.catalog import make_photo, make_product, make_type
from tests.factories.generation import make_light_set, make_method, make_ready_product, make_run
from tests.factories.stand_ins import Workshop

pytestmark = pytest.mark.django_db
Work = Callable[..., int]
SMALL = Recipe(
    novel_views=NovelViewsConfig(views=2),
    new_contexts=NewContextsConfig(per_photo=2),
    finetune=FinetuneConfig(steps=2, sweep=None),
    generate=GenerateConfig(candidates=4, prompts=3),
    select=SelectConfig(top=2),
)
WITH_CLASS_IMAGES = replace(SMALL, finetune=FinetuneConfig(prior_weight=1.0, class_images=3, sweep=None))
STAGES = 10  # of SMALL


def wish(recipe: Recipe = SMALL, **fields: object) -> Wish:
    return Wish(make_method(recipe=recipe), **fields)  # type: ignore[arg-type]


def test_a_run_goes_from_photos_to_picked_candidates(work: Work, operator: User) -> None:
    asked = wish()
    run = start_run(make_ready_product(photos=2), asked, asked_by=operator)
    assert run.state == Run.State.PLANNED
    assert list(run.stages.values_list("stage", flat=True)) == [
        "segment", "caption", "novel_views", "new_contexts", "negatives", "filter", "finetune", "generate",
        "measure", "select",
    ]  # fmt: skip
    assert Job.objects.count() == STAGES

    work()

    run.refresh_from_db()
    assert (run.state, run.problem) == (Run.State.SUCCEEDED, "")
    assert (run.candidate_count, run.picked_count) == (3, 2)
    assert run.started_at is not None
    assert run.finished_at is not None
    assert Method.objects.get(pk=asked.method.pk).frozen
    candidates = Candidate.objects.filter(run=run)
    assert candidates.count() == 4
    assert list(candidates.filter(picked=True).order_by("place").values_list("place", flat=True)) == [1, 2]
    dropped = candidates.get(dropped="shows blood")
    assert (dropped.clip_i, dropped.place) == (None, None)
    for candidate in candidates.filter(dropped=""):
        assert candidate.clip_i is not None
        assert candidate.score is not None
        assert candidate.adapter is not None
        assert "sks mug" in candidate.words
        assert default_storage.exists(candidate.key)


def test_asked_twice_it_is_one_run_and_nothing_is_made_again(work: Work, workshop: Workshop) -> None:
    product, asked = make_ready_product(), wish()
    run = start_run(product, asked)
    assert start_run(product, asked) == run
    assert Job.objects.count() == STAGES
    work()
    ran = len(workshop.ran)
    assert start_run(product, asked) == run
    assert work() == 0
    assert len(workshop.ran) == ran == STAGES


def test_a_changed_parameter_redoes_what_depends_on_it(work: Work, workshop: Workshop) -> None:
    product = make_ready_product()
    start_run(product, wish())
    work()
    workshop.ran.clear()

    run = start_run(product, wish(replace(SMALL, finetune=FinetuneConfig(rank=16, steps=2, sweep=None))))
    work()

    assert workshop.ran == ["finetune", "generate", "measure", "select"]
    assert set(run.stages.filter(reused=True).values_list("stage", flat=True)) == {
        "segment", "caption", "novel_views", "new_contexts", "negatives", "filter",
    }  # fmt: skip
    run.refresh_from_db()
    assert run.state == Run.State.SUCCEEDED


def test_what_differs_in_name_only_is_there_at_once(work: Work, workshop: Workshop) -> None:
    product = make_ready_product()
    first = start_run(product, wish())
    work()
    workshop.ran.clear()

    second = start_run(product, wish())

    assert second.state == Run.State.SUCCEEDED
    assert work() == 0
    assert workshop.ran == []
    pictures = [set(Candidate.objects.filter(run=run).values_list("sha256", "place")) for run in (first, second)]
    assert pictures[0] == pictures[1]


def test_class_images_of_a_type_are_made_once(work: Work, workshop: Workshop) -> None:
    asked = wish(WITH_CLASS_IMAGES)
    runs = [start_run(make_ready_product(noun), asked) for noun in ("mug", "mug", "chair")]
    work()
    assert workshop.ran.count("class_images") == 2
    assert workshop.ran.count("segment") == 3
    assert StageResult.objects.filter(stage="class_images", product=None).count() == 2
    assert [runs[index].stages.get(stage="class_images").reused for index in range(3)] == [False, True, False]
    assert set(Run.objects.values_list("state", flat=True)) == {"succeeded"}


def test_another_seed_shares_what_no_seed_changes(work: Work, workshop: Workshop) -> None:
    product, method = make_ready_product(), make_method(recipe=SMALL)
    start_run(product, Wish(method))
    work()
    workshop.ran.clear()
    assert next_seed(product, method) == 1
    start_run(product, Wish(method, seed=1))
    work()
    assert "segment" not in workshop.ran
    assert "caption" not in workshop.ran
    assert "novel_views" in workshop.ran


def test_fewer_candidates_than_the_method_says(work: Work) -> None:
    run = start_run(make_ready_product(), wish(candidates=2))
    work()
    assert Candidate.objects.filter(run=run).count() == 2


@pytest.mark.parametrize(
    ("before", "now", "makes", "said"),
    [
        (2, 3, 3, "Run #{} was asked for 2 images before, and makes 3 now."),
        (3, None, None, "Run #{} was asked for 3 images before, and makes 4 now."),
        (3, 2, 3, "Run #{} was on its way already and makes the 3 images asked for before, not 2."),
        (None, 2, None, "Run #{} was on its way already and makes the 4 images asked for before, not 2."),
        (2, 2, 2, ""),
        (None, 4, None, ""),
    ],
)
def test_a_wish_for_a_run_on_its_way_lowers_nobodys(  # noqa: PLR0917 - a table
    before: int | None, now: int | None, makes: int | None, said: str, operator: User, analyst: User
) -> None:
    product, asked = make_ready_product(), wish()
    run = start_run(product, replace(asked, candidates=before), asked_by=operator)
    told: list[str] = []
    assert start_run(product, replace(asked, candidates=now), asked_by=analyst, tell=told.append) == run
    assert Run.objects.get().candidates_asked == makes
    assert told == ([said.format(run.pk)] if said else [])


def test_who_asks_again_lowers_nobody_who_asked_for_more_meanwhile(operator: User, analyst: User) -> None:
    product, asked = make_ready_product(), wish()
    run = start_run(product, replace(asked, candidates=2), asked_by=operator)
    start_run(product, replace(asked, candidates=3), asked_by=analyst)
    told: list[str] = []
    start_run(product, replace(asked, candidates=2), asked_by=operator, tell=told.append)
    assert Run.objects.get().candidates_asked == 3
    assert told == [f"Run #{run.pk} was on its way already and makes the 3 images asked for before, not 2."]


@pytest.mark.parametrize("state", ["paused", "needs_person"])
def test_a_run_that_waits_is_on_its_way(state: str) -> None:
    product, asked = make_ready_product(), wish()
    start_run(product, replace(asked, candidates=3))
    Run.objects.update(state=state)
    start_run(product, replace(asked, candidates=2))
    assert Run.objects.get().candidates_asked == 3


def test_the_wish_for_a_run_that_was_cancelled_may_be_lowered(operator: User, analyst: User) -> None:
    product, asked = make_ready_product(), wish()
    run = start_run(product, replace(asked, candidates=2), asked_by=operator)
    control.cancel([run.pk])
    told: list[str] = []
    start_run(product, replace(asked, candidates=1), asked_by=analyst, tell=told.append)
    assert Run.objects.get().candidates_asked == 1
    assert told == [f"Run #{run.pk} was asked for 2 images before, and makes 1 now."]


def test_another_model_set_for_a_run_on_its_way_is_told(settings: LazySettings) -> None:
    product, asked = make_ready_product(), wish()
    run = start_run(product, asked)
    other = make_light_set(settings.MODEL_SETS_DIR, "other")
    told: list[str] = []
    start_run(product, replace(asked, model_set=other), tell=told.append)
    assert told == [f"Run #{run.pk} was to use the model set {run.model_set}, and uses other now."]


@pytest.mark.parametrize("candidates", [2, 9])
def test_a_run_with_images_does_not_change(work: Work, candidates: int, operator: User, analyst: User) -> None:
    product, asked = make_ready_product(), wish()
    run = start_run(product, asked, asked_by=operator)
    work()
    with pytest.raises(NotPossible, match="take another seed, such as 1"):
        start_run(product, replace(asked, candidates=candidates), asked_by=analyst)
    assert start_run(product, replace(asked, candidates=4), asked_by=analyst) == run, "as many as the method says"


REFUSED: dict[str, tuple[Callable[[], tuple[Product, Wish]], type[GenerationError], str]] = {
    "no photos": (
        lambda: (make_ready_product(photos=0, title="Red mug"), wish()),
        NotPossible,
        "'Red mug' has no photos; add one",
    ),
    "no approved prompts": (
        lambda: (make_ready_product(prompts=0), wish()),
        NotPossible,
        "no approved prompt for the type mug",
    ),
    "a retired method": (
        lambda: (make_ready_product(), Wish(make_method("old", SMALL, retired=True))),
        NotPossible,
        "old v1 is retired",
    ),
    "a seed out of range": (lambda: (make_ready_product(), wish(seed=-1)), NotPossible, "seed -1"),
    "no candidates": (lambda: (make_ready_product(), wish(candidates=0)), NotPossible, "0 candidates"),
    "a set that there is not": (
        lambda: (make_ready_product(), wish(model_set="none-such")),
        BadModelSet,
        "no model set 'none-such'; there are: .*light",
    ),
    "a scheduler that is not for the set": (
        lambda: (make_ready_product(), wish(replace(SMALL, generate=GenerateConfig(scheduler="ddim")))),
        NotPossible,
        "'ddim' is not for flux2-klein",
    ),
    "a next tier that there is not": (
        lambda: (make_ready_product(), wish(replace(SMALL, next_tier="none-such"))),
        NotPossible,
        "'none-such' as its next tier",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_made_is_refused_and_nothing_is_written(
    make: Callable[[], tuple[Product, Wish]], error: type[GenerationError], sentence: str
) -> None:
    product, asked = make()
    with pytest.raises(error, match=sentence):
        start_run(product, asked)
    assert not Run.objects.exists()
    assert not Job.objects.exists()
    assert not Method.objects.get(pk=asked.method.pk).frozen


def test_a_commercial_run_refuses_a_licence_that_forbids_it(settings: LazySettings) -> None:
    free = make_light_set(settings.MODEL_SETS_DIR, "research", commercial=False)
    product, asked = make_ready_product(), wish(model_set=free)
    with pytest.raises(LicenceRefused, match="commercial"):
        start_run(product, replace(asked, commercial=True))
    assert start_run(product, asked).model_set == "research"


def test_a_missing_checkpoint_is_named_before_any_work(settings: LazySettings) -> None:
    (settings.MODEL_SETS_DIR / "checkpoints" / "video.json").unlink()
    with pytest.raises(CheckpointMissing, match="The video of the model set light"):
        start_run(make_ready_product(), wish())
    assert not Run.objects.exists()


def test_a_checkpoint_that_the_method_does_not_need_may_be_missing(settings: LazySettings) -> None:
    (settings.MODEL_SETS_DIR / "checkpoints" / "video.json").unlink()
    assert start_run(make_ready_product(), wish(replace(SMALL, novel_views=None))).state == Run.State.PLANNED


def know_only(settings: LazySettings, written: str) -> None:
    """Give the set that runs name its own words."""
    file = settings.MODEL_SETS_DIR / f"{settings.MODEL_SET}.toml"
    file.write_text(f"{written}\n{file.read_text()}")


def test_a_type_that_the_set_has_no_word_for_is_refused(settings: LazySettings) -> None:
    know_only(settings, 'scenes = ["{product} here"]\nnouns = { handbag = "bag", lamp = "light" }')
    run = make_run(make_ready_product("sneaker"), method=make_method(recipe=SMALL), model_set="light")
    sentence = "The model set light does not know the type sneaker; it knows handbag, lamp."
    with pytest.raises(NotPossible, match=sentence):
        start_run(run.product, wish())
    plan_runs([run.pk])
    run.refresh_from_db()
    assert run.state == Run.State.NEEDS_PERSON
    assert run.problem.startswith(sentence)
    assert not run.stages.exists()


def test_a_set_of_few_words_is_asked_in_these(settings: LazySettings) -> None:
    """Its own scenes in place of the bank's texts, its own word for the type, and no type that it does not know."""
    for noun in ("lamp", "sneaker"):
        make_type(noun)
    scenes = ["{product} here", "{product} there"]
    know_only(settings, f'scenes = {scenes}\nnouns = {{ handbag = "bag", lamp = "light" }}')
    run = start_run(make_ready_product("handbag", prompts=0), wish())
    made = {link.stage: link.result.inputs for link in run.stages.select_related("result")}
    assert {target["template"] for target in made["generate"]["targets"]} == set(scenes)
    assert set(made["new_contexts"]["prompts"]) < set(scenes)
    assert made["finetune"]["product"]["noun"] == "bag"
    assert made["negatives"]["other_nouns"] == ["light"]


def test_jobs_are_grouped_by_what_a_worker_must_hold_warm() -> None:
    start_run(make_ready_product(title="Red mug"), wish())
    job = RunStage.objects.get(stage="segment").result.job
    assert job is not None
    assert (job.affinity, job.subject, job.queue) == ("segment light", "Cut out: Red mug", "gpu")


class TestBatches:
    def test_runs_of_many_products_are_planned_by_a_job(self, work: Work, operator: User) -> None:
        products = [make_ready_product() for _ in range(3)]
        started = start_batch([product.pk for product in products], wish(), title="Type mug", asked_by=operator)
        assert (started.added, started.there) == (3, 0)
        assert Job.objects.get().kind == "generation.plan"
        assert started.batch is not None

        work()

        batch = Batch.objects.get(pk=started.batch.pk)
        assert (batch.total, batch.succeeded, batch.planned, batch.running) == (3, 3, 0, 0)
        assert batch.is_over

    def test_a_product_that_lacks_something_lets_the_others_go_on(self, work: Work) -> None:
        good, bare = make_ready_product(), make_ready_product(photos=0, title="Bare mug")
        started = start_batch([good.pk, bare.pk], wish())
        assert started.batch is not None
        work()
        batch = Batch.objects.get(pk=started.batch.pk)
        assert (batch.succeeded, batch.needs_person) == (1, 1)
        assert "'Bare mug' has no photos" in Run.objects.get(product=bare).problem

    def test_products_that_have_such_a_run_are_left_alone(self) -> None:
        first, second, asked = make_ready_product(), make_ready_product(), wish()
        start_run(first, asked)
        started = start_batch([first.pk, second.pk], asked)
        assert (started.added, started.there) == (1, 1)
        again = start_batch([first.pk, second.pk], asked)
        assert (again.batch, again.added, again.there) == (None, 0, 2)

    def test_no_product_is_no_batch(self) -> None:
        with pytest.raises(NotPossible, match="No product"):
            start_batch([], wish())

    def test_starting_takes_as_many_queries_for_twenty_as_for_four(self) -> None:
        counts = []
        for number in (4, 20):
            ids = [make_ready_product().pk for _ in range(number)]
            asked = wish()
            with CaptureQueriesContext(connection) as queries:
                start_batch(ids, asked)
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_planning_takes_as_many_queries_for_twelve_as_for_three(self) -> None:
        counts = []
        for number in (3, 12):
            method = make_method(recipe=SMALL)
            runs = [make_run(make_ready_product(), method=method, model_set="light") for _ in range(number)]
            with CaptureQueriesContext(connection) as queries:
                plan_runs([run.pk for run in runs])
            counts.append(len(queries))
        assert counts[1] <= counts[0] + 12, "a state for each run, and nothing else"


class TestTypes:
    def test_a_product_without_a_type_is_looked_at_first(self) -> None:
        make_ready_product("mug")
        product = make_ready_product("chair")
        Product.objects.filter(pk=product.pk).update(type=None)
        product.refresh_from_db()
        run = start_run(product, wish())
        assert run.state == Run.State.PLANNED
        assert list(Job.objects.values_list("kind", flat=True)) == ["generation.guess-type"]
        assert not run.stages.exists()

    @pytest.mark.parametrize(
        ("written", "sentence"),
        [
            ("", "No product type has approved prompts, so there is nothing to choose from"),
            ('scenes = ["{product} here"]', "There is no product type to choose from"),
            ('nouns = { lamp = "light" }', "light can make none of the product types that are there; it knows lamp."),
        ],
        ids=["prompts", "scenes", "few words"],
    )
    def test_with_nothing_to_choose_from_the_way_out_is_told(
        self, written: str, sentence: str, settings: LazySettings, work: Work
    ) -> None:
        know_only(settings, written)
        product = make_product()
        make_photo(product)
        start_run(product, wish())
        work()
        assert sentence in Job.objects.get(kind="generation.guess-type").error

    def test_nothing_is_guessed_for_a_product_with_a_type(self) -> None:
        start_run(make_ready_product(), wish())
        assert not Job.objects.filter(kind="generation.guess-type").exists()

    def test_a_type_without_products_or_prompts_is_no_choice(self) -> None:
        make_type("unused")
        make_product()
        make_ready_product("mug")
        assert [row.name for row in types_to_choose_from(model_set())] == ["mug"]

    @pytest.mark.parametrize(
        ("written", "wanted"),
        [
            ('scenes = ["{product} here"]', ["chair", "lamp", "mug"]),
            ('nouns = { lamp = "light", mug = "cup" }', ["mug"]),
            ('scenes = ["{product} here"]\nnouns = { lamp = "light", sofa = "sofa" }', ["lamp"]),
        ],
        ids=["of scenes", "of few words", "of both"],
    )
    def test_a_set_with_words_of_its_own_has_other_types_to_choose_from(
        self, written: str, wanted: list[str], settings: LazySettings
    ) -> None:
        for noun, prompts in (("chair", 0), ("lamp", 0), ("mug", 1)):
            make_ready_product(noun, prompts=prompts)
        know_only(settings, written)
        assert [row.name for row in types_to_choose_from(model_set())] == wanted
