"""How django-unfold's admin looks: our name, our mark and the colours of vitrine.css in the scales it wants."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Vitrine",
    "SITE_HEADER": "Vitrine",
    "SITE_SUBHEADER": "For operators",
    "SITE_URL": reverse_lazy("home"),
    "SITE_ICON": lambda _request: static("vitrine/icon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("vitrine/icon.svg")}],
    "BORDER_RADIUS": "8px",
    "COLORS": {
        # from --ground and --line to --text
        "base": {
            "50": "#faf9f6",
            "100": "#f5f3ee",
            "200": "#e6e2da",
            "300": "#d3cec4",
            "400": "#a3a099",
            "500": "#696b6c",
            "600": "#52575a",
            "700": "#3d4246",
            "800": "#272b2f",
            "900": "#1d2023",
            "950": "#141618",
        },
        # around --accent
        "primary": {
            "50": "#eff7f6",
            "100": "#e2efed",
            "200": "#c3dfdb",
            "300": "#9acbc4",
            "400": "#6cc3ba",
            "500": "#2f8078",
            "600": "#1f5c57",
            "700": "#1a4d49",
            "800": "#173f3c",
            "900": "#20383a",
            "950": "#0f1f1e",
        },
    },
}
