"""Checkpoints of the real classes with seeded random weights, as small as these allow, in the hub's layout."""
