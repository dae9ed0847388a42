"""XMP: well-formed whatever the prompt holds, read back from the PNG, the same bytes for the same image."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from generation.provenance import IPTC, OURS, Origin, xmp
from tests.factories.pipeline import files_in

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def said(packet: bytes) -> dict[str, str]:
    description = ElementTree.fromstring(packet.decode()).find(".//{*}Description")  # noqa: S314 - our own packet
    assert description is not None
    return {child.tag: child.text or "" for child in description}


@pytest.mark.parametrize(
    ("keeps", "kind"),
    [(False, "trainedAlgorithmicMedia"), (True, "compositeWithTrainedAlgorithmicMedia")],
    ids=["made", "composite"],
)
def test_it_is_named_ai_made(keeps: bool, kind: str) -> None:
    values = said(xmp(Origin("a mug", 7, "generate", keeps_pixels=keeps)))
    assert values[f"{{{IPTC}}}DigitalSourceType"] == SOURCE + kind
    assert values[f"{{{IPTC}}}AIPromptInformation"] == "a mug"
    assert values[f"{{{OURS}}}Seed"] == "7"


@pytest.mark.parametrize(
    "prompt",
    ["a <b> & c ]]> mug", "eine Tasse für Käse ☕", "control \x00\x1b letters", "half \ud800 letter", "\ufffe"],
    ids=["markup", "unicode", "control", "half a letter", "no letter"],
)
def test_any_prompt_makes_a_packet_that_can_be_read(prompt: str) -> None:
    told = said(xmp(Origin(prompt, 1, "generate"))).get(f"{{{IPTC}}}AIPromptInformation", "")
    kept = "".join(c for c in prompt if c >= " " and c not in "\ud800\ufffe")
    assert told == kept


def test_what_is_known_is_told_and_the_rest_left_out() -> None:
    full = Origin("a mug", 1, "generate", False, "blurred", "sd15", "paper", "run 4")
    values = said(xmp(full))
    assert values[f"{{{IPTC}}}AISystemUsed"] == "sd15"
    assert values[f"{{{IPTC}}}AIPromptInformation"] == "a mug (without: blurred)"
    assert (values[f"{{{OURS}}}Method"], values[f"{{{OURS}}}Run"]) == ("paper", "run 4")
    assert f"{{{OURS}}}Method" not in said(xmp(Origin("a mug", 1, "generate")))


def test_a_png_carries_it_and_is_the_same_file_each_time(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    image = Image.new("RGB", (8, 8), "red")
    packet = xmp(Origin("eine Tasse ☕", 1, "generate"))
    picture = files.put_picture(image, xmp=packet)
    assert files.put_picture(image, xmp=xmp(Origin("eine Tasse ☕", 1, "generate"))) == picture
    assert files.put_picture(image, xmp=xmp(Origin("eine Tasse ☕", 2, "generate"))) != picture
    with Image.open(tmp_path / picture.key) as opened:
        assert opened.info["XML:com.adobe.xmp"].encode() == packet
