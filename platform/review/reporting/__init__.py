"""Frozen reports: `contents` collects one as a `document`, `page` writes it as HTML and `paper` as PDF."""
