"""Review for programs: every table as JSON and as files, comparisons, studies and reports, by the pages' own functions.

All calls that are about images take the filters that the page takes, as parameters of the address or as its query.
"""
