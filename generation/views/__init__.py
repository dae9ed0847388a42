"""The pages of the generation room, by noun."""
