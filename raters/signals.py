"""What other rooms may listen to; all but `verdicts_changed` are sent after the transaction that they tell of."""

from django.dispatch import Signal

# task: int, campaign: int, outcome: str. A task's verdict became final, or a final one changed.
verdict_made = Signal()
# tasks: list[int]. Verdicts were written, final or not, or removed. Sent inside the transaction that does it, so that
# what a receiver writes stands or falls with them; a receiver that raises undoes them.
verdicts_changed = Signal()
# campaign: int, state: str.
campaign_moved = Signal()
# row: int, by: User | None. A file of ratings is to be looked through, or taken.
ratings_import_wanted = Signal()
# campaign: int, by: User | None. Somebody wants its figures computed.
figures_wanted = Signal()
