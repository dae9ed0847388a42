"""Seeds by name, never by order or time: what is made anew, or in other batches, is made the same."""

import hashlib


def seed_for(run: int, stage: str, item: str) -> int:
    """The seed of one image of one stage in a run with that seed; 0 to 2^31 - 1."""
    digest = hashlib.sha256(f"{run}\x1f{stage}\x1f{item}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
