"""What a file is, told by its first bytes and never by its name."""

import re

# What Pillow may open at all: its other decoders are never reached. JPEG opens MPO as well, which many phones write.
ACCEPTED = ("JPEG", "PNG", "WEBP")
_CONVERT = "Export it as JPEG, PNG or WebP."
# The brand in an ISO media file's first box, by what people call it.
_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"avif": "AVIF"}
_BRANDS |= {b"avis": "AVIF", b"isom": "MP4 video", b"mp42": "MP4 video", b"qt  ": "QuickTime video"}
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "zip archive"),
    (b"\x1f\x8b", "gzip archive"),
    (b"8BPS", "Photoshop"),
    (b"\x00\x00\x01\x00", "icon"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
)
_MARKUP = ((re.compile(rb"<svg[\s>]", re.I), "SVG"), (re.compile(rb"<!doctype html|<html|<script|<body", re.I), "HTML"))


def kind_of(head: bytes) -> str:
    """The name of the type of a file from its first kilobyte: "JPEG", "PNG", "WebP", "HEIC", "SVG", … or "unknown"."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video")
    return _text_kind(head)


def refusal_of(kind: str) -> str | None:
    """Why a file of this kind is no photo here, as the end of a sentence; None for the kinds that are taken."""
    if kind in {"JPEG", "PNG", "WebP"}:
        return None
    if kind == "unknown":
        return f"is not a photo: its content is of no known image type. {_CONVERT}"
    if kind == "HEIC":
        return (
            "is a HEIC photo, which is not taken. Export it as JPEG (on an iPhone: Settings, Camera, "
            "Formats, Most Compatible)."
        )
    article = "an" if kind[0] in "AEIOUaeiou" or kind in {"MP4 video", "SVG", "HTML", "XML"} else "a"
    return f"is {article} {kind} file, whatever its name says. {_CONVERT}"


def _text_kind(head: bytes) -> str:
    for pattern, kind in _MARKUP:
        if pattern.search(head):
            return kind
    if head.lstrip().startswith(b"<?xml"):
        return "XML"
    try:
        text = head.decode("utf-8", errors="ignore" if len(head) >= 1000 else "strict")
    except UnicodeDecodeError:
        return "unknown"
    return "text" if head and all(char.isprintable() or char.isspace() for char in text) else "unknown"
