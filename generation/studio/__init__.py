"""Studio scenes drawn by code: the bank of backgrounds that comes with Vitrine (`python -m generation.studio`)."""
