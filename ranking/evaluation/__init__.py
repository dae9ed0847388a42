"""Whether a ranker is any good, and what to do next: splits, figures, the gate, drift, choosing, picking. No Django."""
