"""The real `manage.py demo`, in processes of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

from vitrine.management.commands.up import free_port

ROOT = Path(__file__).parents[2]
READY = "Ctrl-C stops everything"


def start_demo(
    data: Path, *arguments: str, port_from: int, **variables: str
) -> tuple["subprocess.Popen[str]", str, str]:
    """Start it on that data folder and wait until it is ready: the process, its address, what it said.

    Its port is of its own, above `port_from`: another test's demonstration may start at the same moment.
    """
    own = {"VITRINE_DATA_DIR": str(data), "DATABASE_URL": "", "CELERY_BROKER_URL": ""}
    port = str(free_port("127.0.0.1", port_from, chosen=False))
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=ROOT, env={**os.environ, **own, "VITRINE_PORT": port, **variables},
        stdout=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip
    assert process.stdout
    said = ""
    while READY not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    found = re.search(r"http://\S+/", said)
    assert found
    return process, found[0], said
