"""What changes the catalogue's rows; each rule that spans rows (counts, covers) lives here once."""
