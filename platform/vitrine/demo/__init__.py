"""The demonstration: what `make demo` fills, the show of the whole loop that runs behind it, and the tour.

Nothing here runs in production: `settings.DEMO` is set by `manage.py demo` for the processes that it starts.
"""
