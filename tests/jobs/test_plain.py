"""Texts and values from strangers, as every database keeps them."""

from typing import Any

import pytest

from jobs import plain


@pytest.mark.parametrize(
    ("given", "kept"),
    [("Stühle 椅子 🪑\n", "Stühle 椅子 🪑\n"), ("a\x00b", "a\\x00b"), ("caf\udce9.jpg", "caf\\udce9.jpg"), ("", "")],
)
def test_a_text_keeps_all_that_can_be_kept(given: str, kept: str) -> None:
    assert plain.text(given) == kept


@pytest.mark.parametrize("value", [None, 3, {"a": ["é", "🪑", "\\u0000", "\\\\u0000", "\n\x01"]}])
def test_plain_values_stay_what_they_are(value: Any) -> None:
    assert plain.as_json(value) == value


def test_tuples_become_lists() -> None:
    assert plain.as_json(("a", (1,))) == ["a", [1]]


@pytest.mark.parametrize("value", [{"a": "x\x00"}, "\\\x00", {"\x00": 1}, ["\udce9"], {"\ud800": 1}, float("nan")])
def test_what_no_database_keeps_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"NUL|no character|not JSON compliant"):
        plain.as_json(value)
