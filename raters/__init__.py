"""Campaigns, questions, assignments, ratings and verdicts: what people say about the candidates."""
