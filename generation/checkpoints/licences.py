"""The licences that checkpoints come under, in short, and whether a seller may use what they make.

No legal advice: each text says what was read in the licence, and whoever runs Vitrine commercially reads it whole.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Licence:
    """One licence. `limit` is how far commercial use is free of charge, empty where it always is, or never allowed."""

    name: str
    commercial: bool
    text: str
    source: str  # where its wording is found, without an address that would age
    limit: str = ""


_LICENCES = (
    Licence(
        "Apache-2.0", True,
        "Use, change and sell; keep the notices; patents are granted.",
        "the Apache Software Foundation's text, in the repository's LICENSE",
    ),
    Licence("MIT", True, "Use, change and sell; keep the notice.", "the text in the code's repository"),
    Licence("BSD-3-Clause", True, "Use, change and sell; keep the notice; no endorsement.", "the repository's text"),
    Licence(
        "CreativeML-OpenRAIL-M", True,
        "Use and sell what it makes; its list of harmful uses is forbidden, and the list goes on to whoever gets the"
        " model or a derivative such as an adapter.",
        "the model card of Stable Diffusion 1.x",
    ),
    Licence(
        "CreativeML-OpenRAIL++-M", True,
        "As CreativeML-OpenRAIL-M, without the duty to follow later versions of the model.",
        "the model card of Stable Diffusion XL 1.0",
    ),
    Licence(
        "Stability-Community", True,
        "Free for research and for companies below a yearly revenue; above it Stability AI sells a licence; commercial"
        " users register.",
        "Stability AI's Community License Agreement, in the repository's LICENSE",
        "up to 1 M USD of revenue a year",
    ),
    Licence(
        "LTX-2-Community", True,
        "Free below a yearly revenue; above it Lightricks sells a licence; the list of forbidden uses goes along.",
        "the LTX-2 Community License Agreement, in the repository's LICENSE",
        "up to 10 M USD of revenue a year",
    ),
    Licence(
        "LTXV-Open-Weights", True,
        "Free below a yearly revenue; above it Lightricks sells a licence; the list of forbidden uses goes along.",
        "the LTX-Video Open Weights License, in the repository's LICENSE",
        "up to 10 M USD of revenue a year",
    ),
    Licence(
        "Krea-2-Community", True,
        "Free below a yearly revenue; above it Krea sells a licence.",
        "the licence in the model's repository",
        "up to 1 M USD of revenue a year",
    ),
    Licence(
        "DINOv3", True,
        "Use and sell under Meta's own terms, once accepted on the hub; military uses and weapons are forbidden.",
        "the DINOv3 License Agreement, in the repository's LICENSE",
    ),
    Licence(
        "SAM-License", True,
        "Use and sell under Meta's own terms, once accepted on the hub; military uses and weapons are forbidden.",
        "the SAM License of SAM 3, in the repository's LICENSE",
    ),
    Licence(
        "FLUX-Non-Commercial", False,
        "Research and tests only (klein 9B, FLUX.2-dev, FLUX.1-dev, Fill, Kontext); the model may not be used in"
        " business; Black Forest Labs sells a licence.",
        "the FLUX Non-Commercial License, in the repository's LICENSE",
    ),
    Licence(
        "Qwen-Research", False, "Research only; Alibaba Cloud sells a licence.",
        "the Qwen Research License Agreement, in the repository's LICENSE",
    ),
    Licence(
        "CC-BY-NC-4.0", False, "Any use but commercial, with the author named.", "Creative Commons' legal code",
    ),
)  # fmt: skip
LICENCES: dict[str, Licence] = {licence.name: licence for licence in _LICENCES}


def licence_of(name: str) -> Licence | None:
    """The registered licence of that name, None for one that only an operator knows."""
    return LICENCES.get(name)
