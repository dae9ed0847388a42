"""A rendered world with exact ground truth: products, places and light from seeds, for training, tests, demo."""
