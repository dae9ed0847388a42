"""Pretrained models behind small roles: what they can do, which sets there are, how they are loaded and kept warm."""
