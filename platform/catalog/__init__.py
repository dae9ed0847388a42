"""Products, photos, product types, the prompt bank, and the importers that fill them."""
