#!/usr/bin/env python
"""Run a Django command: the one place that puts `platform/` on the import path."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    # At the end: nothing in the house may ever win over the standard library's `platform`.
    for root in (HERE, HERE / "platform"):
        if str(root) not in sys.path:
            sys.path.append(str(root))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrine.settings")
    from django.core.management import execute_from_command_line

    from vitrine.env import settings_or_exit

    settings_or_exit()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
