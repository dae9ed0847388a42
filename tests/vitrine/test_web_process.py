"""A web process never loads what computes: it starts fast, stays small, and never touches the GPU."""

import subprocess
import sys

HEAVY = ("torch", "diffusers", "transformers", "peft", "open_clip", "scipy", "lightgbm")
WEB = f"""
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "vitrine.settings"
import vitrine.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
get_resolver().reverse_dict
print(sorted(set({HEAVY}) & set(sys.modules)))
"""


def test_all_pages_are_there_without_torch() -> None:
    said = subprocess.run([sys.executable, "-c", WEB], capture_output=True, text=True, check=True)
    assert said.stdout.strip().endswith("[]")
