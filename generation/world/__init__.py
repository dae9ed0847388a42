"""A rendered world with exact ground truth: products, places and light from a seed. For demo, training, tests and benchmarks."""
