"""The worked examples of docs/extending.md run as they stand there, one after another, in a folder of their own."""

import re
from pathlib import Path
from typing import Any

from ranking.learning import rankers

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
TOPICS = ("A stage", "A checkpoint", "A metric", "A ranker")


def blocks() -> list[tuple[str, str, int]]:
    """(heading, code, line of the page that it begins on)."""
    found, text = [], PAGE.read_text(encoding="utf-8")
    for match in re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S):
        before = text[: match.start(1)]
        heading = re.findall(r"^## (.+)$", before, re.M)[-1]
        found.append((heading, match[1], before.count("\n")))
    return found


def test_each_part_has_an_example_that_claims_something() -> None:
    assert tuple(heading for heading, _, _ in blocks()) == TOPICS
    assert all(code.count("assert ") >= 2 for _, code, _ in blocks())


def test_the_examples_run(tmp_path: Path) -> None:
    names: dict[str, Any] = {"folder": tmp_path, "__name__": "extending"}
    before = dict(rankers.RECIPES)
    for _, code, line in blocks():
        # Blank lines in front: an error then names the line of the page.
        exec(compile("\n" * line + code, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    assert before == rankers.RECIPES, "an example leaves nothing behind"


def test_what_the_page_names_is_there() -> None:
    root = PAGE.parents[1]
    for path in re.findall(r"`((?:generation|ranking|tests)/[\w/]+\.py)`", PAGE.read_text(encoding="utf-8")):
        assert (root / path).exists(), path
