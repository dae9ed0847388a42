"""Keeps what figures are counted from in step with verdicts: noted with each verdict, counted soon after, checkable."""
