"""`manage.py generate`, `runs` and `methods`: what they start, say and refuse."""

import io
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from generation.exceptions import NotEnoughImages
from generation.models import Batch, Method, Run
from generation.recipe import FinetuneConfig, GenerateConfig, Recipe, recipe_from_toml
from generation.services.methods import load_shipped
from jobs import process
from tests.factories.generation import make_method, make_ready_product
from tests.factories.stand_ins import Workshop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("method")]
SMALL = Recipe(
    novel_views=None,
    new_contexts=None,
    negatives=None,
    filter=None,
    finetune=FinetuneConfig(steps=2, sweep=None),
    generate=GenerateConfig(candidates=3, prompts=3),
)
Say = Callable[..., str]


@pytest.fixture
def say() -> Say:
    """Runs a command and gives what it said, to both streams."""

    def run(*words: Any) -> str:
        out = io.StringIO()
        call_command(*words, stdout=out, stderr=out)
        return out.getvalue()

    return run


@pytest.fixture
def method(db: None, asked: None) -> Method:
    return make_method("small", SMALL)


class TestGenerate:
    def test_one_product_by_number(self, say: Say) -> None:
        product = make_ready_product(title="Red mug")
        said = say("generate", "--product", product.pk, "--method", "small", "--seed", 3, "--candidates", 2)
        run = Run.objects.get()
        assert said == f"Run #{run.pk} of Red mug by small v1: planned.\n"
        assert (run.seed, run.candidates_asked, run.model_set) == (3, 2, "light")

    def test_what_becomes_of_an_earlier_wish_is_said(self, say: Say) -> None:
        asked = ("generate", "--product", make_ready_product().pk, "--method", "small", "--candidates")
        say(*asked, 2)
        run = Run.objects.get()
        assert say(*asked, 3).startswith(f"Run #{run.pk} was asked for 2 images before, and makes 3 now.\n")

    def test_one_product_by_the_sellers_name(self, say: Say) -> None:
        make_ready_product(source="shop", external_id="4711")
        make_ready_product(source="shop", external_id="4712")
        say("generate", "--source", "shop", "--external-id", "4712", "--method", "small v1")
        assert Run.objects.get().product.external_id == "4712"

    def test_all_of_a_type_are_a_batch(self, say: Say) -> None:
        for noun in ("mug", "mug", "chair"):
            make_ready_product(noun)
        assert "2 new runs by small v1." in say("generate", "--type", "Mug", "--method", "small")
        assert (Batch.objects.get().title, Batch.objects.get().total) == ("Type mug", 2)
        said = say("generate", "--all", "--method", "small")
        assert "1 new runs by small v1; 2 had such a run already." in said

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            ((), "Say which products"),
            (("--product", "999999"), "no such product"),
            (("--type", "none-such"), "no such product"),
            (("--all", "--method", "none-such"), "There is no method 'none-such'; there are: small"),
            (("--all", "--method", "small v9"), "There is no method 'small v9'"),
            (("--all", "--model-set", "none-such"), "There is no model set 'none-such'"),
            (("--all", "--seed", "-1"), "seed -1"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
    )
    def test_what_makes_no_sense_is_said(self, words: tuple[str, ...], sentence: str, say: Say) -> None:
        make_ready_product()
        given = words if "--method" in words else (*words, "--method", "small")
        with pytest.raises(CommandError, match=sentence):
            say("generate", *given)
        assert not Run.objects.exists()

    def test_a_product_that_the_other_options_exclude_is_named(self, say: Say) -> None:
        mug, chair = make_ready_product("mug"), make_ready_product("chair")
        with pytest.raises(CommandError, match=f"no product #{chair.pk}, or the other options"):
            say("generate", "--product", mug.pk, "--product", chair.pk, "--type", "mug", "--method", "small")


