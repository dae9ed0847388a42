"""What a frozen report's template needs."""

import base64

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def data_uri(data: bytes) -> str:
    """A WebP picture as an address that holds the picture itself."""
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"


@register.filter
def drawing(svg: str) -> SafeString:
    """An SVG that vl-convert has drawn; it escapes the text that it writes into one."""
    return mark_safe(svg)  # noqa: S308 - drawn here, from a specification of ours


@register.filter
def kilobytes(size: int) -> str:
    """A file's size in the unit that keeps it readable."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} KB"
