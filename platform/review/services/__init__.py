"""What changes rows of review."""
