"""What is read of the catalogue, by noun."""
