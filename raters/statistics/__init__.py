"""What the answers of many raters say, and how far they may be trusted: figures over columns of numbers, no Django."""
