"""Readers of the environment: each refuses by name what it cannot use."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from vitrine.env import Environment


def env(**variables: str) -> Environment:
    return Environment(variables)


def test_an_empty_value_counts_as_unset() -> None:
    assert env(VITRINE_LOG_LEVEL="  ").text("VITRINE_LOG_LEVEL", "INFO") == "INFO"


def test_a_required_value_that_is_missing_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^VITRINE_SECRET_KEY is not set"):
        env().text("VITRINE_SECRET_KEY")


def test_a_choice_is_one_of_its_choices() -> None:
    assert env(X="json").text("X", "text", choices=("text", "json")) == "json"
    with pytest.raises(ImproperlyConfigured, match="X='xml' is not one of text, json"):
        env(X="xml").text("X", "text", choices=("text", "json"))


@pytest.mark.parametrize(("text", "value"), [("TRUE", True), ("on", True), ("1", True), ("No", False), ("0", False)])
def test_flags(text: str, value: bool) -> None:
    assert env(X=text).flag("X", not value) is value


def test_a_flag_is_nothing_else() -> None:
    with pytest.raises(ImproperlyConfigured, match="X='maybe' is not a flag"):
        env(X="maybe").flag("X", False)


@pytest.mark.parametrize(
    ("text", "message"), [("two", "not a whole number"), ("0", "between 1 and 9"), ("10", "between 1 and 9")]
)
def test_a_whole_number_within_its_limits(text: str, message: str) -> None:
    assert env(X="3").integer("X", 1, minimum=1, maximum=9) == 3
    with pytest.raises(ImproperlyConfigured, match=f"^X=.*{message}"):
        env(X=text).integer("X", 1, minimum=1, maximum=9)


@pytest.mark.parametrize(("text", "value"), [("1.85", 1.85), ("0", 0.0), ("", 2.0)])
def test_a_number_may_have_decimals(text: str, value: float) -> None:
    assert env(X=text).number("X", 2.0) == value


@pytest.mark.parametrize("text", ["-0.5", "nan", "inf", "two", "1,85"])
def test_a_number_below_0_or_no_number_is_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="X="):
        env(X=text).number("X", 2.0)


def test_names_drop_blanks() -> None:
    assert env(X=" a, ,b,").names("X") == ["a", "b"]


@pytest.mark.parametrize("value", ["", " , "])
def test_names_without_a_default_need_one(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^X is not set"):
        env(X=value).names("X", None)


def test_a_secret_is_long_and_no_message_repeats_it() -> None:
    assert env(X="abcdefghij" * 5).secret("X", minimum=50)
    with pytest.raises(ImproperlyConfigured, match=r"^X is too easy to guess") as error:
        env(X="hunter2").secret("X", minimum=50)
    assert "hunter2" not in str(error.value)
    with pytest.raises(ImproperlyConfigured, match="too easy"):
        env(X="a" * 80).secret("X", minimum=50)


def test_a_folder_is_made(tmp_path: Path) -> None:
    wished = tmp_path / "with spaces # and ?" / "inner"
    assert env(X=str(wished)).folder("X", tmp_path) == wished
    assert wished.is_dir()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ImproperlyConfigured, match=r"^X=.*/file/x cannot be made a folder"):
        env(X=str(tmp_path / "file" / "x")).folder("X", tmp_path)


def test_a_misspelt_variable_is_an_error_with_a_suggestion() -> None:
    reader = env(VITRINE_LOGLEVEL="INFO")
    reader.text("VITRINE_LOG_LEVEL", "INFO")
    with pytest.raises(
        ImproperlyConfigured, match=r"VITRINE_LOGLEVEL is not a setting.* Did you mean VITRINE_LOG_LEVEL"
    ):
        reader.refuse_unknown()


def test_variables_of_other_programs_are_none_of_our_business() -> None:
    env(PATH="/bin", HOME="/root").refuse_unknown()


def test_the_default_database_is_a_file_whatever_its_name_holds(tmp_path: Path) -> None:
    file = tmp_path / "50% #1 ?.sqlite3"
    assert env().database("DATABASE_URL", file)["NAME"] == str(file)


def test_an_address_error_names_the_variable_and_hides_the_password() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL is not a URL") as error:
        env(DATABASE_URL="postgresql://me:hunter2/x@host/db").database("DATABASE_URL", None)
    assert "hunter2" not in str(error.value)
