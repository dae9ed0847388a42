"""A report as one HTML file: style, drawings and pictures are inside it, and there is no script."""

from django.template.loader import render_to_string

from review.plotting import tokens
from review.reporting.document import Document

COLOURS = ("ground", "surface", "raised", "line", "text", "muted", "accent", "good", "bad")


def written(document: Document) -> bytes:
    """The file's bytes. It opens from a disk without a network, in light and dark, and prints."""
    light, dark = tokens("light"), tokens("dark")
    colours = [(name, light[f"--{name}"], dark[f"--{name}"]) for name in COLOURS]
    return render_to_string("review/report_file.html", {"document": document, "colours": colours}).encode()
