"""What the catalogue tells whoever listens; it knows no other room."""

from django.dispatch import Signal

# Sent with `run`, an ImportRun to be run in the background, in the transaction that makes its row.
import_requested = Signal()
