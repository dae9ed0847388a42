"""The option `--device` of benchmarks: what is not there is said in one sentence, before anything is measured."""

import argparse

from generation.exceptions import NotPossible


def device(text: str) -> str:
    """The device of that name, `auto` for the best there is. Raises ArgumentTypeError where this machine has none."""
    if text == "cpu":
        return text  # without torch, which takes seconds
    from generation.checkpoints.devices import choose_device  # noqa: PLC0415

    try:
        return str(choose_device(text))
    except NotPossible as refusal:
        raise argparse.ArgumentTypeError(f"no GPU: {refusal}") from None