@pytest.mark.django_db(transaction=True)
class TestHere:
    def test_the_work_is_done_here_and_told(self, say: Say, workshop: Workshop) -> None:
        product = make_ready_product(title="Red mug")
        said = say("generate", "--product", product.pk, "--method", "small", "--here")
        assert workshop.ran[-1] == "select"
        assert "Cut out: done" in said
        assert "of Red mug: 2 candidates, 2 picked," in said

    def test_what_failed_is_told_and_the_status_says_so(self, say: Say, workshop: Workshop) -> None:
        workshop.trouble["generate"] = NotEnoughImages("No prompt is left.")
        make_ready_product()
        make_ready_product()
        with pytest.raises(CommandError, match="2 of 2 runs did not succeed"):
            say("generate", "--all", "--method", "small", "--here")

    def test_waiting_ends_when_workers_have_done_it(self, say: Say) -> None:
        product = make_ready_product()
        say("generate", "--product", product.pk, "--method", "small", "--here")
        assert "2 candidates" in say("generate", "--product", product.pk, "--method", "small", "--wait")

    def test_ctrl_c_stops_at_the_next_step_and_cancels_nothing(
        self, say: Say, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(process._Process, "stopping", False)
        product = make_ready_product(photos=2)
        code = workshop.code

        def interrupted(stage: Any) -> Any:
            if stage.name == "caption" and not process.stopping():
                signal.raise_signal(signal.SIGINT)
            return code(stage)

        monkeypatch.setattr(workshop, "code", interrupted)
        with pytest.raises(CommandError, match="The runs are not cancelled") as stopped:
            say("generate", "--product", product.pk, "--method", "small", "--here")
        assert stopped.value.returncode == 130
        assert Run.objects.get().state in (Run.State.RUNNING, Run.State.PLANNED)

        monkeypatch.setattr(process._Process, "stopping", False)
        monkeypatch.setattr(workshop, "code", code)
        say("generate", "--product", product.pk, "--method", "small", "--here")
        assert Run.objects.get().state == Run.State.SUCCEEDED


class TestRuns:
    def test_runs_are_listed_and_shown(self, say: Say, work: Callable[..., int]) -> None:
        product = make_ready_product(title="Red mug")
        say("generate", "--product", product.pk, "--method", "small")
        run = Run.objects.get()
        assert f"#{run.pk}" in say("runs", "list")
        assert "Red mug" not in say("runs", "list", "--state", "failed")
        work()
        shown = say("runs", "show", run.pk)
        assert "succeeded" in shown
        assert "Fine-tune" in shown
        assert "s a candidate" in shown

    def test_runs_are_steered_by_number(self, say: Say) -> None:
        run = make_run_of(say)
        assert say("runs", "pause", run) == "1 run paused.\n"
        assert Run.objects.get().state == Run.State.PAUSED
        assert say("runs", "resume", run) == "1 run resumed.\n"
        assert say("runs", "cancel", run) == "1 run cancelled.\n"
        assert say("runs", "cancel", run) == "0 runs cancelled.\n"
        assert say("runs", "retry", run) == "1 run tried again.\n"
        assert Run.objects.get().state == Run.State.PLANNED

    def test_batches_are_steered_as_one(self, say: Say) -> None:
        for _ in range(2):
            make_ready_product()
        say("generate", "--all", "--method", "small")
        batch = Batch.objects.get()
        assert say("runs", "pause", "--batch", batch.pk) == "2 runs paused.\n"
        assert say("runs", "cancel", "--batch", batch.pk) == "2 runs cancelled.\n"
        assert say("runs", "retry", "--batch", batch.pk) == "0 runs tried again.\n"

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("show", "9"), "no run #9"),
            (("cancel", "9"), "no run #9"),
            (("pause", "--batch", "9"), "no batch #9"),
            (("pause",), "Say what to pause"),
        ],
        ids=["show", "cancel", "a batch", "nothing named"],
    )
    def test_what_there_is_not_is_said(self, words: tuple[str, ...], sentence: str, say: Say) -> None:
        with pytest.raises(CommandError, match=sentence):
            say("runs", *words)


class TestMethods:
    def test_shipped_methods_are_loaded_once(self, say: Say) -> None:
        assert "paper-2503.08729 v1" in say("methods", "load")
        assert say("methods", "load") == "All methods that come with Vitrine are there.\n"
        assert "Ablation: rank 1" in say("methods", "list")

    def test_two_are_compared(self, say: Say) -> None:
        load_shipped()
        said = say("methods", "diff", "paper-2503.08729", "ablation-rank-16")
        assert said == "finetune.rank: 64 → 16\n"

    def test_a_method_is_shown_and_added_again(self, say: Say, tmp_path: Path) -> None:
        load_shipped()
        text = say("methods", "show", "reference-edit")
        file = tmp_path / "mine.toml"
        file.write_text('title = "Mine"\n' + text)
        assert say("methods", "add", str(file)) == "mine v1\n"
        assert say("methods", "add", str(file), "--name", "other") == "other v1\n"
        assert Method.objects.get(name="mine").parts == recipe_from_toml(text)

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("show", "none-such"), "There is no method"),
            (("diff", "none-such", "other"), "There is no method"),
            (("add", "none-such.toml"), "cannot be read: No such file"),
        ],
        ids=["show", "diff", "add"],
    )
    def test_what_there_is_not_is_said(self, words: tuple[str, ...], sentence: str, say: Say) -> None:
        with pytest.raises(CommandError, match=sentence):
            say("methods", *words)


def make_run_of(say: Say) -> int:
    product = make_ready_product()
    say("generate", "--product", product.pk, "--method", "small")
    return int(Run.objects.get().pk)
