"""The learned ranker: features, labels, training, the gate, promotion, and what to rate next."""
