"""The registry of licences."""

import pytest

from generation.checkpoints.licences import LICENCES, licence_of

COMMERCE = {
    "Apache-2.0": (True, ""),
    "MIT": (True, ""),
    "CreativeML-OpenRAIL-M": (True, ""),
    "CreativeML-OpenRAIL++-M": (True, ""),
    "Stability-Community": (True, "up to 1 M USD"),
    "LTXV-Open-Weights": (True, "up to 10 M USD"),
    "LTX-2-Community": (True, "up to 10 M USD"),
    "Krea-2-Community": (True, "up to 1 M USD"),
    "FLUX-Non-Commercial": (False, ""),
    "Qwen-Research": (False, ""),
    "CC-BY-NC-4.0": (False, ""),
}


@pytest.mark.parametrize("name", COMMERCE)
def test_whether_it_allows_commerce(name: str) -> None:
    allowed, limit = COMMERCE[name]
    licence = LICENCES[name]
    assert licence.commercial == allowed
    assert limit in licence.limit
    assert bool(limit) == bool(licence.limit)


@pytest.mark.parametrize("licence", LICENCES.values(), ids=lambda licence: licence.name)
def test_each_says_what_it_is_and_where_to_read_it(licence: object) -> None:
    text, source, limit = (getattr(licence, name) for name in ("text", "source", "limit"))
    assert text.endswith(".")
    assert source
    assert "://" not in text + source, "addresses age"
    assert not limit or getattr(licence, "commercial"), "what is forbidden has no limit"  # noqa: B009


def test_a_licence_that_only_the_operator_knows() -> None:
    assert licence_of("Ours") is None
    assert licence_of("MIT") is LICENCES["MIT"]
