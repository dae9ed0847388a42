"""The design system keeps its promises: contrast in both schemes, no inline script or style, files vendored."""

import re
from itertools import product
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "platform/vitrine/static"
CSS = (STATIC / "vitrine/vitrine.css").read_text(encoding="utf-8")
TOKENS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", CSS)
}
SCHEMES = ("light", "dark")
GROUNDS = ("ground", "surface", "raised")
# WCAG 2.2 AA: 4.5 for text, 3 for the borders of controls and for the focus ring.
TEXT = [
    *product(("text", "muted", "accent", "accent-strong", "bad"), GROUNDS),
    *((tone, f"{tone}-soft") for tone in ("good", "warn", "bad", "accent")),
    ("accent-strong", "accent-soft"),
    ("text", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
]
OUTLINES = list(product(("edge", "focus", "accent"), GROUNDS))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it, from "#rrggbb"."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_gives_the_known_values() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_can_be_read(front: str, back: str, scheme: str) -> None:
    assert contrast(TOKENS[front][scheme], TOKENS[back][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("front", "back"), OUTLINES)
def test_what_can_be_operated_can_be_seen(front: str, back: str, scheme: str) -> None:
    assert contrast(TOKENS[front][scheme], TOKENS[back][scheme]) >= 3


@pytest.mark.parametrize("sheet", sorted(STATIC.glob("vitrine/*.css")), ids=lambda sheet: sheet.name)
def test_colours_stand_in_tokens_only(sheet: Path) -> None:
    rules = sheet.read_text(encoding="utf-8").split("--font:")[-1]
    assert not re.findall(r"#[0-9a-f]{3,8}\b", rules), "Use a token of vitrine.css, which has a dark side too."
    # axe looks at the dark side of a page with its rules about colours: see tests/browser/test_accessibility.py.
    assert not re.findall(r"prefers-color-scheme|light-dark", rules), "A scheme changes the tokens, and nothing else."


@pytest.mark.parametrize("sheet", sorted(STATIC.glob("vitrine/*.css")), ids=lambda sheet: sheet.name)
def test_every_token_that_is_used_exists(sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8")
    known = set(re.findall(r"(--[\w-]+)\s*:", CSS + text))
    assert set(re.findall(r"var\((--[\w-]+)", text)) <= known


TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OF_THEIR_OWN = {"review/report_file.html"}  # files that are read away from the site, and so bring their own style


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_hold_no_inline_script_or_style(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    if str(template.relative_to(ROOT / "templates")) in OF_THEIR_OWN:
        text = text.replace("<style>", "", 1)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|hx-on|javascript:", text)


@pytest.mark.parametrize(
    "template", [path for path in TEMPLATES if path.name.startswith("_")], ids=lambda path: path.name
)
def test_a_fragment_tells_its_variables_in_a_comment_on_top(template: Path) -> None:
    assert template.read_text(encoding="utf-8").lstrip().startswith(("{#", "{% comment"))


def test_vendored_files_carry_version_and_licence() -> None:
    for folder in (*(STATIC / "vendor").iterdir(), *(ROOT / "tests/browser/vendor").iterdir()):
        assert re.search(r"-\d+\.\d+\.\d+$", folder.name), f"{folder.name} does not say its version"
        assert (folder / "LICENSE").exists(), f"{folder.name} has no licence beside it"
