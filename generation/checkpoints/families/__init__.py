"""Image generators, one file a family; `load_backbone` and `load_inpainter` of each are found by the family's name."""
