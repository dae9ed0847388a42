"""Adds up images that no sums are kept for: few by the database, many from blocks. Both give the same numbers."""
