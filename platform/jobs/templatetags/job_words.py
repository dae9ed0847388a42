"""Numbers of jobs in words that a person reads at a glance."""

from django import template

from jobs.selectors import MOST_COUNTED

register = template.Library()


@register.filter
def span(seconds: float) -> str:
    """A length of time by its two largest units: "42 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


@register.filter
def rate(per_second: float) -> str:
    """A speed with the unit that keeps it readable: "12.5 per second", "3.2 per minute", "0.8 per hour"."""
    for unit, factor in (("second", 1), ("minute", 60)):
        if per_second * factor >= 1:
            return f"{per_second * factor:.1f} per {unit}"
    return f"{per_second * 3600:.1f} per hour"


@register.filter
def counted(number: int) -> str:
    """A count that stops at the most that is counted: "10,000+"."""
    return f"{number:,}+" if number >= MOST_COUNTED else f"{number:,}"
