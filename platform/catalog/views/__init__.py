"""The catalogue's pages, a file for each noun."""
