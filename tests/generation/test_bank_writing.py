"""`manage.py prompts write`: the catalogue's command, the generation room's models, drafts in the bank."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog import prompt_writers
from catalog.models import ContextPrompt
from generation import bank_writing
from generation.exceptions import BadModelSet, WriterFailed
from tests.factories.catalog import make_prompt, make_type
from tests.factories.checkpoints.perceivers import TinyModels

pytestmark = pytest.mark.django_db


class Writer:
    """Answers with the same lines for ever."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines

    def write(self, _instruction: str, *, seed: int) -> str:  # noqa: ARG002
        return "\n".join(self.lines)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the writer say these lines."""

    def say(*lines: str) -> None:
        models = TinyModels(writer=Writer(*lines))
        monkeypatch.setattr(bank_writing, "model_set", lambda: None)
        monkeypatch.setattr(bank_writing, "worker_models", lambda _set: models)

    return say


def run(*arguments: str) -> tuple[str, str]:
    out, errors = io.StringIO(), io.StringIO()
    call_command("prompts", "write", *arguments, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


def test_new_scenes_become_drafts_of_the_writer(answers: Any) -> None:
    make_type(name="mug")
    answers("A {product} on an oak table at dawn.", "Snow falls around a {product} left outside.")
    out, errors = run("mug", "--count", "2")
    assert out == "mug: 2 drafts added, 0 left out\n"
    assert errors == ""
    found = ContextPrompt.objects.values_list("text", "status", "origin")
    assert list(found) == [
        ("A {product} on an oak table at dawn.", "draft", "writer"),
        ("Snow falls around a {product} left outside.", "draft", "writer"),
    ]


def test_what_breaks_the_banks_rule_is_told_and_left_out(answers: Any) -> None:
    make_type(name="mug")
    answers("A {product} on oak, beside another {product}.", "Too short")
    out, errors = run("mug", "--count", "1")
    assert ContextPrompt.objects.count() == 0
    assert "left out: Too short (The text has 9 characters; 12 to 400 are needed.)" in errors
    assert "must stand there exactly once" in errors
    assert out.startswith("mug: 0 drafts added")


def test_rejected_scenes_do_not_come_back(answers: Any) -> None:
    type_ = make_type(name="mug")
    make_prompt(type=type_, text="A {product} on an oak table at dawn.", status=ContextPrompt.Status.REJECTED)
    answers("A {product} on an oak table at dawn.")
    assert "It is nearly" in run("mug", "--count", "1")[1]
    assert ContextPrompt.objects.count() == 1


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(CommandError, match="There is no product type 'spoon'"):
        run("spoon")


@pytest.mark.parametrize("count", ["0", "many", "-1", "1001"])
def test_a_count_that_is_none_is_refused(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    make_type(name="mug")
    with pytest.raises(SystemExit):
        run("mug", f"--count={count}")
    assert f"'{count}' is not a number from 1 to 1000" in capsys.readouterr().err


@pytest.mark.parametrize("error", [BadModelSet("No model set is chosen."), WriterFailed("It did not answer.")], ids=str)
def test_a_writer_that_cannot_write_is_one_sentence(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail() -> None:
        raise error

    make_type(name="mug")
    monkeypatch.setattr(bank_writing, "model_set", fail)
    with pytest.raises(CommandError, match=str(error)):
        run("mug")


def test_without_a_room_that_writes_the_command_says_so() -> None:
    make_type(name="mug")
    path = "generation.bank_writing.write_prompts"
    try:
        prompt_writers.withdraw()
        with pytest.raises(CommandError, match="No prompt writer is installed here"):
            run("mug")
    finally:
        prompt_writers.provide(path)
    assert prompt_writers.writer() is bank_writing.write_prompts
    assert Path(bank_writing.__file__).stem == path.split(".")[1]
