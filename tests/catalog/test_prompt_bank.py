"""The rule of a prompt's text, the lines of a file, and the bank that is shipped."""

import json
from collections import Counter

import pytest

from catalog.exceptions import PromptRefused
from catalog.prompt_bank import clean_text, numbered_lines, read_line, same_text, shipped_files


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("A {product} on a table.", "A {product} on a table."),
        ("  A {product}\n on\ta  table. ", "A {product} on a table."),
        ("{product} by it", "{product} by it"),
        ("{product} — café №5, ½ lit", "{product} — café №5, ½ lit"),
        ("{product} " + "x" * 390, "{product} " + "x" * 390),
    ],
)
def test_a_good_text_is_kept_on_one_line(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The text has 0 characters; 12 to 400 are needed."),
        ("{product} .", "The text has 11 characters; 12 to 400 are needed."),
        ("{product} " + "x" * 391, "The text has 401 characters; 12 to 400 are needed."),
        ("A mug on a table.", "The text has {product} 0 times; it must stand there exactly once."),
        ("A {product} by a {product}.", "The text has {product} 2 times; it must stand there exactly once."),
        ("A {Product} on a table.", "The text has {product} 0 times; it must stand there exactly once."),
        ("A {product} on a {thing}.", "The text has a { besides {product}. Take it out."),
        ("A {{product}} on a table.", "The text has a { besides {product}. Take it out."),
        ("A {product} on a\u200b table.", "The text holds a character that cannot be seen. Type it anew instead"),
        ("A {product} on a\0 table.", "The text holds a character that cannot be seen. Type it anew instead"),
    ],
)
def test_a_text_that_breaks_the_rule_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(PromptRefused) as refusal:
        clean_text(text)
    assert str(refusal.value).startswith(sentence)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("{", "not JSON"),
        ("[" * 9_000, "not JSON"),
        ("[1]", 'needs a "type" and a "text"'),
        ('{"type": "mug"}', 'needs a "type" and a "text"'),
        ('{"type": 1, "text": "A {product} here."}', 'needs a "type" and a "text"'),
        ('{"type": " ", "text": "A {product} here."}', "is not a name"),
        (json.dumps({"type": "m" * 81, "text": "A {product} here."}), "is not a name"),
        ('{"type": "mug", "text": "A {product} here.", "status": "good"}', "'good' is not one of draft, approved"),
        ('{"type": "mug", "text": "A {product} here.", "status": ["draft"]}', "is not one of"),
        ('{"type": "mug", "text": "A {product} here.", "note": 1}', 'unknown key "note"'),
        ('{"type": "mug", "text": "A mug on a table"}', "exactly once"),
        (json.dumps({"type": "mug", "text": "x" * 10_001}), "at most 10,000 are read"),
    ],
)
def test_a_bad_line_is_refused_with_its_reason(line: str, part: str) -> None:
    with pytest.raises(PromptRefused, match=part):
        read_line(line)


def test_a_line_gives_type_text_and_status() -> None:
    line = read_line('{"type": "Phone_Case", "text": "A  {product} here.", "status": "rejected"}')
    assert line == ("phone case", "A {product} here.", "rejected")
    assert read_line('{"type": "mug", "text": "A {product} here."}').status is None


def test_lines_keep_their_numbers_past_blank_ones() -> None:
    assert list(numbered_lines(["\ufeff{1}\n", "\n", "  \r\n", "{2}\r\n"])) == [(1, "{1}"), (4, "{2}")]


def test_the_shipped_bank_holds_what_it_promises() -> None:
    """At least 20 everyday types, at least 40 prompts each, all by the rule, none twice."""
    lines = [
        read_line(text) for path in shipped_files() for _, text in numbered_lines(path.read_text("utf-8").splitlines())
    ]
    by_type = Counter(line.type_name for line in lines)
    assert len(by_type) >= 20
    assert min(by_type.values()) >= 40, by_type
    twice = [key for key, n in Counter((line.type_name, same_text(line.text)) for line in lines).items() if n > 1]
    assert twice == []
    assert {line.status for line in lines} <= {None, "approved"}


def test_the_shipped_bank_has_glasses_for_dreambooths_pink_ones() -> None:
    """Eyewear comes as a pair: each scene says so, as those of sunglasses do."""
    lines = {path.stem: path.read_text("utf-8").splitlines() for path in shipped_files()}
    glasses = [read_line(line).text for line in lines["glasses"]]
    assert len(glasses) == 42
    assert all("a pair of {product}" in text.lower() for text in glasses)
    assert not {same_text(text) for text in glasses} & {same_text(read_line(line).text) for line in lines["sunglasses"]}
