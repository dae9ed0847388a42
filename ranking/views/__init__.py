"""The pages of ranking: rankers, trainings, what to rate next, and what stands on others' pages."""
