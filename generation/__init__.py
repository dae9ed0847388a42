"""The pipeline from photos to measured candidates: augment, fine-tune, generate, measure, select."""
