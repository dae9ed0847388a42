"""What a made image says of itself: an XMP packet that names it AI-made or composed, with prompt, seed and models.

By the IPTC Photo Metadata Standard 2025.1: the digital source type that search engines and platforms read, and the
properties for generative AI. No dates: the same image is the same file, bit by bit.
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape

COMPOSED, DRAWN = "compositeCapture", "compositeSynthetic"  # of photos alone; with a scene that code has drawn
MADE = "trainedAlgorithmicMedia"
COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
OURS = "http://ns.vitrine.invalid/1.0/"  # a name, not an address
_XMP = "http://ns.adobe.com/xap/1.0/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@dataclass(frozen=True)
class Origin:
    """How an image came to be. `keeps_pixels`: part of it is a real photo's pixels.

    `source_type` is given for what no model has drawn: `COMPOSED` or `DRAWN`.
    """

    prompt: str
    seed: int
    stage: str
    keeps_pixels: bool = False
    negative_prompt: str = ""
    model_set: str = ""
    method: str = ""
    run: str = ""
    source_type: str = ""
    background: str = ""


def xmp(origin: Origin) -> bytes:
    """The packet for `Files.put_picture`; what is empty is left out."""
    excluded = f" (without: {origin.negative_prompt})" if origin.negative_prompt else ""
    by_model = not origin.source_type
    source = origin.source_type or (COMPOSITE if origin.keeps_pixels else MADE)
    properties = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + source,
        "Iptc4xmpExt:AISystemUsed": origin.model_set if by_model else "",
        "Iptc4xmpExt:AIPromptInformation": origin.prompt + excluded if by_model else "",
        "vitrine:Background": origin.background,
        "xmp:CreatorTool": "Vitrine",
        "vitrine:Stage": origin.stage,
        "vitrine:Seed": str(origin.seed),
        "vitrine:Method": origin.method,
        "vitrine:Run": origin.run,
    }
    lines = "".join(f"<{name}>{escape(_printable(value))}</{name}>\n" for name, value in properties.items() if value)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">\n'
        f'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{IPTC}" xmlns:xmp="{_XMP}" xmlns:vitrine="{OURS}">\n'
        f"{lines}</rdf:Description></rdf:RDF></x:xmpmeta>\n"
        '<?xpacket end="r"?>'
    ).encode()


def _printable(text: str) -> str:
    # XML 1.0 has no way to write control characters, half surrogates, or the two last of the plane.
    return "".join(
        letter for letter in text if (letter >= " " or letter in "\t\n") and not "\ud800" <= letter <= "\udfff"
        and letter not in "\ufffe\uffff"
    )  # fmt: skip
