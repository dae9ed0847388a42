"""What the catalogue tells whoever listens; it knows no other room."""

from django.dispatch import Signal

# Sent with `run`, an ImportRun that is committed and wants to be run in the background.
import_requested = Signal()
