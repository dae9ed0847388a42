"""Imports: trees of files, readers of layouts, and the runner that takes rows over and reports what it refused."""
