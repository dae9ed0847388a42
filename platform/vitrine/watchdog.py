"""Ends process groups when the supervisor that started them has died without ending them itself.

A program of its own, run by `vitrine.supervisor` with a pipe as its standard input: it reads one group id a line, and
"done" when all of them have ended. The pipe closes when the supervisor dies, even by SIGKILL.
"""

import os
import signal
import sys
import time


def end_groups(groups: list[int], grace: float) -> None:
    """SIGTERM to every process of the groups; SIGKILL to what is left `grace` seconds later."""
    for group in groups:
        signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(signal_group(group, 0) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in groups:
        signal_group(group, signal.SIGKILL)


def signal_group(group: int, number: int) -> bool:
    """Whether the group still has a member; the signal 0 only asks."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    words = sys.stdin.read().split()
    if "done" not in words:
        end_groups([int(word) for word in words], grace=float(sys.argv[1]))


if __name__ == "__main__":
    main()
