"""What changes the tables of rating. Each refusal is an exception of `raters.exceptions` with one plain sentence.

`people` who rates; `questions` sets of questions; `campaigns` their states and settings; `tasks` which images they
hold; `gold` items with expected answers; `rating` what a rater does, `passing` with images that they do not rate;
`verdicts` what ratings amount to. Handing out is `raters.leasing`. Locks are always taken in this order: the rater's
row in the campaign, the task, the assignment.
"""
