"""How sure a figure is: intervals that respect products, paired comparisons, planning. Numbers in and out; no Django.

`rates` and `student` need nothing but Python, as pages use them; the others need numpy and are for workers.
"""
