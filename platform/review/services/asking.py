"""What comparisons, reports and studies that are asked for have in common."""

from review.exceptions import TooLong
from review.models.asked import LONGEST_QUERY


def fitting(query: str) -> str:
    """The query that is kept. Raises TooLong: what an address says in few letters can take many, nine a Chinese one."""
    if len(query) > LONGEST_QUERY:
        raise TooLong(
            f"These filters take {len(query):,} characters of an address, and {LONGEST_QUERY:,} are kept: choose by"
            " fewer of them, or by shorter names."
        )
    return query
