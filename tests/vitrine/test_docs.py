"""What the documentation says is so: every setting has its row, every link and command leads somewhere."""

import argparse
import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from vitrine import __version__

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SETTINGS = (ROOT / "platform" / "vitrine" / "settings.py").read_text()


def rows() -> dict[str, str]:
    """The settings table of docs/operators.md: default by name."""
    text = (ROOT / "docs" / "operators.md").read_text().split("## Settings")[1].split("\n## ")[0]
    found = re.findall(r"^\| `(\w+)` \|([^|]*)\|", text, re.M)
    assert len(found) == len({name for name, _ in found})
    return {name: default.strip() for name, default in found}


def test_every_setting_has_its_row_and_every_row_its_setting() -> None:
    asked = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', SETTINGS))
    assert asked == set(rows())


def test_numbers_in_the_table_are_the_defaults() -> None:
    read = dict(re.findall(r'env\.integer\("(\w+)", ([\d_]+)', SETTINGS))
    assert len(read) > 8
    for name, default in read.items():
        if name != "PORT":
            assert rows()[name] == f"`{default.replace('_', '')}`", name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_there(page: Path) -> None:
    text = page.read_text()
    commands = {path.stem for path in ROOT.glob("platform/*/management/commands/*.py")}
    commands |= {path.stem for path in ROOT.glob("*/management/commands/*.py")}
    commands |= {"migrate", "collectstatic", "check", "makemigrations", "shell", "test"}
    for name in re.findall(r"manage\.py ([a-z_]+)", text):
        assert name in commands, name
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for name in re.findall(r"`make ([a-z-]+)|^    make ([a-z-]+)", text, re.M):
        assert (name[0] or name[1]) in targets, name
    for path in re.findall(r"benchmarks/\w+\.py", text):
        assert (ROOT / path).exists(), path


def told(page: Path) -> list[list[str]]:
    """The words of each call of manage.py on a page: up to two spaces, a comment, a redirection, or its end.

    Square brackets round what may be left out are dropped.
    """
    found = re.findall(r"manage\.py ((?:(?!  |#|[`|<>(]|…|\.\s|, ).)+)", page.read_text())
    return [words for call in found if (words := re.sub(r"[][]", " ", call).split()) and words[0] in get_commands()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_take_what_they_are_told_to(page: Path) -> None:
    """Their sub-commands and options are there, as far as a page names them."""
    for name, *words in told(page):
        app = get_commands()[name]
        command = load_command_class(app, name) if isinstance(app, str) else app
        parser: argparse.ArgumentParser = command.create_parser("manage.py", name)
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction) and words:
                assert words[0] in action.choices, f"manage.py {name} {words[0]}"
                parser = action.choices[words[0]]
        options = set(parser._option_string_actions)
        for word in words:
            assert not word.startswith("--") or word in options, f"manage.py {name} {' '.join(words)}"


def test_pages_tell_many_commands_and_options() -> None:
    """So that `told`, where it understood nothing of a page any more, would be noticed."""
    calls = [call for page in PAGES for call in told(page)]
    assert len(calls) > 60
    assert sum(word.startswith("--") for call in calls for word in call) > 40


def test_the_readmes_tree_names_every_folder() -> None:
    tree = (ROOT / "README.md").read_text().split("## The house")[1].split("\n## ")[0]
    folders = [path.name for path in (*ROOT.iterdir(), *(ROOT / "platform").iterdir()) if path.is_dir()]
    for name in folders:
        if not name.startswith((".", "__")) and name not in ("var", "node_modules", "dist"):
            assert f"{name}/" in tree, name


def test_the_changelog_has_this_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
