"""Photos: checked by content before anything is kept, normalised, stored by the hash of what is kept."""
