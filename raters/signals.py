"""What other rooms may listen to; each is sent after the transaction that it tells of has been committed."""

from django.dispatch import Signal

# task: int, campaign: int, outcome: str. A task's verdict became final, or a final one changed.
verdict_made = Signal()
# campaign: int, state: str.
campaign_moved = Signal()
# campaign: int, by: User | None. Somebody wants its figures computed.
figures_wanted = Signal()
