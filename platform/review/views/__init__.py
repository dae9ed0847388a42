"""The pages of review, by noun."""
