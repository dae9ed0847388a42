"""What may be done in the generation room; pages, API and commands all come through here."""
